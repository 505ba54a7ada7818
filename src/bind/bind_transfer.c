// SPDX-License-Identifier: MIT
#include "class.h"
#include "context.h"
#include "failure.h"
#include "future.h"
#include "http_message.h"
#include "modules.h"
#include "transfer.h"

#include <limits.h>
#include <string.h>

enum { ARGUMENT_REQUEST = 1 };

// Where l_perform keeps what the engine's request points to.
enum {
    SLOT_METHOD = ARGUMENT_REQUEST + 1,
    SLOT_URL,
    SLOT_HEADERS,
    SLOT_BODY,
    SLOT_TIMEOUT,
    SLOT_CA_FILE,
    SLOT_MAX_BODY,
    SLOT_FIELDS,
    SLOT_LAST = SLOT_FIELDS
};

enum { DEFAULT_TIMEOUT_MS = 20000, DEFAULT_MAX_BODY_BYTES = 262144, MAX_BODY_BYTES = 1 << 30 };

// The state's one pool, made at the first transfer. Being younger than the context it is finalised before the
// loop is: transfers end, connections close, and then the loop drains.
struct pool {
    struct usher_transfer_pool *engine;
};

// One transfer under way. Needs no finaliser: the pool drops its transfers without calling back.
struct operation {
    struct usher_context *context;
    const struct pool *pool;
    struct usher_transfer *engine; // NULL once it has ended
    struct usher_reference future; // keeps the userdata
};

static const char pool_key = 'p';

static bool pool_is_open(const void *userdata) {
    const struct pool *pool = userdata;
    return pool->engine != NULL;
}

static int pool_close(lua_State *L) {
    struct pool *pool = lua_touserdata(L, 1);
    struct usher_transfer_pool *engine = pool->engine;
    pool->engine = NULL;
    usher_transfer_pool_free(engine);
    return 0;
}

static const luaL_Reg pool_methods[] = {{"__gc", pool_close}, {NULL, NULL}};
static const struct usher_class pool_class = {"usher.transfer_pool", pool_methods, NULL, pool_is_open};

static struct pool *get_pool(lua_State *L) {
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &pool_key) == LUA_TNIL) {
        struct pool *new_pool = usher_class_new(L, &pool_class, sizeof *new_pool, 0);
        new_pool->engine = usher_transfer_pool_new(usher_context_get(L)->loop);
        if (new_pool->engine == NULL)
            luaL_error(L, "cannot create the transfers' pool");
        lua_pushvalue(L, -1);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &pool_key);
    }
    struct pool *pool = lua_touserdata(L, -1);
    if (pool->engine == NULL)
        luaL_error(L, "the state is closing");
    lua_settop(L, SLOT_LAST);
    return pool;
}

static int push_failure(lua_State *L, enum usher_error error, const char *message, bool sent) {
    usher_failure_push(L, error, message);
    lua_pushboolean(L, sent);
    lua_setfield(L, -2, "sent");
    return 2;
}

static int push_response(lua_State *L, const struct usher_transfer *transfer) {
    lua_createtable(L, 0, 3);
    lua_pushinteger(L, usher_transfer_status(transfer));
    lua_setfield(L, -2, "status");
    lua_newtable(L);
    void *cursor = NULL;
    struct usher_field field;
    while (usher_transfer_next_field(transfer, &cursor, &field))
        usher_http_message_add_field(L, &field);
    lua_setfield(L, -2, "headers");
    struct usher_text body = usher_transfer_body(transfer);
    lua_pushlstring(L, body.bytes, body.length);
    lua_setfield(L, -2, "body");
    return 1;
}

static int push_outcome(lua_State *L, void *arg) {
    const struct usher_transfer *transfer = arg;
    enum usher_error error = usher_transfer_error(transfer);
    if (error == USHER_ERROR_NONE)
        return push_response(L, transfer);
    return push_failure(L, error, usher_transfer_message(transfer), usher_transfer_is_sent(transfer));
}

static void on_done(struct usher_transfer *transfer, void *arg) {
    struct operation *operation = arg;
    operation->engine = NULL;
    usher_future_settle(operation->context, &operation->future, push_outcome, transfer);
}

// The waiting task is closed: on_done still comes, with an outcome that nobody waits for. At the end of the
// state the pool may be finalised, its transfers dropped, before that task is closed.
static void cancel(void *arg) {
    struct operation *operation = arg;
    if (operation->engine != NULL && operation->pool->engine != NULL)
        usher_transfer_cancel(operation->engine);
}

static struct usher_text text_at(lua_State *L, int index) {
    struct usher_text text;
    text.bytes = lua_tolstring(L, index, &text.length);
    return text;
}

static struct usher_text check_text(lua_State *L, int index, const char *message) {
    luaL_argcheck(L, lua_type(L, index) == LUA_TSTRING, ARGUMENT_REQUEST, message);
    return text_at(L, index);
}

// The field whose name and value are on top of the stack.
static struct usher_field check_field(lua_State *L) {
    struct usher_field field = {.name = check_text(L, -2, "headers must be strings by name"),
                                .value = check_text(L, -1, "headers must be strings by name")};
    if (!usher_transfer_request_is_field(&field))
        luaL_argerror(L, ARGUMENT_REQUEST, "a header that cannot be sent, or that is not the caller's");
    return field;
}

