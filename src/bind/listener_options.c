// SPDX-License-Identifier: MIT
#include "listener_options.h"

#include "bind_tls.h"
#include "context.h"
#include "http_message.h"
#include "listener.h"
#include "response_writer.h"

#include <lauxlib.h>
#include <limits.h>
#include <string.h>

enum { MAX_MODE = 0777, MAX_PAGES = 16 };

static lua_Integer integer_field(lua_State *L, int index, const char *key, lua_Integer fallback,
                                 lua_Integer least, lua_Integer most) {
    int is_integer = 1;
    lua_Integer value = fallback;
    if (lua_getfield(L, index, key) != LUA_TNIL)
        value = lua_tointegerx(L, -1, &is_integer);
    if (!is_integer || value < least || value > most)
        luaL_error(L, "listener.%s: integer of %I to %I expected", key, least, most);
    lua_pop(L, 1);
    return value;
}

// The value under the key, of the type or nil, is pushed.
static bool push_field(lua_State *L, int index, const char *key, int type) {
    int found = lua_getfield(L, index, key);
    if (found != LUA_TNIL && found != type)
        luaL_error(L, "listener.%s: %s expected, got %s", key, lua_typename(L, type), lua_typename(L, found));
    return found == type;
}

// A string without NUL, kept alive by the table at `keep`; NULL where the field is nil.
static const char *string_field(lua_State *L, int index, const char *key, int keep) {
    const char *string = NULL;
    size_t length = 0;
    if (push_field(L, index, key, LUA_TSTRING)) {
        string = lua_tolstring(L, -1, &length);
        if (strlen(string) != length)
            luaL_error(L, "listener.%s: holds a NUL", key);
        lua_pushvalue(L, -1);
        lua_setfield(L, keep, key);
    }
    lua_pop(L, 1);
    return string;
}

static struct usher_text kept_text(lua_State *L, int value, int keep) {
    struct usher_text text;
    if (lua_type(L, value) != LUA_TSTRING)
        luaL_error(L, "listener.error_body: must return a body and its content type");
    text.bytes = lua_tolstring(L, value, &text.length);
    lua_pushvalue(L, value);
    lua_rawseti(L, keep, luaL_len(L, keep) + 1);
    return text;
}

// One call of `error_body` per status there is, now: later, at the word of a peer, nothing of it can fail.
static void add_page(lua_State *L, int index, int status, struct usher_error_page *page, int keep) {
    lua_getfield(L, index, "error_body");
    lua_pushinteger(L, status);
    usher_context_call(L, 1, 2);
    page->status = status;
    page->body = kept_text(L, lua_gettop(L) - 1, keep);
    page->content_type = kept_text(L, lua_gettop(L), keep);
    struct usher_field field = {{"Content-Type", 12}, page->content_type};
    if (!usher_response_is_field_valid(&field))
        luaL_error(L, "listener.error_body: not a content type");
    lua_pop(L, 2);
}

static bool has_page(const struct usher_error_page *pages, size_t count, int status) {
    for (size_t i = 0; i < count; i++)
        if (pages[i].status == status)
            return true;
    return false;
}

static void read_pages(lua_State *L, int index, int keep, struct usher_listener_options *options) {
    bool is_given = push_field(L, index, "error_body", LUA_TFUNCTION);
    lua_pop(L, 1);
    if (!is_given)
        return;
    struct usher_error_page *pages = lua_newuserdatauv(L, MAX_PAGES * sizeof *pages, 0);
    lua_setfield(L, keep, "pages");
    for (int error = USHER_ERROR_NONE + 1; error < USHER_ERROR_COUNT; error++) {
        int status = usher_response_status_of((enum usher_error)error);
        if (options->page_count < MAX_PAGES && !has_page(pages, options->page_count, status))
            add_page(L, index, status, &pages[options->page_count++], keep);
    }
    options->pages = pages;
}

static void read_place(lua_State *L, int index, int keep, struct usher_listener_options *options) {
    options->path = string_field(L, index, "path", keep);
    options->host = string_field(L, index, "host", keep);
    if ((options->path == NULL) == (options->host == NULL))
        luaL_error(L, "listener: either host or path expected");
    options->port = (uint16_t)integer_field(L, index, "port", 0, 0, UINT16_MAX);
    options->mode = (mode_t)integer_field(L, index, "mode", 0600, 0, MAX_MODE);
}

static void read_tls(lua_State *L, int index, int keep, struct usher_listener_options *options) {
    if (lua_getfield(L, index, "tls") != LUA_TNIL) {
        options->tls = usher_tls_argument(L, lua_gettop(L));
        lua_pushvalue(L, -1);
        lua_setfield(L, keep, "tls");
    }
    lua_pop(L, 1);
}

void usher_listener_options_check(lua_State *L, int index, struct usher_listener_options *out_options) {
    index = lua_absindex(L, index);
    luaL_checktype(L, index, LUA_TTABLE);
    *out_options = (struct usher_listener_options){.path = NULL};
    if (!push_field(L, index, "handler", LUA_TFUNCTION))
        luaL_error(L, "listener.handler: function expected");
    lua_newtable(L);
    int keep = lua_gettop(L);
    read_place(L, index, keep, out_options);
    read_tls(L, index, keep, out_options);
    out_options->headers_timeout_ms =
        (uint64_t)integer_field(L, index, "headers_timeout_ms", 5000, 1, INT_MAX);
    out_options->body_timeout_ms = (uint64_t)integer_field(L, index, "body_timeout_ms", 10000, 1, INT_MAX);
    out_options->idle_timeout_ms = (uint64_t)integer_field(L, index, "idle_timeout_ms", 15000, 1, INT_MAX);
    out_options->write_timeout_ms = (uint64_t)integer_field(L, index, "write_timeout_ms", 10000, 1, INT_MAX);
    out_options->max_connections = (size_t)integer_field(L, index, "max_connections", 1024, 1, INT_MAX);
    out_options->max_connections_per_source =
        (size_t)integer_field(L, index, "max_connections_per_source", 0, 0, INT_MAX);
    out_options->spare_descriptors = (size_t)integer_field(L, index, "spare_descriptors", 64, 0, INT_MAX);
    lua_getfield(L, index, "limits");
    usher_http_message_check_limits(L, -1, &out_options->limits);
    lua_pop(L, 1);
    read_pages(L, index, keep, out_options);
}
