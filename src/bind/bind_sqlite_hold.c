// SPDX-License-Identifier: MIT
#include "class.h"
#include "failure.h"
#include "modules.h"
#include "sqlite_hold.h"

#include <string.h>

enum { ARGUMENT_PATH = 1 };
enum { ARGUMENT_SELF = 1, COPY_PATH = 2 };

struct hold {
    struct usher_sqlite_hold *hold; // NULL: closed
};

static int m_copy(lua_State *L);
static int m_close(lua_State *L);

static bool is_open(const void *userdata) {
    const struct hold *self = userdata;
    return self->hold != NULL;
}

static const luaL_Reg methods[] = {{"copy", m_copy}, {NULL, NULL}};
static const struct usher_class hold_class = {"usher.sqlite_hold", methods, m_close, is_open};

static const char *check_path(lua_State *L, int index) {
    size_t length;
    const char *path = luaL_checklstring(L, index, &length);
    luaL_argcheck(L, length > 0 && length == strlen(path), index, "the path is empty or holds a NUL");
    return path;
}

static int push_failure(lua_State *L, const struct usher_sqlite_failure *failure) {
    return usher_failure_push(L, failure->error, failure->message[0] != '\0' ? failure->message : NULL);
}

static int l_open(lua_State *L) {
    const char *path = check_path(L, ARGUMENT_PATH);
    struct usher_sqlite_failure failure;
    struct hold *self = usher_class_new(L, &hold_class, sizeof *self, 0);
    if (usher_sqlite_hold_open(&self->hold, path, &failure) != USHER_ERROR_NONE)
        return push_failure(L, &failure);
    return 1;
}

static int m_copy(lua_State *L) {
    struct hold *self = usher_class_check(L, ARGUMENT_SELF, &hold_class);
    const char *path = check_path(L, COPY_PATH);
    struct usher_sqlite_failure failure;
    if (!is_open(self))
        return usher_failure_push(L, USHER_ERROR_CLOSED, "the store is let go");
    if (usher_sqlite_hold_copy(self->hold, path, &failure) != USHER_ERROR_NONE)
        return push_failure(L, &failure);
    lua_pushboolean(L, 1);
    return 1;
}

static int m_close(lua_State *L) {
    struct hold *self = usher_class_check(L, ARGUMENT_SELF, &hold_class);
    usher_sqlite_hold_close(self->hold);
    self->hold = NULL;
    return 0;
}

static const luaL_Reg functions[] = {{"open", l_open}, {NULL, NULL}};

int usher_bind_sqlite_hold(lua_State *L) {
    usher_class_register(L, &hold_class);
    luaL_newlib(L, functions);
    return 1;
}
