// SPDX-License-Identifier: MIT
#include "context.h"
#include "future.h"
#include "modules.h"
#include "task.h"

#include <limits.h>

enum { ARGUMENT_SELF = 1, ARGUMENT_FUNCTION = 2, ARGUMENT_COUNT = 2, ARGUMENT_LIMITED = 3 };

static struct usher_context *idle_context(lua_State *L) {
    struct usher_context *context = usher_context_get(L);
    if (context->L != NULL)
        luaL_error(L, "the loop is running already");
    return context;
}

static int m_run(lua_State *L) {
    usher_context_run(idle_context(L), L, USHER_LOOP_UNTIL_DONE);
    return 0;
}

static int m_step(lua_State *L) {
    lua_pushboolean(L, usher_context_run(idle_context(L), L, USHER_LOOP_POLL));
    return 1;
}

static int m_stop(lua_State *L) {
    usher_loop_stop(usher_context_get(L)->loop);
    return 0;
}

static int m_fd(lua_State *L) {
    lua_pushinteger(L, usher_loop_fd(usher_context_get(L)->loop));
    return 1;
}

static int m_timeout(lua_State *L) {
    int timeout_ms = usher_loop_timeout_ms(usher_context_get(L)->loop);
    if (timeout_ms < 0)
        return 0;
    lua_pushinteger(L, timeout_ms);
    return 1;
}

static int m_spawn(lua_State *L) {
    luaL_checktype(L, ARGUMENT_FUNCTION, LUA_TFUNCTION);
    usher_task_ready(usher_task_new(L, lua_gettop(L) - ARGUMENT_FUNCTION, NULL));
    return 1;
}

static int m_is_running(lua_State *L) {
    lua_pushboolean(L, usher_context_get(L)->L != NULL);
    return 1;
}

static int m_has_ready_tasks(lua_State *L) {
    lua_pushboolean(L, usher_context_get(L)->ready_first != NULL);
    return 1;
}

static int m_can_wait(lua_State *L) {
    lua_pushboolean(L, usher_task_of(L) != NULL && lua_isyieldable(L));
    return 1;
}

static int m_on_error(lua_State *L) {
    if (!lua_isnoneornil(L, ARGUMENT_FUNCTION))
        luaL_checktype(L, ARGUMENT_FUNCTION, LUA_TFUNCTION);
    struct usher_context *context = usher_context_get(L);
    usher_reference_push(L, &context->error_sink);
    if (lua_isnoneornil(L, ARGUMENT_FUNCTION)) {
        usher_reference_clear(L, &context->error_sink);
        return 1;
    }
    lua_pushvalue(L, ARGUMENT_FUNCTION);
    usher_reference_set(L, &context->error_sink);
    return 1;
}

static int m_tasks(lua_State *L) {
    lua_pushinteger(L, usher_task_count(L));
    return 1;
}

// Raises at every further instruction: a function that catches the error cannot go on either.
static void cut_loop(lua_State *L, lua_Debug *activation) {
    (void)activation;
    lua_sethook(L, cut_loop, LUA_MASKCOUNT, 1);
    luaL_error(L, "cut: too many instructions without an end");
}

struct limited_call {
    struct usher_context *context;
    struct usher_reference
        future; // keeps the userdata until the call has ended: its caller may be closed first
};

static int drop_call(lua_State *L) {
    struct limited_call *call = lua_touserdata(L, 1);
    usher_reference_clear(L, &call->future);
    return 0;
}

static const luaL_Reg limited_call_methods[] = {{"__gc", drop_call}, {NULL, NULL}};
static const struct usher_class limited_call_class = {"usher.limited_call", limited_call_methods, NULL, NULL};

static void on_call_returned(lua_State *L, int results, void *arg) {
    struct limited_call *call = arg;
    lua_sethook(L, NULL, 0, 0);
    luaL_checkstack(L, LUA_MINSTACK, "too many results");
    usher_reference_push(L, &call->future);
    lua_insert(L, -1 - results);
    lua_pushboolean(L, true);
    lua_insert(L, -1 - results);
    usher_future_resolve(L, -2 - results, results + 1);
    usher_reference_clear(L, &call->future);
}

static int push_false(lua_State *L, void *arg) {
    (void)arg;
    lua_pushboolean(L, false);
    return 1;
}

static void on_call_failed(void *arg) {
    struct limited_call *call = arg;
    usher_future_settle(call->context, &call->future, push_false, NULL);
}

static int m_limited(lua_State *L) {
    lua_Integer count = luaL_checkinteger(L, ARGUMENT_COUNT);
    luaL_argcheck(L, count > 0 && count <= INT_MAX, ARGUMENT_COUNT, "not a number of instructions");
    luaL_checktype(L, ARGUMENT_LIMITED, LUA_TFUNCTION);
    usher_future_check_wait(L);
    struct limited_call *call = usher_class_new(L, &limited_call_class, sizeof *call, 0);
    lua_replace(L, ARGUMENT_COUNT);
    call->context = usher_context_get(L);
    usher_future_new(L);
    lua_copy(L, -1, ARGUMENT_SELF);
    usher_reference_set(L, &call->future);
    struct usher_task_owner owner = {on_call_returned, on_call_failed, call};
    struct usher_task *task = usher_task_new(L, lua_gettop(L) - ARGUMENT_LIMITED, &owner);
    // Before this the call is garbage where something raises, and gives its future free.
    usher_future_keep(L, ARGUMENT_SELF, ARGUMENT_COUNT);
    usher_task_limit(task, cut_loop, (int)count);
    usher_task_ready(task);
    lua_settop(L, ARGUMENT_SELF);
    return usher_future_wait(L);
}

struct listing {
    const char *names[64];
    int count;
};

static void list_handle(const char *type, bool is_active, void *arg) {
    struct listing *listing = arg;
    if (listing->count < (int)(sizeof listing->names / sizeof listing->names[0]) && is_active)
        listing->names[listing->count++] = type;
}

static int m_handles(lua_State *L) {
    struct listing listing = {.count = 0};
    usher_loop_visit(usher_context_get(L)->loop, list_handle, &listing);
    lua_createtable(L, listing.count, 0);
    for (int i = 0; i < listing.count; i++) {
        lua_pushstring(L, listing.names[i]);
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

static const luaL_Reg methods[] = {{"run", m_run},
                                   {"step", m_step},
                                   {"stop", m_stop},
                                   {"fd", m_fd},
                                   {"timeout", m_timeout},
                                   {"spawn", m_spawn},
                                   {"is_running", m_is_running},
                                   {"can_wait", m_can_wait},
                                   {"has_ready_tasks", m_has_ready_tasks},
                                   {"on_error", m_on_error},
                                   {"limited", m_limited},
                                   {"tasks", m_tasks},
                                   {"handles", m_handles},
                                   {NULL, NULL}};

int usher_bind_loop(lua_State *L) {
    usher_class_register(L, &limited_call_class);
    luaL_newlib(L, methods);
    return 1;
}