// Replaces the headers by a copy that no other code can change while the request points to its strings.
static size_t copy_headers(lua_State *L) {
    size_t count = 0;
    lua_newtable(L);
    int copy = lua_gettop(L);
    for (lua_pushnil(L); lua_next(L, SLOT_HEADERS) != 0; count++) {
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_rawset(L, copy);
    }
    lua_replace(L, SLOT_HEADERS);
    return count;
}

static void read_headers(lua_State *L, struct usher_transfer_request *request) {
    if (lua_isnil(L, SLOT_HEADERS))
        return;
    luaL_argcheck(L, lua_istable(L, SLOT_HEADERS), ARGUMENT_REQUEST, "headers must be a table");
    size_t count = copy_headers(L);
    struct usher_field *fields = lua_newuserdatauv(L, (count + 1) * sizeof *fields, 0);
    lua_replace(L, SLOT_FIELDS);
    request->fields = fields;
    for (lua_pushnil(L); lua_next(L, SLOT_HEADERS) != 0; lua_pop(L, 1))
        fields[request->field_count++] = check_field(L);
}

static lua_Integer check_integer(lua_State *L, int slot, lua_Integer least, lua_Integer most,
                                 lua_Integer fallback, const char *message) {
    if (lua_isnil(L, slot))
        return fallback;
    int is_integer = 0;
    lua_Integer value = lua_tointegerx(L, slot, &is_integer);
    luaL_argcheck(L, is_integer && value >= least && value <= most, ARGUMENT_REQUEST, message);
    return value;
}

static void read_method(lua_State *L, struct usher_transfer_request *request) {
    struct usher_text method = check_text(L, SLOT_METHOD, "method must be a string");
    luaL_argcheck(L, usher_transfer_request_is_method(method), ARGUMENT_REQUEST,
                  "method must be capital letters");
    request->method = method.bytes;
}

static void read_body(lua_State *L, struct usher_transfer_request *request) {
    if (lua_isnil(L, SLOT_BODY))
        return;
    request->body = check_text(L, SLOT_BODY, "body must be a string");
    luaL_argcheck(L, strcmp(request->method, "HEAD") != 0, ARGUMENT_REQUEST, "HEAD has no body");
}

static void read_ca_file(lua_State *L, struct usher_transfer_request *request) {
    if (lua_isnil(L, SLOT_CA_FILE))
        return;
    struct usher_text path = check_text(L, SLOT_CA_FILE, "ca_file must be a string");
    luaL_argcheck(L, strlen(path.bytes) == path.length, ARGUMENT_REQUEST, "ca_file holds a NUL");
    request->ca_file = path.bytes;
}

// Raises on misuse. Leaves SLOT_LAST values on the stack that the request points into.
static void read_request(lua_State *L, struct usher_transfer_request *request) {
    static const char *const keys[] = {"method",     "url",     "headers",       "body",
                                       "timeout_ms", "ca_file", "max_body_bytes"};
    luaL_checktype(L, ARGUMENT_REQUEST, LUA_TTABLE);
    lua_settop(L, ARGUMENT_REQUEST);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        lua_getfield(L, ARGUMENT_REQUEST, keys[i]);
    lua_settop(L, SLOT_LAST);
    read_method(L, request);
    request->url = check_text(L, SLOT_URL, "url must be a string");
    read_headers(L, request);
    read_body(L, request);
    read_ca_file(L, request);
    request->timeout_ms = (long)check_integer(L, SLOT_TIMEOUT, 1, INT_MAX, DEFAULT_TIMEOUT_MS,
                                              "timeout_ms must be a positive integer");
    request->max_body_bytes =
        (size_t)check_integer(L, SLOT_MAX_BODY, 0, MAX_BODY_BYTES, DEFAULT_MAX_BODY_BYTES,
                              "max_body_bytes must be an integer from 0 to 2^30");
}

static int l_perform(lua_State *L) {
    struct usher_transfer_request request = {0};
    read_request(L, &request);
    usher_future_check_wait(L);
    struct pool *pool = get_pool(L);
    struct operation *operation = lua_newuserdatauv(L, sizeof *operation, 0);
    *operation = (struct operation){.context = usher_context_get(L), .pool = pool};
    usher_future_new(L);
    usher_future_keep(L, -1, -2);
    lua_pushvalue(L, -1);
    usher_reference_set(L, &operation->future);
    enum usher_error error = USHER_ERROR_NONE;
    operation->engine = usher_transfer_start(pool->engine, &request, on_done, operation, &error);
    if (operation->engine == NULL) {
        usher_reference_clear(L, &operation->future);
        return push_failure(L, error, NULL, false);
    }
    usher_future_on_cancel(L, -1, cancel, operation);
    return usher_future_wait(L);
}

static const luaL_Reg functions[] = {{"perform", l_perform}, {NULL, NULL}};

int usher_bind_transfer(lua_State *L) {
    usher_class_register(L, &pool_class);
    luaL_newlib(L, functions);
    return 1;
}
