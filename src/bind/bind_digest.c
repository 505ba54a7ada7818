// SPDX-License-Identifier: MIT
#include "bind_secret.h"
#include "digest.h"
#include "hmac.h"
#include "modules.h"

#include <lauxlib.h>

enum { ARGUMENT_KEY = 1, ARGUMENT_BYTES = 2 };

static int push_digest(lua_State *L, enum usher_error error, const unsigned char *digest, size_t length) {
    if (error != USHER_ERROR_NONE)
        return luaL_error(L, "%s", usher_error_message(error));
    lua_pushlstring(L, (const char *)digest, length);
    return 1;
}

static int l_md5(lua_State *L) {
    size_t length;
    unsigned char digest[USHER_DIGEST_MD5_BYTES];
    const char *bytes = luaL_checklstring(L, 1, &length);
    return push_digest(L, usher_digest_md5(bytes, length, digest), digest, sizeof digest);
}

static int l_sha1(lua_State *L) {
    size_t length;
    unsigned char digest[USHER_DIGEST_SHA1_BYTES];
    const char *bytes = luaL_checklstring(L, 1, &length);
    return push_digest(L, usher_digest_sha1(bytes, length, digest), digest, sizeof digest);
}

static int l_sha256(lua_State *L) {
    size_t length;
    unsigned char digest[USHER_DIGEST_SHA256_BYTES];
    const char *bytes = luaL_checklstring(L, 1, &length);
    return push_digest(L, usher_digest_sha256(bytes, length, digest), digest, sizeof digest);
}

static int l_hmac_sha256(lua_State *L) {
    const char *key;
    size_t key_length;
    size_t length;
    unsigned char mac[USHER_HMAC_SHA256_BYTES];
    const char *bytes = luaL_checklstring(L, ARGUMENT_BYTES, &length);
    usher_secret_argument(L, ARGUMENT_KEY, &key, &key_length);
    return push_digest(L, usher_hmac_sha256(key, key_length, bytes, length, mac), mac, sizeof mac);
}

static const luaL_Reg functions[] = {
    {"md5", l_md5}, {"sha1", l_sha1}, {"sha256", l_sha256}, {"hmac_sha256", l_hmac_sha256}, {NULL, NULL}};

int usher_bind_digest(lua_State *L) {
    luaL_newlib(L, functions);
    return 1;
}
