// SPDX-License-Identifier: MIT
#include "bind_secret.h"

#include "class.h"
#include "failure.h"
#include "modules.h"
#include "secret.h"

#include <string.h>

enum { FILE_PATH = 1, FILE_MAX_BYTES = 2 };
enum { MAX_FILE_BYTES = 1 << 20 };

static int m_close(lua_State *L);
static int m_length(lua_State *L);
static int m_reveal(lua_State *L);
static int m_without_newline(lua_State *L);
static int m_tostring(lua_State *L);

static const luaL_Reg methods[] = {{"reveal", m_reveal},
                                   {"without_newline", m_without_newline},
                                   {"__len", m_length},
                                   {"__tostring", m_tostring},
                                   {NULL, NULL}};
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

static int m_without_newline(lua_State *L) {
    const struct usher_secret *secret = usher_class_check(L, 1, &secret_class);
    struct usher_secret *line = usher_class_new(L, &secret_class, sizeof *line, 0);
    check_open(L, 1);
    if (usher_secret_init(line, secret->bytes, usher_secret_line_length(secret)) != USHER_ERROR_NONE)
        return luaL_error(L, "out of memory");
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

static int l_from_file(lua_State *L) {
    size_t length;
    const char *path = luaL_checklstring(L, FILE_PATH, &length);
    luaL_argcheck(L, length == strlen(path), FILE_PATH, "a name cannot contain a zero byte");
    lua_Integer max_bytes = luaL_checkinteger(L, FILE_MAX_BYTES);
    luaL_argcheck(L, max_bytes >= 0 && max_bytes <= MAX_FILE_BYTES, FILE_MAX_BYTES,
                  "a size from 0 to 1048576 expected");
    struct usher_secret *secret = usher_class_new(L, &secret_class, sizeof *secret, 0);
    enum usher_error error = usher_secret_init_from_file(secret, path, (size_t)max_bytes);
    if (error != USHER_ERROR_NONE)
        return usher_failure_push(L, error, lua_pushfstring(L, "%s: %s", path, usher_error_message(error)));
    return 1;
}

static int l_from_base64(lua_State *L) {
    const char *text;
    size_t length;
    lua_settop(L, 1);
    struct usher_secret *secret = usher_class_new(L, &secret_class, sizeof *secret, 0);
    usher_secret_argument(L, 1, &text, &length);
    enum usher_error error = usher_secret_init_from_base64(secret, text, length);
    if (error != USHER_ERROR_NONE)
        return usher_failure_push(L, error, NULL);
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

static const luaL_Reg functions[] = {{"new", l_new},
                                     {"from_environment", l_from_environment},
                                     {"from_file", l_from_file},
                                     {"from_base64", l_from_base64},
                                     {"equal", l_equal},
                                     {NULL, NULL}};

int usher_bind_secret(lua_State *L) {
    usher_class_register(L, &secret_class);
    luaL_newlib(L, functions);
    return 1;
}
