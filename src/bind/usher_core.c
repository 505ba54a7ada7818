// SPDX-License-Identifier: MIT
// `require "usher.core"`: only registers.
#include "context.h"
#include "error.h"
#include "failure.h"
#include "modules.h"
#include "task.h"

#include <lauxlib.h>
#include <string.h>

#if LUA_VERSION_NUM != 504
#error "usher is for Lua 5.4"
#endif

static const luaL_Reg modules[] = {
#define USHER_MODULE_ENTRY(name) {#name, usher_bind_##name},
    USHER_MODULE_LIST(USHER_MODULE_ENTRY)
#undef USHER_MODULE_ENTRY
        {NULL, NULL}};

static int l_failure(lua_State *L) {
    const char *name = luaL_checkstring(L, 1);
    const char *message = luaL_optstring(L, 2, NULL);
    for (int error = 0; error < USHER_ERROR_COUNT; error++) {
        if (strcmp(name, usher_error_name((enum usher_error)error)) == 0) {
            usher_failure_push_table(L, (enum usher_error)error, message);
            return 1;
        }
    }
    return luaL_argerror(L, 1, "no such error code");
}

static void push_errors(lua_State *L) {
    lua_createtable(L, 0, USHER_ERROR_COUNT);
    for (int error = 0; error < USHER_ERROR_COUNT; error++) {
        usher_failure_push_table(L, (enum usher_error)error, NULL);
        lua_setfield(L, -2, usher_error_name((enum usher_error)error));
    }
}

__attribute__((visibility("default"))) int luaopen_usher_core(lua_State *L);

int luaopen_usher_core(lua_State *L) {
    luaL_checkversion(L);
    usher_context_get(L);
    usher_failure_register(L);
    usher_task_register(L);
    lua_newtable(L);
    for (const luaL_Reg *module = modules; module->name != NULL; module++) {
        module->func(L);
        lua_setfield(L, -2, module->name);
    }
    push_errors(L);
    lua_setfield(L, -2, "errors");
    lua_pushcfunction(L, l_failure);
    lua_setfield(L, -2, "failure");
    return 1;
}
