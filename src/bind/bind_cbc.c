// SPDX-License-Identifier: MIT
#include "bind_secret.h"
#include "cbc.h"
#include "failure.h"
#include "modules.h"

#include <lauxlib.h>

enum { ARGUMENT_KEY = 1, ARGUMENT_IV = 2, ARGUMENT_TEXT = 3 };

typedef enum usher_error transform_fn(const struct usher_cbc *cbc, const char *bytes, size_t length,
                                      char *out);

// The key is borrowed only after the last allocation: collecting garbage may run Lua code, and that may close
// the secret.
static int transform(lua_State *L, transform_fn *run) {
    struct usher_cbc cbc;
    size_t length;
    luaL_Buffer buffer;
    cbc.iv = luaL_checklstring(L, ARGUMENT_IV, &cbc.iv_length);
    const char *bytes = luaL_checklstring(L, ARGUMENT_TEXT, &length);
    char *out = luaL_buffinitsize(L, &buffer, length);
    usher_secret_argument(L, ARGUMENT_KEY, &cbc.key, &cbc.key_length);
    enum usher_error error = run(&cbc, bytes, length, out);
    if (error != USHER_ERROR_NONE)
        return usher_failure_push(L, error, NULL);
    luaL_pushresultsize(&buffer, length);
    return 1;
}

static int l_encrypt(lua_State *L) {
    return transform(L, usher_cbc_encrypt);
}

static int l_decrypt(lua_State *L) {
    return transform(L, usher_cbc_decrypt);
}

static const luaL_Reg functions[] = {{"encrypt", l_encrypt}, {"decrypt", l_decrypt}, {NULL, NULL}};

int usher_bind_cbc(lua_State *L) {
    luaL_newlib(L, functions);
    return 1;
}
