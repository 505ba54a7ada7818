// SPDX-License-Identifier: MIT
// Drives a Lua function with libFuzzer: the script USHER_FUZZ_SCRIPT returns it; it takes the bytes, and
// raises on what must not be. The lines of Lua that were run guide the fuzzer as the edges of C do.
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define COUNTERS ((size_t)1 << 13)

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int luaopen_usher_core(lua_State *L);

// libFuzzer looks at this section beside its own counters, and clears it.
__attribute__((section("__libfuzzer_extra_counters"))) static uint8_t counters[COUNTERS];

static lua_State *state;

static void on_line(lua_State *L, lua_Debug *activation) {
    size_t hash = 5381;
    lua_getinfo(L, "S", activation);
    for (const char *c = activation->short_src; *c != '\0'; c++)
        hash = hash * 33 + (unsigned char)*c;
    counters[(hash + (size_t)activation->currentline) % COUNTERS]++;
}

static int add_traceback(lua_State *L) {
    luaL_traceback(L, L, luaL_tolstring(L, 1, NULL), 1);
    return 1;
}

static void call(lua_State *L, int arguments, int results) {
    if (lua_pcall(L, arguments, results, 1) == LUA_OK)
        return;
    fprintf(stderr, "%s\n", lua_tostring(L, -1));
    abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc, (void)argv;
    state = luaL_newstate();
    luaL_openlibs(state);
    lua_pushcfunction(state, add_traceback);
    luaL_requiref(state, "usher.core", luaopen_usher_core, 0);
    lua_pop(state, 1);
    if (luaL_loadfile(state, USHER_FUZZ_SCRIPT) != LUA_OK) {
        fprintf(stderr, "%s\n", lua_tostring(state, -1));
        abort();
    }
    call(state, 0, 1);
    lua_sethook(state, on_line, LUA_MASKLINE, 0);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    lua_pushvalue(state, 2);
    lua_pushlstring(state, (const char *)data, size);
    call(state, 1, 0);
    return 0;
}
