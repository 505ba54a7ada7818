// SPDX-License-Identifier: MIT
// A buffer that the collector frees: for C memory that must live while Lua calls may raise.
#ifndef USHER_BUFFER_BOX_H
#define USHER_BUFFER_BOX_H

#include "buffer.h"

#include <lua.h>

// Pushes an empty buffer, to be used and freed as any other; it is freed at the latest when its userdata is
// collected. May raise.
struct usher_buffer *usher_buffer_box_new(lua_State *L, size_t max_bytes);

#endif
