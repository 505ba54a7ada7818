// SPDX-License-Identifier: MIT
#include "bind_secret.h"

#include "class.h"
#include "modules.h"
#include "secret.h"

#include <string.h>

static int m_close(lua_State *L);
static int m_length(lua_State *L);
static int m_reveal(lua_State *L);
static int m_tostring(lua_State *L);

static const luaL_Reg methods[] = {
    {"reveal", m_reveal}, {"__len", m_length}, {"__tostring", m_tostring}, {NULL, NULL}};
static const struct usher_class secret_class = {"usher.secret", methods, m_close, NULL};

static const struct usher_secret *check_open(lua_State *L, int index) {
    const struct usher_secret *secret = usher_class_check(L, index, &secret_class);
    luaL_argcheck(L, secret->bytes != NULL, index, "the secret is closed");
    return secret;
}

void usher_secret_argument(lua_State *L, int index, const char **out_bytes, size_t *out_length) {
    if (lua_type(L, index) == LUA_TSTRING) {
        *out_bytes = lua_tolstring(L, index, out_length);
        return;
    }
    if (luaL_testudata(L, index, secret_class.name) == NULL)
        luaL_typeerror(L, index, "secret or string");
    const struct usher_secret *secret = check_open(L, index);
    *out_bytes = secret->bytes;
    *out_length = secret->length;
}

static int m_close(lua_State *L) {
    usher_secret_deinit(usher_class_check(L, 1, &secret_class));
    return 0;
}

static int m_length(lua_State *L) {
    lua_pushinteger(L, (lua_Integer)check_open(L, 1)->length);
    return 1;
}

static int m_reveal(lua_State *L) {
    const struct usher_secret *secret = check_open(L, 1);
    lua_pushlstring(L, secret->bytes, secret->length);
    return 1;
}

static int m_tostring(lua_State *L) {
    const struct usher_secret *secret = usher_class_check(L, 1, &secret_class);
    lua_pushstring(L, secret->bytes != NULL ? "secret(...)" : "secret(closed)");
    return 1;
}

static int l_new(lua_State *L) {
    size_t length;
    luaL_checktype(L, 1, LUA_TSTRING);
    const char *bytes = lua_tolstring(L, 1, &length);
    struct usher_secret *secret = usher_class_new(L, &secret_class, sizeof *secret, 0);
    if (usher_secret_init(secret, bytes, length) != USHER_ERROR_NONE)
        return luaL_error(L, "out of memory");
    return 1;
}

static int l_from_environment(lua_State *L) {
    size_t length;
    const char *name = luaL_checklstring(L, 1, &length);
    luaL_argcheck(L, length > 0 && length == strlen(name) && strchr(name, '=') == NULL, 1,
                  "not the name of a variable");
    struct usher_secret *secret = usher_class_new(L, &secret_class, sizeof *secret, 0);
    enum usher_error error = usher_secret_init_from_environment(secret, name);
    if (error == USHER_ERROR_NOT_FOUND)
        lua_pushnil(L);
    else if (error != USHER_ERROR_NONE)
        return luaL_error(L, "out of memory");
    return 1;
}

static int l_equal(lua_State *L) {
    const char *a;
    const char *b;
    size_t a_length;
    size_t b_length;
    usher_secret_argument(L, 1, &a, &a_length);
    usher_secret_argument(L, 2, &b, &b_length);
    lua_pushboolean(L, usher_secret_equal(a, a_length, b, b_length));
    return 1;
}

static const luaL_Reg functions[] = {
    {"new", l_new}, {"from_environment", l_from_environment}, {"equal", l_equal}, {NULL, NULL}};

int usher_bind_secret(lua_State *L) {
    usher_class_register(L, &secret_class);
    luaL_newlib(L, functions);
    return 1;
}
