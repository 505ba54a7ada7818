// SPDX-License-Identifier: MIT
#include "http_message.h"
#include "buffer.h"
#include "request_parser.h"
#include "response_writer.h"

#include <lauxlib.h>

// Of any limit: far from every overflow.
enum { MAX_LIMIT = 1 << 30 };

static void set_text(lua_State *L, const char *key, struct usher_text text) {
    lua_pushlstring(L, text.bytes, text.length);
    lua_setfield(L, -2, key);
}

static void push_lower_case(lua_State *L, struct usher_text text) {
    luaL_Buffer buffer;
    char *out = luaL_buffinitsize(L, &buffer, text.length);
    for (size_t i = 0; i < text.length; i++) {
        char c = text.bytes[i];
        out[i] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    luaL_pushresultsize(&buffer, text.length);
}

void usher_http_message_add_field(lua_State *L, const struct usher_field *field) {
    push_lower_case(L, field->name);
    lua_pushvalue(L, -1);
    bool is_repeated = lua_rawget(L, -3) == LUA_TSTRING;
    if (is_repeated)
        lua_pushliteral(L, ", ");
    else
        lua_pop(L, 1);
    lua_pushlstring(L, field->value.bytes, field->value.length);
    if (is_repeated)
        lua_concat(L, 3);
    lua_rawset(L, -3);
}

void usher_http_message_push_request(lua_State *L, const struct usher_request *request, const char *remote) {
    lua_createtable(L, 0, 8);
    set_text(L, "method", request->method);
    set_text(L, "path", request->path);
    set_text(L, "query", request->query);
    set_text(L, "body", request->body);
    lua_createtable(L, 0, (int)request->field_count);
    for (size_t i = 0; i < request->field_count; i++)
        usher_http_message_add_field(L, &request->fields[i]);
    lua_setfield(L, -2, "headers");
    lua_pushstring(L, request->minor_version == 0 ? "1.0" : "1.1");
    lua_setfield(L, -2, "version");
    lua_pushboolean(L, request->keep_alive);
    lua_setfield(L, -2, "keep_alive");
    if (remote != NULL) {
        lua_pushstring(L, remote);
        lua_setfield(L, -2, "remote");
    }
}

// The string under the key; pops nothing, so that it stays referenced by the stack as well.
static struct usher_text get_text(lua_State *L, int index, const char *key) {
    struct usher_text text = {"", 0};
    int type = lua_getfield(L, index, key);
    if (type != LUA_TNIL && type != LUA_TSTRING)
        luaL_error(L, "response.%s: string expected, got %s", key, lua_typename(L, type));
    if (type == LUA_TSTRING)
        text.bytes = lua_tolstring(L, -1, &text.length);
    return text;
}

static struct usher_field check_field(lua_State *L, int name, int value) {
    struct usher_field field;
    if (lua_type(L, name) != LUA_TSTRING || lua_type(L, value) != LUA_TSTRING)
        luaL_error(L, "response.headers: strings expected");
    field.name.bytes = lua_tolstring(L, name, &field.name.length);
    field.value.bytes = lua_tolstring(L, value, &field.value.length);
    if (!usher_response_is_field_valid(&field))
        luaL_error(L, "response.headers: %s cannot be sent", lua_tostring(L, name));
    return field;
}

// Pushes the header table and a userdata with its fields, whose bytes belong to that table.
static const struct usher_field *get_fields(lua_State *L, int index, size_t *out_count) {
    *out_count = 0;
    int type = lua_getfield(L, index, "headers");
    if (type == LUA_TNIL)
        return NULL;
    if (type != LUA_TTABLE)
        luaL_error(L, "response.headers: table expected, got %s", lua_typename(L, type));
    int headers = lua_gettop(L);
    size_t capacity = 0;
    for (lua_pushnil(L); lua_next(L, headers) != 0; lua_pop(L, 1))
        capacity++;
    // Collects garbage, and a finalizer may change the table.
    struct usher_field *fields = lua_newuserdatauv(L, (capacity + 1) * sizeof *fields, 0);
    for (lua_pushnil(L); lua_next(L, headers) != 0; lua_pop(L, 1)) {
        if (*out_count == capacity)
            luaL_error(L, "response.headers: changed while they were read");
        fields[(*out_count)++] = check_field(L, -2, -1);
    }
    return fields;
}

static bool get_flag(lua_State *L, int index, const char *key) {
    lua_getfield(L, index, key);
    bool is_set = lua_toboolean(L, -1) != 0;
    lua_pop(L, 1);
    return is_set;
}

static int get_status(lua_State *L, int index) {
    int is_integer;
    lua_getfield(L, index, "status");
    lua_Integer status = lua_tointegerx(L, -1, &is_integer);
    if (!is_integer || status < 200 || status > 599)
        luaL_error(L, "response.status: integer of 200 to 599 expected");
    lua_pop(L, 1);
    return (int)status;
}

static void write_response(lua_State *L, int index, const struct usher_response *response,
                           struct usher_buffer *out, bool is_aborted) {
    if (is_aborted && lua_getfield(L, index, "status") == LUA_TNIL)
        return;
    struct usher_response complete = *response;
    complete.status = get_status(L, index);
    complete.body = get_text(L, index, "body");
    complete.fields = get_fields(L, index, &complete.field_count);
    enum usher_error error = usher_response_write(out, &complete);
    if (error != USHER_ERROR_NONE)
        luaL_error(L, "response: %s", usher_error_message(error));
    if (is_aborted)
        out->length--;
}

void usher_http_message_write_response(lua_State *L, int index, const struct usher_response *frame,
                                       struct usher_buffer *out, bool *out_keep_alive) {
    index = lua_absindex(L, index);
    int top = lua_gettop(L);
    luaL_checkstack(L, 16, NULL);
    if (lua_type(L, index) != LUA_TTABLE)
        luaL_error(L, "response: table expected, got %s", luaL_typename(L, index));
    bool is_aborted = get_flag(L, index, "abort");
    struct usher_response response = *frame;
    response.keep_alive = frame->keep_alive && !is_aborted && !get_flag(L, index, "close");
    write_response(L, index, &response, out, is_aborted);
    *out_keep_alive = response.keep_alive;
    lua_settop(L, top);
}

static size_t check_limit(lua_State *L, int index, const char *key, size_t fallback) {
    int is_integer = 1;
    lua_Integer limit = (lua_Integer)fallback;
    if (lua_getfield(L, index, key) != LUA_TNIL)
        limit = lua_tointegerx(L, -1, &is_integer);
    if (!is_integer || limit < 1 || limit > MAX_LIMIT)
        luaL_error(L, "limits.%s: integer of 1 to %d expected", key, MAX_LIMIT);
    lua_pop(L, 1);
    return (size_t)limit;
}

void usher_http_message_check_limits(lua_State *L, int index, struct usher_request_limits *out_limits) {
    *out_limits = usher_request_default_limits;
    if (lua_isnoneornil(L, index))
        return;
    index = lua_absindex(L, index);
    luaL_checktype(L, index, LUA_TTABLE);
    out_limits->line_bytes = check_limit(L, index, "line_bytes", out_limits->line_bytes);
    out_limits->headers_bytes = check_limit(L, index, "headers_bytes", out_limits->headers_bytes);
    out_limits->fields = check_limit(L, index, "fields", out_limits->fields);
    out_limits->body_bytes = check_limit(L, index, "body_bytes", out_limits->body_bytes);
}
