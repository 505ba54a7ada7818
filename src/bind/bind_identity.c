// SPDX-License-Identifier: MIT
#include "failure.h"
#include "identity.h"
#include "modules.h"

#include <lauxlib.h>
#include <string.h>
#include <unistd.h>

enum { ARGUMENT_NAME = 1 };

static const char *check_name(lua_State *L) {
    size_t length;
    const char *name = luaL_checklstring(L, ARGUMENT_NAME, &length);
    luaL_argcheck(L, length == strlen(name), ARGUMENT_NAME, "a name cannot contain a zero byte");
    return name;
}

static int l_own(lua_State *L) {
    lua_pushinteger(L, geteuid());
    return 1;
}

static int l_user(lua_State *L) {
    uid_t uid;
    enum usher_error error = usher_identity_user(check_name(L), &uid);
    if (error != USHER_ERROR_NONE)
        return usher_failure_push(L, error, error == USHER_ERROR_NOT_FOUND ? "no such user" : NULL);
    lua_pushinteger(L, uid);
    return 1;
}

static int l_group(lua_State *L) {
    gid_t gid;
    enum usher_error error = usher_identity_group(check_name(L), &gid);
    if (error != USHER_ERROR_NONE)
        return usher_failure_push(L, error, error == USHER_ERROR_NOT_FOUND ? "no such group" : NULL);
    lua_pushinteger(L, gid);
    return 1;
}

static const luaL_Reg functions[] = {{"own", l_own}, {"user", l_user}, {"group", l_group}, {NULL, NULL}};

int usher_bind_identity(lua_State *L) {
    luaL_newlib(L, functions);
    return 1;
}
