// SPDX-License-Identifier: MIT
#include "buffer_box.h"
#include "failure.h"
#include "file.h"
#include "modules.h"

#include <lauxlib.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARGUMENT_PATH = 1 };
enum { READ_MAX_BYTES = 2 };
enum { CREATE_BYTES = 2, CREATE_MODE = 3 };
enum { MAKE_MODE = 2 };
enum { SET_GROUP = 2 };
enum { SET_MODE = 2 };
enum { RENAME_TO = 2 };
enum { OWNER_FROM = 2 };

static const char *check_name(lua_State *L, int index) {
    size_t length;
    const char *name = luaL_checklstring(L, index, &length);
    luaL_argcheck(L, length == strlen(name), index, "a name cannot contain a zero byte");
    return name;
}

static const char *check_path(lua_State *L) {
    return check_name(L, ARGUMENT_PATH);
}

static mode_t check_mode(lua_State *L, int index) {
    lua_Integer mode = luaL_checkinteger(L, index);
    luaL_argcheck(L, mode >= 0 && mode <= 0777, index, "a mode from 0 to 511 (0777) expected");
    return (mode_t)mode;
}

static int push_failure(lua_State *L, const char *path, enum usher_error error) {
    return usher_failure_push(L, error, lua_pushfstring(L, "%s: %s", path, usher_error_message(error)));
}

static int push_done(lua_State *L, const char *path, enum usher_error error) {
    if (error != USHER_ERROR_NONE)
        return push_failure(L, path, error);
    lua_pushboolean(L, 1);
    return 1;
}

static int l_read(lua_State *L) {
    const char *path = check_path(L);
    lua_Integer max_bytes = luaL_checkinteger(L, READ_MAX_BYTES);
    luaL_argcheck(L, max_bytes >= 0, READ_MAX_BYTES, "a size cannot be negative");
    struct usher_buffer *buffer = usher_buffer_box_new(L, (size_t)max_bytes);
    enum usher_error error = usher_file_read(path, buffer);
    if (error != USHER_ERROR_NONE)
        return push_failure(L, path, error);
    lua_pushlstring(L, buffer->bytes, buffer->length);
    usher_buffer_deinit(buffer);
    return 1;
}

static int l_create(lua_State *L) {
    size_t length;
    const char *path = check_path(L);
    const char *bytes = luaL_checklstring(L, CREATE_BYTES, &length);
    mode_t mode = check_mode(L, CREATE_MODE);
    return push_done(L, path, usher_file_create(path, bytes, length, mode));
}

static int push_status(lua_State *L, const char *path, enum usher_error error,
                       const struct usher_file_status *status) {
    static const char *const types[] = {
        [USHER_FILE_REGULAR] = "file", [USHER_FILE_DIRECTORY] = "directory", [USHER_FILE_SOCKET] = "socket",
        [USHER_FILE_LINK] = "link",    [USHER_FILE_OTHER] = "other",
    };
    if (error != USHER_ERROR_NONE)
        return push_failure(L, path, error);
    lua_createtable(L, 0, 6);
    lua_pushstring(L, types[status->type]);
    lua_setfield(L, -2, "type");
    lua_pushinteger(L, status->mode);
    lua_setfield(L, -2, "mode");
    lua_pushinteger(L, status->size);
    lua_setfield(L, -2, "size");
    lua_pushinteger(L, status->uid);
    lua_setfield(L, -2, "uid");
    lua_pushinteger(L, (lua_Integer)status->inode);
    lua_setfield(L, -2, "inode");
    lua_pushinteger(L, status->modified_ns);
    lua_setfield(L, -2, "modified_ns");
    return 1;
}

static int l_status(lua_State *L) {
    const char *path = check_path(L);
    struct usher_file_status status;
    enum usher_error error = usher_file_status(path, &status);
    return push_status(L, path, error, &status);
}

static int l_link_status(lua_State *L) {
    const char *path = check_path(L);
    struct usher_file_status status;
    enum usher_error error = usher_file_link_status(path, &status);
    return push_status(L, path, error, &status);
}

// Copied to the stack, where no failure to make the string can lose it.
static int l_resolve(lua_State *L) {
    char copy[PATH_MAX];
    const char *path = check_path(L);
    enum usher_error error;
    char *resolved = usher_file_resolve(path, &error);
    if (resolved == NULL)
        return push_failure(L, path, error);
    snprintf(copy, sizeof copy, "%s", resolved);
    free(resolved);
    lua_pushstring(L, copy);
    return 1;
}

static int l_make_directory(lua_State *L) {
    const char *path = check_path(L);
    mode_t mode = check_mode(L, MAKE_MODE);
    return push_done(L, path, usher_file_make_directory(path, mode));
}

static int l_set_group(lua_State *L) {
    const char *path = check_path(L);
    const char *group = check_name(L, SET_GROUP);
    return push_done(L, path, usher_file_set_group(path, group));
}

static int l_set_mode(lua_State *L) {
    const char *path = check_path(L);
    mode_t mode = check_mode(L, SET_MODE);
    return push_done(L, path, usher_file_set_mode(path, mode));
}

static int l_sweep(lua_State *L) {
    const char *path = check_path(L);
    return push_done(L, path, usher_file_sweep(path));
}

static int l_rename(lua_State *L) {
    const char *path = check_path(L);
    const char *new_path = check_name(L, RENAME_TO);
    return push_done(L, path, usher_file_rename(path, new_path));
}

static int l_remove(lua_State *L) {
    const char *path = check_path(L);
    return push_done(L, path, usher_file_remove(path));
}

static int l_copy_owner(lua_State *L) {
    const char *path = check_path(L);
    const char *from = check_name(L, OWNER_FROM);
    return push_done(L, path, usher_file_copy_owner(path, from));
}

static const luaL_Reg functions[] = {{"read", l_read},
                                     {"create", l_create},
                                     {"status", l_status},
                                     {"link_status", l_link_status},
                                     {"resolve", l_resolve},
                                     {"make_directory", l_make_directory},
                                     {"set_group", l_set_group},
                                     {"set_mode", l_set_mode},
                                     {"sweep", l_sweep},
                                     {"rename", l_rename},
                                     {"remove", l_remove},
                                     {"copy_owner", l_copy_owner},
                                     {NULL, NULL}};

int usher_bind_file(lua_State *L) {
    luaL_newlib(L, functions);
    return 1;
}
