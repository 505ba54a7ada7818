// SPDX-License-Identifier: MIT
// Expected failure towards Lua: nil and an error table {code, message, retryable}.
#ifndef USHER_FAILURE_H
#define USHER_FAILURE_H

#include "error.h"

#include <lua.h>

void usher_failure_register(lua_State *L);

// Pushes the error table. `message` NULL: the code's default. The table's metatable gives `__tostring`. May
// raise.
void usher_failure_push_table(lua_State *L, enum usher_error error, const char *message);

// Pushes nil and the error table; returns 2: `return usher_failure_push(L, error, NULL);`. May raise.
int usher_failure_push(lua_State *L, enum usher_error error, const char *message);

#endif
