// SPDX-License-Identifier: MIT
// Userdata that is born closed: zeroed, metatable set, and only then given its resource by the caller.
#ifndef USHER_CLASS_H
#define USHER_CLASS_H

#include <lauxlib.h>
#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

// `name` is the type's name ("usher.timer"). `methods` may hold metamethods. `close` must be idempotent and
// do nothing on a zeroed userdata; it becomes `close`, `__gc` and `__close`. `is_open` answers for
// `__tostring`. Either may be NULL.
struct usher_class {
    const char *name;
    const luaL_Reg *methods;
    lua_CFunction close;
    bool (*is_open)(const void *userdata);
};

// Creates the class's metatable once per state. May raise. Stack: unchanged.
void usher_class_register(lua_State *L, const struct usher_class *class);

// Pushes a new zeroed userdata of the class with `user_values` user values. May raise.
void *usher_class_new(lua_State *L, const struct usher_class *class, size_t size, int user_values);

// The userdata at `index`, or raises a type error.
void *usher_class_check(lua_State *L, int index, const struct usher_class *class);

// A registry reference that is safe to clear twice. A zeroed struct is an empty slot.
struct usher_reference {
    int key; // 0 when empty: luaL_ref never returns 0 for a value
};

// Pops the value on top of the stack into the slot, releasing what it held. May raise.
void usher_reference_set(lua_State *L, struct usher_reference *reference);

// Pushes the value, or nil where the slot is empty.
void usher_reference_push(lua_State *L, const struct usher_reference *reference);

// Releases the slot. Does not allocate; harmless on an empty slot.
void usher_reference_clear(lua_State *L, struct usher_reference *reference);

#endif
