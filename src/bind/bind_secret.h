// SPDX-License-Identifier: MIT
// How other bindings take an argument that may be a secret or a string.
#ifndef USHER_BIND_SECRET_H
#define USHER_BIND_SECRET_H

#include <lua.h>
#include <stddef.h>

// Borrows the bytes of the secret or string at `index`: they stay while the value is on the stack and no Lua
// code runs (it could close the secret), so there must be no allocation between this call and their use.
// Raises on another type and on a closed secret.
void usher_secret_argument(lua_State *L, int index, const char **out_bytes, size_t *out_length);

#endif
