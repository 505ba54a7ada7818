// SPDX-License-Identifier: MIT
#include "failure.h"
#include "modules.h"
#include "notify.h"
#include "process.h"
#include "standard.h"

#include <lauxlib.h>
#include <string.h>
#include <unistd.h>

enum { NOTIFY_ADDRESS = 1, NOTIFY_TEXT = 2 };

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

static int l_notify(lua_State *L) {
    size_t length;
    size_t address_length;
    const char *address = luaL_checklstring(L, NOTIFY_ADDRESS, &address_length);
    luaL_argcheck(L, address_length == strlen(address), NOTIFY_ADDRESS,
                  "an address cannot contain a zero byte");
    const char *text = luaL_checklstring(L, NOTIFY_TEXT, &length);
    enum usher_error error = usher_notify(address, text, length);
    if (error != USHER_ERROR_NONE)
        return usher_failure_push(L, error, NULL);
    lua_pushboolean(L, 1);
    return 1;
}

// The names alone: a copy of a value might be one of a secret.
static int l_variables(lua_State *L) {
    lua_newtable(L);
    lua_Integer count = 0;
    for (char **entry = environ; entry != NULL && *entry != NULL; entry++) {
        lua_pushlstring(L, *entry, strcspn(*entry, "="));
        lua_rawseti(L, -2, ++count);
    }
    return 1;
}

static int l_write_error(lua_State *L) {
    size_t length;
    const char *text = luaL_checklstring(L, 1, &length);
    lua_pushboolean(L, usher_standard_write_error(text, length));
    return 1;
}

static const luaL_Reg functions[] = {{"harden", l_harden},           {"id", l_id},
                                     {"notify", l_notify},           {"variables", l_variables},
                                     {"write_error", l_write_error}, {NULL, NULL}};

int usher_bind_process(lua_State *L) {
    luaL_newlib(L, functions);
    return 1;
}
