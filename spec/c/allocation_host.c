// SPDX-License-Identifier: MIT
// A Lua interpreter with the core linked in, in which a chosen allocation fails: Lua's, the core's own (its
// calls of malloc and the like arrive here by the linker's --wrap), and those of libuv, libcurl, SQLite and
// OpenSSL, through the hooks that these offer. Runs `allocation_host SCRIPT ARGUMENTS...`; the script has the
// module `allocation`.
#include "allocation_counter.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdlib.h>

int luaopen_usher_core(lua_State *L);

static int l_arm(lua_State *L) {
    allocation_arm((unsigned)luaL_checkinteger(L, 1), luaL_checkinteger(L, 2), luaL_checkinteger(L, 3));
    return 0;
}

static int l_disarm(lua_State *L) {
    lua_pushboolean(L, allocation_disarm());
    return 1;
}

static int l_live(lua_State *L) {
    lua_pushinteger(L, allocation_live());
    return 1;
}

static int open_and_use(lua_State *L) {
    luaL_openlibs(L);
    luaL_requiref(L, "usher.core", luaopen_usher_core, 1);
    const char *code = lua_touserdata(L, 1);
    if (luaL_loadstring(L, code) != LUA_OK)
        return lua_error(L);
    lua_call(L, 0, 0);
    return 0;
}

// Runs a text in a state of its own, from its making to its close.
static int l_state(lua_State *L) {
    union {
        const char *constant;
        void *plain;
    } code = {luaL_checkstring(L, 1)};
    lua_State *other = lua_newstate(allocation_for_lua, NULL);
    if (other == NULL)
        return 0;
    lua_pushcfunction(other, open_and_use);
    lua_pushlightuserdata(other, code.plain);
    lua_pcall(other, 1, 0, 0);
    lua_close(other);
    return 0;
}

// Keeps a shared library to the end, so that a leak report can name it.
static int l_pin(lua_State *L) {
    lua_pushboolean(L, dlopen(luaL_checkstring(L, 1), RTLD_NOW | RTLD_NODELETE) != NULL);
    return 1;
}

static int open_allocation(lua_State *L) {
    static const luaL_Reg functions[] = {{"arm", l_arm},     {"disarm", l_disarm}, {"live", l_live},
                                         {"state", l_state}, {"pin", l_pin},       {NULL, NULL}};
    luaL_newlib(L, functions);
    return 1;
}

static int run(lua_State *L) {
    char **argv = lua_touserdata(L, 1);
    luaL_openlibs(L);
    luaL_requiref(L, "usher.core", luaopen_usher_core, 0);
    luaL_requiref(L, "allocation", open_allocation, 0);
    lua_settop(L, 0);
    if (luaL_loadfile(L, argv[1]) != LUA_OK)
        return lua_error(L);
    int count = 0;
    while (argv[2 + count] != NULL)
        lua_pushstring(L, argv[2 + count++]);
    lua_call(L, count, 0);
    return 0;
}

static int add_traceback(lua_State *L) {
    luaL_traceback(L, L, luaL_tolstring(L, 1, NULL), 1);
    return 1;
}

int main(int argc, char **argv) {
    if (argc < 2 || !allocation_hook_libraries())
        return EXIT_FAILURE;
    lua_State *L = lua_newstate(allocation_for_lua, NULL);
    lua_pushcfunction(L, add_traceback);
    lua_pushcfunction(L, run);
    lua_pushlightuserdata(L, argv);
    bool succeeded = lua_pcall(L, 1, 0, 1) == LUA_OK;
    if (!succeeded)
        fprintf(stderr, "%s\n", lua_tostring(L, -1));
    lua_close(L);
    curl_global_cleanup();
    return succeeded ? EXIT_SUCCESS : EXIT_FAILURE;
}
