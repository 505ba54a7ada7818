// SPDX-License-Identifier: MIT
#include "encoding.h"
#include "failure.h"
#include "modules.h"

#include <lauxlib.h>

static int encode(lua_State *L, const struct usher_encoding *encoding) {
    size_t length;
    const char *bytes = luaL_checklstring(L, 1, &length);
    luaL_Buffer buffer;
    char *out = luaL_buffinitsize(L, &buffer, encoding->max_encoded(length));
    luaL_pushresultsize(&buffer, encoding->encode(bytes, length, out));
    return 1;
}

static int decode(lua_State *L, const struct usher_encoding *encoding) {
    size_t length;
    const char *text = luaL_checklstring(L, 1, &length);
    luaL_Buffer buffer;
    char *out = luaL_buffinitsize(L, &buffer, length);
    enum usher_error error = encoding->decode(text, length, out, &length);
    if (error != USHER_ERROR_NONE)
        return usher_failure_push(L, error, NULL);
    luaL_pushresultsize(&buffer, length);
    return 1;
}

static int l_hex_encode(lua_State *L) {
    return encode(L, &usher_encoding_hex);
}

static int l_hex_decode(lua_State *L) {
    return decode(L, &usher_encoding_hex);
}

static int l_base64_encode(lua_State *L) {
    return encode(L, &usher_encoding_base64);
}

static int l_base64_decode(lua_State *L) {
    return decode(L, &usher_encoding_base64);
}

static int l_base64url_encode(lua_State *L) {
    return encode(L, &usher_encoding_base64url);
}

static int l_base64url_decode(lua_State *L) {
    return decode(L, &usher_encoding_base64url);
}

static int l_percent_encode(lua_State *L) {
    return encode(L, &usher_encoding_percent);
}

static int l_percent_decode(lua_State *L) {
    return decode(L, &usher_encoding_percent);
}

static const luaL_Reg functions[] = {{"hex_encode", l_hex_encode},
                                     {"hex_decode", l_hex_decode},
                                     {"base64_encode", l_base64_encode},
                                     {"base64_decode", l_base64_decode},
                                     {"base64url_encode", l_base64url_encode},
                                     {"base64url_decode", l_base64url_decode},
                                     {"percent_encode", l_percent_encode},
                                     {"percent_decode", l_percent_decode},
                                     {NULL, NULL}};

int usher_bind_encoding(lua_State *L) {
    luaL_newlib(L, functions);
    return 1;
}
