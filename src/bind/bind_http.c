// SPDX-License-Identifier: MIT
#include "buffer_box.h"
#include "class.h"
#include "failure.h"
#include "http_message.h"
#include "modules.h"
#include "request_parser.h"
#include "response_writer.h"

#include <string.h>

enum { ARGUMENT_BYTES = 2 };
enum { ARGUMENT_RESPONSE = 1, ARGUMENT_KEEP_ALIVE = 2 };

// Bytes of requests that follow the one being read.
enum { MAX_PENDING_BYTES = 1 << 20 };

// While a request is being pushed a finalizer may close the parser, or feed it: the engine then goes with the
// userdata, not before.
struct parser {
    struct usher_request_parser *engine;
    struct usher_buffer pending;
    enum { PARSER_CLOSED, PARSER_OPEN, PARSER_FEEDING } status;
};

static bool parser_is_open(const void *userdata) {
    const struct parser *parser = userdata;
    return parser->status != PARSER_CLOSED;
}

static int m_feed(lua_State *L);
static int m_close(lua_State *L);
static int m_collect(lua_State *L);

static const luaL_Reg methods[] = {
    {"feed", m_feed}, {"close", m_close}, {"__close", m_close}, {"__gc", m_collect}, {NULL, NULL}};
static const struct usher_class parser_class = {"usher.http.parser", methods, NULL, parser_is_open};

static void free_memory(struct parser *parser) {
    usher_request_parser_free(parser->engine);
    parser->engine = NULL;
    usher_buffer_deinit(&parser->pending);
}

static int m_close(lua_State *L) {
    struct parser *parser = usher_class_check(L, 1, &parser_class);
    if (parser->status == PARSER_OPEN)
        free_memory(parser);
    parser->status = PARSER_CLOSED;
    return 0;
}

static int m_collect(lua_State *L) {
    struct parser *parser = usher_class_check(L, 1, &parser_class);
    free_memory(parser);
    parser->status = PARSER_CLOSED;
    return 0;
}

static int m_feed(lua_State *L) {
    struct parser *parser = usher_class_check(L, 1, &parser_class);
    size_t length;
    const char *bytes = luaL_checklstring(L, ARGUMENT_BYTES, &length);
    luaL_argcheck(L, parser->status == PARSER_OPEN, 1, "closed, or being fed");
    enum usher_error error = usher_buffer_append(&parser->pending, bytes, length);
    if (error != USHER_ERROR_NONE)
        return usher_failure_push(L, error, NULL);
    size_t consumed;
    enum usher_request_phase phase =
        usher_request_parser_feed(parser->engine, parser->pending.bytes, parser->pending.length, &consumed);
    usher_buffer_consume(&parser->pending, consumed);
    if (phase == USHER_REQUEST_FAILED)
        return usher_failure_push(L, usher_request_parser_error(parser->engine), NULL);
    if (phase != USHER_REQUEST_COMPLETE) {
        lua_pushnil(L);
        return 1;
    }
    parser->status = PARSER_FEEDING;
    usher_http_message_push_request(L, usher_request_parser_request(parser->engine), NULL);
    usher_request_parser_reset(parser->engine);
    if (parser->status == PARSER_FEEDING)
        parser->status = PARSER_OPEN;
    return 1;
}

static int l_parser(lua_State *L) {
    struct usher_request_limits limits;
    usher_http_message_check_limits(L, 1, &limits);
    struct parser *parser = usher_class_new(L, &parser_class, sizeof *parser, 0);
    usher_buffer_init(&parser->pending, MAX_PENDING_BYTES);
    parser->engine = usher_request_parser_new(&limits);
    if (parser->engine == NULL)
        return luaL_error(L, "out of memory");
    parser->status = PARSER_OPEN;
    return 1;
}

static int l_format_response(lua_State *L) {
    luaL_checktype(L, ARGUMENT_RESPONSE, LUA_TTABLE);
    luaL_checktype(L, ARGUMENT_KEEP_ALIVE, LUA_TBOOLEAN);
    struct usher_response frame = {.keep_alive = lua_toboolean(L, ARGUMENT_KEEP_ALIVE) != 0,
                                   .minor_version = 1};
    struct usher_buffer *out = usher_buffer_box_new(L, PTRDIFF_MAX);
    bool keep_alive;
    usher_http_message_write_response(L, ARGUMENT_RESPONSE, &frame, out, &keep_alive);
    lua_pushlstring(L, out->bytes, out->length);
    usher_buffer_deinit(out);
    return 1;
}

static int l_status_of(lua_State *L) {
    const char *code = luaL_checkstring(L, 1);
    for (int error = 0; error < USHER_ERROR_COUNT; error++) {
        if (strcmp(code, usher_error_name((enum usher_error)error)) == 0) {
            lua_pushinteger(L, usher_response_status_of((enum usher_error)error));
            return 1;
        }
    }
    return luaL_argerror(L, 1, "not an error code");
}

static const luaL_Reg functions[] = {
    {"parser", l_parser}, {"format_response", l_format_response}, {"status_of", l_status_of}, {NULL, NULL}};

int usher_bind_http(lua_State *L) {
    usher_class_register(L, &parser_class);
    luaL_newlib(L, functions);
    return 1;
}
