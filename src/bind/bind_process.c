// SPDX-License-Identifier: MIT
#include "failure.h"
#include "modules.h"
#include "process.h"

#include <lauxlib.h>
#include <unistd.h>

static int l_harden(lua_State *L) {
    enum usher_error error = usher_process_harden();
    if (error != USHER_ERROR_NONE)
        return usher_failure_push(L, error, NULL);
    lua_pushboolean(L, 1);
    return 1;
}

static int l_id(lua_State *L) {
    lua_pushinteger(L, getpid());
    return 1;
}

static const luaL_Reg functions[] = {{"harden", l_harden}, {"id", l_id}, {NULL, NULL}};

int usher_bind_process(lua_State *L) {
    luaL_newlib(L, functions);
    return 1;
}
