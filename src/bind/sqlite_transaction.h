// SPDX-License-Identifier: MIT
// Transactions between Lua tables and the store's jobs.
#ifndef USHER_SQLITE_TRANSACTION_H
#define USHER_SQLITE_TRANSACTION_H

#include <lua.h>

struct usher_sqlite_job;

// Fills the job's empty steps from the list at `index` (an absolute one) of usher.core.sqlite.Step. Raises on
// what is none, and for want of memory; the job then holds a part, and is still the caller's to free.
void usher_sqlite_transaction_read(lua_State *L, int index, struct usher_sqlite_job *job);

// Pushes what the finished job came to, as Engine:transaction returns it; returns how many values. May raise.
int usher_sqlite_transaction_push(lua_State *L, const struct usher_sqlite_job *job);

#endif
