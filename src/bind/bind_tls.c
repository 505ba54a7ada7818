// SPDX-License-Identifier: MIT
#include "bind_tls.h"

#include "class.h"
#include "failure.h"
#include "modules.h"
#include "tls.h"

#include <string.h>

enum { ARGUMENT_CERTIFICATE = 1, ARGUMENT_KEY = 2 };

struct box {
    struct usher_tls *engine;
};

static bool tls_is_open(const void *userdata) {
    const struct box *box = userdata;
    return box->engine != NULL;
}

static int m_close(lua_State *L);
static int m_expires_at(lua_State *L);

static const luaL_Reg methods[] = {{"expires_at", m_expires_at}, {NULL, NULL}};
static const struct usher_class tls_class = {"usher.tls", methods, m_close, tls_is_open};

struct usher_tls *usher_tls_argument(lua_State *L, int index) {
    const struct box *box = usher_class_check(L, index, &tls_class);
    luaL_argcheck(L, box->engine != NULL, index, "the certificate is closed");
    return box->engine;
}

static int m_close(lua_State *L) {
    struct box *box = usher_class_check(L, 1, &tls_class);
    struct usher_tls *engine = box->engine;
    box->engine = NULL;
    usher_tls_release(engine);
    return 0;
}

static int m_expires_at(lua_State *L) {
    lua_pushinteger(L, usher_tls_expires_at(usher_tls_argument(L, 1)));
    return 1;
}

static const char *check_path(lua_State *L, int index) {
    size_t length;
    const char *path = luaL_checklstring(L, index, &length);
    luaL_argcheck(L, length == strlen(path), index, "a path cannot contain a zero byte");
    return path;
}

static int push_fault(lua_State *L, const struct usher_tls_fault *fault) {
    if (fault->file == USHER_TLS_NO_FILE)
        return usher_failure_push(L, USHER_ERROR_CRYPTO, fault->reason);
    bool is_key = fault->file == USHER_TLS_KEY_FILE;
    const char *path = lua_tostring(L, is_key ? ARGUMENT_KEY : ARGUMENT_CERTIFICATE);
    usher_failure_push(L, USHER_ERROR_BAD_CONFIGURATION, lua_pushfstring(L, "%s: %s", path, fault->reason));
    lua_pushstring(L, is_key ? "key" : "cert");
    lua_setfield(L, -2, "file");
    return 2;
}

static int l_open(lua_State *L) {
    struct usher_tls_fault fault;
    const char *certificate_path = check_path(L, ARGUMENT_CERTIFICATE);
    const char *key_path = check_path(L, ARGUMENT_KEY);
    struct box *box = usher_class_new(L, &tls_class, sizeof *box, 0);
    box->engine = usher_tls_open(certificate_path, key_path, &fault);
    return box->engine != NULL ? 1 : push_fault(L, &fault);
}

static const luaL_Reg functions[] = {{"open", l_open}, {NULL, NULL}};

int usher_bind_tls(lua_State *L) {
    usher_class_register(L, &tls_class);
    luaL_newlib(L, functions);
    return 1;
}
