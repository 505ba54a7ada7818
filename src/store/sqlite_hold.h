// SPDX-License-Identifier: MIT
// A store's file held for this process alone, whatever is in it: so that no gateway opens it while it is
// copied as it is, and replaced. Blocks.
#ifndef USHER_SQLITE_HOLD_H
#define USHER_SQLITE_HOLD_H

#include "sqlite_failure.h"

#include <stdint.h>

struct usher_sqlite_hold;

// STORE_LOCKED: another process, or another connection of this one, has the file.
enum usher_error usher_sqlite_hold_open(struct usher_sqlite_hold **out_hold, const char *path,
                                        struct usher_sqlite_failure *failure);

// Copies the file into a new one, mode 0600, durably. What the disk does not give is zeros there.
enum usher_error usher_sqlite_hold_copy(struct usher_sqlite_hold *hold, const char *path,
                                        struct usher_sqlite_failure *failure);

// Lets go. NULL is allowed.
void usher_sqlite_hold_close(struct usher_sqlite_hold *hold);

#endif
