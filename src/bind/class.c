// SPDX-License-Identifier: MIT
#include "class.h"

#include <string.h>

static int class_tostring(lua_State *L) {
    const struct usher_class *class = lua_touserdata(L, lua_upvalueindex(1));
    const void *userdata = usher_class_check(L, 1, class);
    if (class->is_open == NULL || class->is_open(userdata))
        lua_pushfstring(L, "%s (%p)", class->name, userdata);
    else
        lua_pushfstring(L, "%s (closed)", class->name);
    return 1;
}

// Into the table of methods on top of the stack, or the metatable below it: nobody but Lua itself calls a
// metamethod of an object.
static void set_function(lua_State *L, const char *name, lua_CFunction function) {
    bool is_metamethod = name[0] == '_' && name[1] == '_';
    lua_pushcfunction(L, function);
    lua_setfield(L, is_metamethod ? -3 : -2, name);
}

static void set_closers(lua_State *L, lua_CFunction close) {
    static const char *const names[] = {"close", "__gc", "__close"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        set_function(L, names[i], close);
}

// lua_pushlightuserdata takes void *, the class is constant: the pointer is only ever read back as const.
static void push_class(lua_State *L, const struct usher_class *class) {
    union {
        const struct usher_class *constant;
        void *plain;
    } pointer = {class};
    lua_pushlightuserdata(L, pointer.plain);
}

void usher_class_register(lua_State *L, const struct usher_class *class) {
    if (luaL_newmetatable(L, class->name)) {
        push_class(L, class);
        lua_pushcclosure(L, class_tostring, 1);
        lua_setfield(L, -2, "__tostring");
        lua_pushliteral(L, "protected");
        lua_setfield(L, -2, "__metatable");
        lua_newtable(L);
        for (const luaL_Reg *method = class->methods; method->name != NULL; method++)
            set_function(L, method->name, method->func);
        if (class->close != NULL)
            set_closers(L, class->close);
        lua_setfield(L, -2, "__index");
    }
    lua_pop(L, 1);
}

void *usher_class_new(lua_State *L, const struct usher_class *class, size_t size, int user_values) {
    void *userdata = memset(lua_newuserdatauv(L, size, user_values), 0, size);
    luaL_setmetatable(L, class->name);
    return userdata;
}

void *usher_class_check(lua_State *L, int index, const struct usher_class *class) {
    return luaL_checkudata(L, index, class->name);
}

void usher_reference_set(lua_State *L, struct usher_reference *reference) {
    int key = luaL_ref(L, LUA_REGISTRYINDEX);
    usher_reference_clear(L, reference);
    reference->key = key;
}

void usher_reference_push(lua_State *L, const struct usher_reference *reference) {
    if (reference->key == 0)
        lua_pushnil(L);
    else
        lua_rawgeti(L, LUA_REGISTRYINDEX, reference->key);
}

void usher_reference_clear(lua_State *L, struct usher_reference *reference) {
    int key = reference->key;
    reference->key = 0;
    if (key != 0)
        luaL_unref(L, LUA_REGISTRYINDEX, key);
}
