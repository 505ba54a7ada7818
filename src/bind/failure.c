// SPDX-License-Identifier: MIT
#include "failure.h"

#include <lauxlib.h>

#define METATABLE "usher.error"

static int failure_tostring(lua_State *L) {
    lua_settop(L, 1);
    lua_getfield(L, 1, "code");
    lua_getfield(L, 1, "message");
    const char *code = luaL_tolstring(L, 2, NULL);
    const char *message = luaL_tolstring(L, 3, NULL);
    lua_pushfstring(L, "%s: %s", code, message);
    return 1;
}

void usher_failure_register(lua_State *L) {
    if (luaL_newmetatable(L, METATABLE)) {
        lua_pushcfunction(L, failure_tostring);
        lua_setfield(L, -2, "__tostring");
    }
    lua_pop(L, 1);
}

void usher_failure_push_table(lua_State *L, enum usher_error error, const char *message) {
    lua_createtable(L, 0, 3);
    lua_pushstring(L, usher_error_name(error));
    lua_setfield(L, -2, "code");
    lua_pushstring(L, message != NULL ? message : usher_error_message(error));
    lua_setfield(L, -2, "message");
    lua_pushboolean(L, usher_error_is_retryable(error));
    lua_setfield(L, -2, "retryable");
    luaL_setmetatable(L, METATABLE);
}

int usher_failure_push(lua_State *L, enum usher_error error, const char *message) {
    lua_pushnil(L);
    usher_failure_push_table(L, error, message);
    return 2;
}
