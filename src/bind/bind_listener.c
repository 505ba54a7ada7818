// SPDX-License-Identifier: MIT
#include "bind_tls.h"
#include "buffer.h"
#include "class.h"
#include "context.h"
#include "failure.h"
#include "future.h"
#include "http_message.h"
#include "listener.h"
#include "listener_options.h"
#include "modules.h"
#include "peer.h"
#include "response_writer.h"
#include "task.h"

#include <stdlib.h>

enum { VALUE_HANDLER = 1, VALUE_KEPT = 2, VALUE_COUNT = 2 };
enum { RETRY_MS = 100 }; // until a drained listener is closed, unless there was memory for it at once
enum { ARGUMENT_SELF = 1, ARGUMENT_TIMEOUT = 2, ARGUMENT_TLS = 2 };

struct exchange;

struct listener {
    struct usher_context *context;
    struct usher_listener *engine;
    struct usher_reference anchor;  // the userdata itself while open
    struct usher_reference drained; // the future that m_drain waits for
    struct exchange *exchanges;     // whose tasks have not ended
};

// One request, until its handler has ended.
struct exchange {
    struct usher_connection *connection;
    struct usher_task *task;   // NULL until it is made
    struct listener *listener; // NULL once that is closed, by this very handler then, or the task has ended
    struct exchange *previous;
    struct exchange *next;
};

static bool listener_is_open(const void *userdata) {
    const struct listener *listener = userdata;
    return listener->engine != NULL;
}

static int m_address(lua_State *L);
static int m_connections(lua_State *L);
static int m_secure(lua_State *L);
static int m_drain(lua_State *L);
static int m_close(lua_State *L);

static const luaL_Reg methods[] = {{"address", m_address},
                                   {"connections", m_connections},
                                   {"secure", m_secure},
                                   {"drain", m_drain},
                                   {NULL, NULL}};
static const struct usher_class listener_class = {"usher.listener", methods, m_close, listener_is_open};

static struct exchange *begin_exchange(struct listener *listener, struct usher_connection *connection) {
    struct exchange *exchange = calloc(1, sizeof *exchange);
    if (exchange == NULL)
        return NULL;
    exchange->connection = connection;
    exchange->listener = listener;
    exchange->next = listener->exchanges;
    if (exchange->next != NULL)
        exchange->next->previous = exchange;
    listener->exchanges = exchange;
    return exchange;
}

static void detach(struct exchange *exchange) {
    if (exchange->listener == NULL)
        return;
    if (exchange->previous != NULL)
        exchange->previous->next = exchange->next;
    else
        exchange->listener->exchanges = exchange->next;
    if (exchange->next != NULL)
        exchange->next->previous = exchange->previous;
    exchange->listener = NULL;
}

// Its task has ended: what is called below may close the listener, which must not look for that any more.
static void on_returned(lua_State *L, int results, void *arg) {
    struct exchange *exchange = arg;
    struct usher_response frame;
    bool keep_alive = false;
    detach(exchange);
    struct usher_buffer *out = usher_connection_begin(exchange->connection, &frame);
    luaL_checkstack(L, LUA_MINSTACK, "too many results");
    lua_pushnil(L); // the response of a handler that returned nothing
    if (out != NULL) {
        usher_http_message_write_response(L, -1 - results, &frame, out, &keep_alive);
        if (out->length == 0)
            usher_connection_close(exchange->connection);
    }
    usher_connection_send(exchange->connection, keep_alive);
    free(exchange);
}

static void on_failed(void *arg) {
    struct exchange *exchange = arg;
    detach(exchange);
    usher_connection_fail(exchange->connection, USHER_ERROR_INTERNAL);
    free(exchange);
}

struct arrival {
    struct exchange *exchange; // NULL once its task is the owner
    const struct usher_request *request;
};

