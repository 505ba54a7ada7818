// SPDX-License-Identifier: MIT
#include "aead.h"
#include "bind_secret.h"
#include "failure.h"
#include "modules.h"

#include <lauxlib.h>
#include <stdint.h>

enum { ARGUMENT_KEY = 1, ARGUMENT_NONCE = 2, ARGUMENT_TEXT = 3, ARGUMENT_ASSOCIATED = 4 };

// All but the key, which is borrowed only after the last allocation: collecting garbage may run Lua code, and
// that may close the secret.
static const char *check_arguments(lua_State *L, struct usher_aead *aead, size_t *out_length) {
    aead->nonce = luaL_checklstring(L, ARGUMENT_NONCE, &aead->nonce_length);
    aead->associated = luaL_checklstring(L, ARGUMENT_ASSOCIATED, &aead->associated_length);
    return luaL_checklstring(L, ARGUMENT_TEXT, out_length);
}

static int l_seal(lua_State *L) {
    struct usher_aead aead;
    size_t length;
    luaL_Buffer buffer;
    const char *plaintext = check_arguments(L, &aead, &length);
    char *out = luaL_buffinitsize(L, &buffer, length + USHER_AEAD_TAG_BYTES);
    usher_secret_argument(L, ARGUMENT_KEY, &aead.key, &aead.key_length);
    enum usher_error error = usher_aead_seal(&aead, plaintext, length, out);
    if (error != USHER_ERROR_NONE)
        return usher_failure_push(L, error, NULL);
    luaL_pushresultsize(&buffer, length + USHER_AEAD_TAG_BYTES);
    return 1;
}

static int l_open(lua_State *L) {
    struct usher_aead aead;
    size_t length;
    luaL_Buffer buffer;
    const char *sealed = check_arguments(L, &aead, &length);
    char *out = luaL_buffinitsize(L, &buffer, length);
    usher_secret_argument(L, ARGUMENT_KEY, &aead.key, &aead.key_length);
    enum usher_error error = usher_aead_open(&aead, sealed, length, out);
    if (error != USHER_ERROR_NONE)
        return usher_failure_push(L, error, NULL);
    luaL_pushresultsize(&buffer, length - USHER_AEAD_TAG_BYTES);
    return 1;
}

static const luaL_Reg functions[] = {{"seal", l_seal}, {"open", l_open}, {NULL, NULL}};

int usher_bind_aead(lua_State *L) {
    luaL_newlib(L, functions);
    return 1;
}
