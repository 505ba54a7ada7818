// SPDX-License-Identifier: MIT
#include "bind_secret.h"
#include "failure.h"
#include "modules.h"
#include "signature.h"

#include <lauxlib.h>

enum { ARGUMENT_ALGORITHM = 1, ARGUMENT_KEY = 2, ARGUMENT_BYTES = 3, ARGUMENT_SIGNATURE = 4 };

static const char *const algorithms[] = {"ES256", "RS256", NULL}; // as the enumeration counts them

static enum usher_signature_algorithm check_algorithm(lua_State *L) {
    return (enum usher_signature_algorithm)luaL_checkoption(L, ARGUMENT_ALGORITHM, NULL, algorithms);
}

static int push_failure(lua_State *L, enum usher_error error) {
    return usher_failure_push(L, error, error == USHER_ERROR_BAD_KEY ? "not a key for this algorithm" : NULL);
}

static int l_sign(lua_State *L) {
    unsigned char signature[USHER_SIGNATURE_MAX_BYTES];
    struct usher_signature_key key;
    size_t length;
    size_t signature_length;
    enum usher_signature_algorithm algorithm = check_algorithm(L);
    const char *bytes = luaL_checklstring(L, ARGUMENT_BYTES, &length);
    usher_secret_argument(L, ARGUMENT_KEY, &key.pem, &key.length);
    enum usher_error error =
        usher_signature_sign(algorithm, key, bytes, length, signature, &signature_length);
    if (error != USHER_ERROR_NONE)
        return push_failure(L, error);
    lua_pushlstring(L, (const char *)signature, signature_length);
    return 1;
}

static int l_verify(lua_State *L) {
    struct usher_signature_key key;
    size_t length;
    size_t signature_length;
    bool is_valid;
    enum usher_signature_algorithm algorithm = check_algorithm(L);
    const char *bytes = luaL_checklstring(L, ARGUMENT_BYTES, &length);
    const char *signature = luaL_checklstring(L, ARGUMENT_SIGNATURE, &signature_length);
    usher_secret_argument(L, ARGUMENT_KEY, &key.pem, &key.length);
    enum usher_error error = usher_signature_verify(
        algorithm, key, bytes, length, (const unsigned char *)signature, signature_length, &is_valid);
    if (error != USHER_ERROR_NONE)
        return push_failure(L, error);
    lua_pushboolean(L, is_valid);
    return 1;
}

static const luaL_Reg functions[] = {{"sign", l_sign}, {"verify", l_verify}, {NULL, NULL}};

int usher_bind_signature(lua_State *L) {
    luaL_newlib(L, functions);
    return 1;
}
