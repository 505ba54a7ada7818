// SPDX-License-Identifier: MIT
#include "clock.h"
#include "modules.h"

#include <lauxlib.h>

static int l_wall(lua_State *L) {
    lua_pushnumber(L, (lua_Number)usher_clock_wall_us() / 1e6);
    return 1;
}

static int l_boot(lua_State *L) {
    lua_pushnumber(L, (lua_Number)usher_clock_boot_us() / 1e6);
    return 1;
}

static const luaL_Reg functions[] = {{"wall", l_wall}, {"boot", l_boot}, {NULL, NULL}};

int usher_bind_clock(lua_State *L) {
    luaL_newlib(L, functions);
    return 1;
}
