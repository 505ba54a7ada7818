// SPDX-License-Identifier: MIT
#include "buffer_box.h"

#include "class.h"

static int m_close(lua_State *L) {
    usher_buffer_deinit(lua_touserdata(L, 1));
    return 0;
}

static const luaL_Reg methods[] = {{NULL, NULL}};
static const struct usher_class buffer_class = {"usher.buffer", methods, m_close, NULL};

struct usher_buffer *usher_buffer_box_new(lua_State *L, size_t max_bytes) {
    usher_class_register(L, &buffer_class);
    struct usher_buffer *buffer = usher_class_new(L, &buffer_class, sizeof *buffer, 0);
    usher_buffer_init(buffer, max_bytes);
    return buffer;
}
