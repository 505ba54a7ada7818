// SPDX-License-Identifier: MIT
// `require "usher.launch"`: what the command line needs of C before it knows whether it needs the core, and
// becoming another program. A module of its own, without the core's libraries.
#include "launch.h"
#include "standard.h"

#include <errno.h>
#include <lauxlib.h>
#include <lua.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>

#if LUA_VERSION_NUM != 504
#error "usher is for Lua 5.4"
#endif

enum { ARGUMENT_WORDS = 1, ARGUMENT_NAME = 2, ARGUMENT_VALUE = 3, ARGUMENT_REMOVED = 4 };

static const char *check_text(lua_State *L, int index) {
    size_t length;
    const char *text = luaL_checklstring(L, index, &length);
    luaL_argcheck(L, strlen(text) == length, index, "a NUL in it");
    return text;
}

static const char *check_name(lua_State *L, int index) {
    const char *name = check_text(L, index);
    luaL_argcheck(L, *name != '\0' && strchr(name, '=') == NULL, index, "no variable's name");
    return name;
}

// The words as execvp takes them, in a userdata that is pushed; the table keeps the strings. execvp changes
// none of them, though its type does not say so.
static char **check_words(lua_State *L) {
    luaL_checktype(L, ARGUMENT_WORDS, LUA_TTABLE);
    lua_Unsigned count = lua_rawlen(L, ARGUMENT_WORDS);
    luaL_argcheck(L, count > 0 && count <= 1 << 20, ARGUMENT_WORDS, "no list of words");
    char **words = lua_newuserdatauv(L, (count + 1) * sizeof *words, 0);
    for (lua_Unsigned i = 0; i < count; i++) {
        luaL_argcheck(L, lua_rawgeti(L, ARGUMENT_WORDS, (lua_Integer)i + 1) == LUA_TSTRING, ARGUMENT_WORDS,
                      "a word that is no string");
        size_t length;
        const char *word = lua_tolstring(L, -1, &length);
        luaL_argcheck(L, strlen(word) == length, ARGUMENT_WORDS, "a NUL in a word");
        memcpy(&words[i], &word, sizeof word);
        lua_pop(L, 1);
    }
    words[count] = NULL;
    return words;
}

static int l_open_standard(lua_State *L) {
    lua_pushboolean(L, usher_standard_open());
    return 1;
}

static int l_exec(lua_State *L) {
    lua_settop(L, ARGUMENT_REMOVED);
    const char *name = check_name(L, ARGUMENT_NAME);
    const char *value = check_text(L, ARGUMENT_VALUE);
    const char *removed = lua_isnil(L, ARGUMENT_REMOVED) ? NULL : check_name(L, ARGUMENT_REMOVED);
    char **words = check_words(L);
    int failure = usher_launch(words, name, value, removed, lua_toboolean(L, lua_upvalueindex(1)));
    luaL_pushfail(L);
    lua_pushstring(L, strerror(failure));
    lua_pushboolean(L, failure == ENOENT);
    return 3;
}

__attribute__((visibility("default"))) int luaopen_usher_launch(lua_State *L);

// SIGPIPE's action is noted now: LuaSocket, when loaded later, has it ignored, and a program that is started
// must not inherit that.
int luaopen_usher_launch(lua_State *L) {
    struct sigaction pipe_action;
    bool is_ignored = sigaction(SIGPIPE, NULL, &pipe_action) == 0 && pipe_action.sa_handler == SIG_IGN;
    luaL_checkversion(L);
    lua_createtable(L, 0, 2);
    lua_pushcfunction(L, l_open_standard);
    lua_setfield(L, -2, "open_standard");
    lua_pushboolean(L, !is_ignored);
    lua_pushcclosure(L, l_exec, 1);
    lua_setfield(L, -2, "exec");
    return 1;
}
