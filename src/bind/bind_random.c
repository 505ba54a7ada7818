// SPDX-License-Identifier: MIT
#include "failure.h"
#include "modules.h"
#include "random.h"

#include <lauxlib.h>

enum { MAX_BYTES = 65536 };

static int l_bytes(lua_State *L) {
    lua_Integer count = luaL_checkinteger(L, 1);
    luaL_argcheck(L, count >= 0 && count <= MAX_BYTES, 1, "a count from 0 to 65536 expected");
    luaL_Buffer buffer;
    char *out = luaL_buffinitsize(L, &buffer, (size_t)count);
    enum usher_error error = usher_random_bytes(out, (size_t)count);
    if (error != USHER_ERROR_NONE)
        return usher_failure_push(L, error, NULL);
    luaL_pushresultsize(&buffer, (size_t)count);
    return 1;
}

static const luaL_Reg functions[] = {{"bytes", l_bytes}, {NULL, NULL}};

int usher_bind_random(lua_State *L) {
    luaL_newlib(L, functions);
    return 1;
}
