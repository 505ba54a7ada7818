// SPDX-License-Identifier: MIT
// Counts allocations and fails those that were chosen, in every thread.
#ifndef USHER_ALLOCATION_COUNTER_H
#define USHER_ALLOCATION_COUNTER_H

#include <stdbool.h>
#include <stddef.h>

// Whose allocations; a set of them is a sum.
enum {
    ALLOCATION_LUA = 1,
    ALLOCATION_CORE = 2,
    ALLOCATION_UV = 4,
    ALLOCATION_CURL = 8,
    ALLOCATION_SQLITE = 16,
    ALLOCATION_OPENSSL = 32,
};

// From now on, of the allocations of `whose`, the `first`-th and those after it fail, `count` in all.
void allocation_arm(unsigned whose, long long first, long long count);

// No more of them. Whether any has failed.
bool allocation_disarm(void);

// Counts one, and tells whether it is to fail.
bool allocation_fails(unsigned whose);

// Blocks that the core holds.
long long allocation_live(void);

// The lua_Alloc of states whose allocations count.
void *allocation_for_lua(void *arg, void *block, size_t old_size, size_t new_size);

// Before any library has allocated. False: one of them refuses.
bool allocation_hook_libraries(void);

#endif