// Adds `peer` to the request on top of the stack.
static void add_peer(lua_State *L, const struct usher_peer *peer) {
    if (peer == NULL)
        return;
    lua_createtable(L, 0, 3);
    lua_pushinteger(L, peer->uid);
    lua_setfield(L, -2, "uid");
    lua_pushinteger(L, peer->gid);
    lua_setfield(L, -2, "gid");
    lua_createtable(L, (int)peer->group_count, 0);
    for (size_t i = 0; i < peer->group_count; i++) {
        lua_pushinteger(L, peer->groups[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, "groups");
    lua_setfield(L, -2, "peer");
}

static int request_body(lua_State *L) {
    struct arrival *arrival = lua_touserdata(L, 1);
    struct exchange *exchange = arrival->exchange;
    struct usher_task_owner owner = {on_returned, on_failed, exchange};
    luaL_checkstack(L, 2 * LUA_MINSTACK, "no room for a request"); // nothing fails between task and owner
    usher_reference_push(L, &exchange->listener->anchor);
    lua_getiuservalue(L, -1, VALUE_HANDLER);
    usher_http_message_push_request(L, arrival->request, usher_connection_remote(exchange->connection));
    add_peer(L, usher_connection_peer(exchange->connection));
    exchange->task = usher_task_new(L, 1, &owner);
    arrival->exchange = NULL;
    usher_task_resume(L, exchange->task);
    return 0;
}

static void on_request(struct usher_connection *connection, const struct usher_request *request, void *arg) {
    struct listener *listener = arg;
    struct arrival arrival = {begin_exchange(listener, connection), request};
    if (arrival.exchange == NULL) {
        usher_connection_fail(connection, USHER_ERROR_OUT_OF_MEMORY);
        return;
    }
    usher_context_enter(listener->context, request_body, &arrival);
    if (arrival.exchange != NULL)
        on_failed(arrival.exchange);
}

// Handlers that wait are ended. One that runs, being the caller, or is just being started (a finalizer
// called) goes on; its response goes nowhere.
static void close_tasks(lua_State *L, struct listener *listener) {
    while (listener->exchanges != NULL) {
        struct exchange *exchange = listener->exchanges;
        detach(exchange);
        if (exchange->task == NULL || usher_task_is_running(exchange->task))
            continue;
        usher_task_push(L, exchange->task);
        usher_task_close(L, -1);
        lua_pop(L, 1);
    }
}

static void close_listener(lua_State *L, struct listener *listener) {
    struct usher_listener *engine = listener->engine;
    listener->engine = NULL;
    usher_listener_close(engine);
    close_tasks(L, listener);
    usher_reference_push(L, &listener->drained);
    if (!lua_isnil(L, -1))
        usher_future_resolve(L, lua_gettop(L), 0);
    lua_pop(L, 1);
    usher_reference_clear(L, &listener->drained);
    usher_reference_clear(L, &listener->anchor);
}

static int m_close(lua_State *L) {
    struct listener *listener = usher_class_check(L, ARGUMENT_SELF, &listener_class);
    if (listener->engine != NULL)
        close_listener(L, listener);
    return 0;
}

static int drained_body(lua_State *L) {
    struct listener *listener = lua_touserdata(L, 1);
    usher_reference_push(L, &listener->anchor);
    close_listener(L, listener);
    return 0;
}

// Where the door fails, Lua code that hears of it may close the listener and collect it.
static void on_drained(void *arg) {
    struct listener *listener = arg;
    usher_listener_drain(listener->engine, RETRY_MS, on_drained, listener);
    usher_context_enter(listener->context, drained_body, listener);
}

static int m_drain(lua_State *L) {
    struct listener *listener = usher_class_check(L, ARGUMENT_SELF, &listener_class);
    lua_Integer timeout_ms = luaL_checkinteger(L, ARGUMENT_TIMEOUT);
    luaL_argcheck(L, timeout_ms >= 0, ARGUMENT_TIMEOUT, "milliseconds cannot be negative");
    if (listener->engine == NULL)
        return 0;
    usher_future_check_wait(L);
    usher_reference_push(L, &listener->drained);
    if (lua_isnil(L, -1)) {
        usher_future_new(L);
        // By a finalizer that this has run.
        if (listener->engine == NULL)
            return 0;
        lua_pushvalue(L, -1);
        usher_reference_set(L, &listener->drained);
    }
    usher_listener_drain(listener->engine, (uint64_t)timeout_ms, on_drained, listener);
    return usher_future_wait(L);
}

static int m_address(lua_State *L) {
    const struct listener *listener = usher_class_check(L, ARGUMENT_SELF, &listener_class);
    luaL_argcheck(L, listener->engine != NULL, ARGUMENT_SELF, "closed");
    lua_pushstring(L, usher_listener_address(listener->engine));
    return 1;
}

static int m_connections(lua_State *L) {
    const struct listener *listener = usher_class_check(L, ARGUMENT_SELF, &listener_class);
    size_t count = listener->engine != NULL ? usher_listener_connections(listener->engine) : 0;
    lua_pushinteger(L, (lua_Integer)count);
    return 1;
}

static int m_secure(lua_State *L) {
    const struct listener *listener = usher_class_check(L, ARGUMENT_SELF, &listener_class);
    struct usher_tls *tls = lua_isnoneornil(L, ARGUMENT_TLS) ? NULL : usher_tls_argument(L, ARGUMENT_TLS);
    if (listener->engine != NULL)
        usher_listener_secure(listener->engine, tls);
    return 0;
}

static int l_open(lua_State *L) {
    struct usher_listener_options options;
    lua_settop(L, 1);
    usher_listener_options_check(L, 1, &options);
    struct listener *listener = usher_class_new(L, &listener_class, sizeof *listener, VALUE_COUNT);
    // Once more: error_body, or a finalizer, may have closed it.
    if (options.tls != NULL) {
        lua_getfield(L, -2, "tls");
        options.tls = usher_tls_argument(L, lua_gettop(L));
        lua_pop(L, 1);
    }
    lua_insert(L, -3);
    lua_setiuservalue(L, -3, VALUE_KEPT);
    lua_setiuservalue(L, -2, VALUE_HANDLER);
    lua_pushvalue(L, -1);
    usher_reference_set(L, &listener->anchor);
    listener->context = usher_context_get(L);
    options.on_request = on_request;
    options.arg = listener;
    enum usher_error error;
    listener->engine = usher_listener_open(listener->context->loop, &options, &error);
    if (listener->engine != NULL)
        return 1;
    usher_reference_clear(L, &listener->anchor);
    return usher_failure_push(
        L, error, error == USHER_ERROR_EXISTS ? "a file that is no socket is at this path" : NULL);
}

static const luaL_Reg functions[] = {{"open", l_open}, {NULL, NULL}};

int usher_bind_listener(lua_State *L) {
    usher_class_register(L, &listener_class);
    luaL_newlib(L, functions);
    return 1;
}
