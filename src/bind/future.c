// SPDX-License-Identifier: MIT
#include "future.h"

#include "context.h"
#include "failure.h"
#include "modules.h"
#include "task.h"

// User values: the packed values once resolved; before, the list of waiting tasks and chained futures; what
// the future keeps alive; the next of the futures whose followers are still to be resolved.
enum { VALUE_VALUES = 1, VALUE_WAITERS = 2, VALUE_KEPT = 3, VALUE_NEXT = 4, VALUE_COUNT = 4 };

// What resolving needs of the stack: less than a C function has from the start.
enum { RESOLVE_STACK = LUA_MINSTACK / 2 };

struct future {
    bool resolved;
    int count;
    void (*cancel)(void *arg);
    void *cancel_arg;
    struct usher_reference self; // while it is in the context's list of those to be settled late
    struct future *next_late;
};

static int l_new(lua_State *L);
static int m_resolve(lua_State *L);
static int m_wait(lua_State *L);
static int m_chain(lua_State *L);
static int m_is_resolved(lua_State *L);

static const luaL_Reg functions[] = {{"new", l_new}, {NULL, NULL}};
static const luaL_Reg methods[] = {{"resolve", m_resolve},
                                   {"wait", m_wait},
                                   {"chain", m_chain},
                                   {"is_resolved", m_is_resolved},
                                   {NULL, NULL}};
static const struct usher_class future_class = {"usher.future", methods, NULL, NULL};

int usher_bind_future(lua_State *L) {
    usher_class_register(L, &future_class);
    luaL_newlib(L, functions);
    return 1;
}

void usher_future_new(lua_State *L) {
    usher_class_new(L, &future_class, sizeof(struct future), VALUE_COUNT);
    lua_createtable(L, 1, 0);
    lua_setiuservalue(L, -2, VALUE_WAITERS);
}

void usher_future_keep(lua_State *L, int index, int value) {
    index = lua_absindex(L, index);
    lua_pushvalue(L, value);
    lua_setiuservalue(L, index, VALUE_KEPT);
}

// Gives the future at `index` the packed values on top of the stack, popped. Cannot fail.
static void take_values(lua_State *L, int index, int count) {
    struct future *future = lua_touserdata(L, index);
    lua_setiuservalue(L, index, VALUE_VALUES);
    future->count = count;
    future->cancel = NULL;
    future->resolved = true;
}

// Gives the future on top of the stack the values of the one at `index`, and puts it behind the one at
// `last`, whose place it takes.
static void follow(lua_State *L, int index, int last) {
    int follower = lua_gettop(L);
    const struct future *future = usher_class_check(L, follower, &future_class);
    if (future->resolved)
        return;
    lua_getiuservalue(L, index, VALUE_VALUES);
    take_values(L, follower, ((const struct future *)lua_touserdata(L, index))->count);
    lua_pushvalue(L, follower);
    lua_setiuservalue(L, last, VALUE_NEXT);
    lua_copy(L, follower, last);
}

// Readies the tasks that wait for the resolved future at `index`, and resolves those chained to it.
static void wake_waiters(lua_State *L, int index, int last) {
    lua_getiuservalue(L, index, VALUE_WAITERS);
    int waiters = lua_gettop(L);
    lua_pushnil(L);
    lua_setiuservalue(L, index, VALUE_WAITERS);
    lua_Integer count = (lua_Integer)lua_rawlen(L, waiters);
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, waiters, i);
        struct usher_task *task = usher_task_test(L, -1);
        if (task != NULL)
            usher_task_ready(task);
        else
            follow(L, index, last);
        lua_settop(L, waiters);
    }
    lua_pop(L, 1);
}

// Wakes whoever waits for the resolved future at `index` or for one chained to it, however long the chain.
// Cannot fail: it needs no memory.
static void wake_all(lua_State *L, int index) {
    lua_pushvalue(L, index);
    lua_pushvalue(L, index);
    int last = lua_gettop(L);
    int current = last - 1;
    while (!lua_isnil(L, current)) {
        wake_waiters(L, current, last);
        lua_getiuservalue(L, current, VALUE_NEXT);
        lua_pushnil(L);
        lua_setiuservalue(L, current, VALUE_NEXT);
        lua_replace(L, current);
    }
    lua_pop(L, 2);
}

// Puts the `count` values on top of the stack, popped, into a table; without one there is none.
static void pack(lua_State *L, int count) {
    if (count == 0) {
        lua_pushnil(L);
        return;
    }
    lua_createtable(L, count, 0);
    lua_insert(L, -1 - count);
    for (int i = count; i >= 1; i--)
        lua_rawseti(L, -1 - i, i);
}

void usher_future_resolve(lua_State *L, int index, int count) {
    index = lua_absindex(L, index);
    const struct future *future = usher_class_check(L, index, &future_class);
    if (future->resolved) {
        lua_pop(L, count);
        return;
    }
    luaL_checkstack(L, RESOLVE_STACK, "no room to resolve a future");
    pack(L, count);
    // By a finalizer that this has run.
    if (future->resolved) {
        lua_pop(L, 1);
        return;
    }
    take_values(L, index, count);
    wake_all(L, index);
}

int usher_future_push_values(lua_State *L, int index) {
    index = lua_absindex(L, index);
    struct future *future = usher_class_check(L, index, &future_class);
    luaL_checkstack(L, future->count + 2, "too many values");
    lua_getiuservalue(L, index, VALUE_VALUES);
    int values = lua_gettop(L);
    for (int i = 1; i <= future->count; i++)
        lua_rawgeti(L, values, i);
    lua_remove(L, values);
    return future->count;
}

// Why waiting is impossible here; NULL where it is possible.
static const char *refuse_wait(lua_State *L) {
    struct usher_context *context = usher_context_get(L);
    if (usher_task_of(L) != NULL)
        return lua_isyieldable(L) ? NULL : "inside a call that cannot be yielded across";
    if (context->L != NULL)
        return "the loop runs, and this is not a task that usher started";
    bool is_main = lua_pushthread(L) == 1;
    lua_pop(L, 1);
    return is_main ? NULL : "this coroutine was not started by usher";
}

bool usher_future_can_wait(lua_State *L) {
    return refuse_wait(L) == NULL;
}

void usher_future_check_wait(lua_State *L) {
    const char *refusal = refuse_wait(L);
    if (refusal != NULL)
        luaL_error(L, "cannot wait here: %s", refusal);
    luaL_checkstack(L, 2 * LUA_MINSTACK,
                    "no room to wait"); // so that waiting for one's own future cannot fail
}

static int continue_wait(lua_State *L, int status, lua_KContext index) {
    (void)status;
    return usher_future_push_values(L, (int)index);
}

static void append_waiter(lua_State *L, int future) {
    lua_getiuservalue(L, future, VALUE_WAITERS);
    lua_insert(L, -2);
    lua_rawseti(L, -2, luaL_len(L, -2) + 1);
    lua_pop(L, 1);
}

int usher_future_wait(lua_State *L) {
    int index = lua_gettop(L);
    struct future *future = usher_class_check(L, index, &future_class);
    if (future->resolved)
        return usher_future_push_values(L, index);
    usher_future_check_wait(L);
    struct usher_task *task = usher_task_of(L);
    if (task != NULL) {
        luaL_checkstack(L, LUA_MINSTACK, "no room to wait");
        usher_task_push(L, task);
        append_waiter(L, index);
        usher_task_wait(L, task, index);
        return lua_yieldk(L, 0, index, continue_wait);
    }
    struct usher_context *context = usher_context_get(L);
    while (!future->resolved)
        if (!usher_context_run(context, L, USHER_LOOP_ONCE) && !future->resolved)
            return luaL_error(L, "cannot wait: nothing is left that could end the wait");
    return usher_future_push_values(L, index);
}

void usher_future_on_cancel(lua_State *L, int index, void (*cancel)(void *arg), void *arg) {
    struct future *future = usher_class_check(L, index, &future_class);
    future->cancel = cancel;
    future->cancel_arg = arg;
}

void usher_future_leave(lua_State *L, int index, int task) {
    index = lua_absindex(L, index);
    task = lua_absindex(L, task);
    struct future *future = usher_class_check(L, index, &future_class);
    if (lua_getiuservalue(L, index, VALUE_WAITERS) == LUA_TTABLE) {
        lua_Integer kept = 0;
        lua_Integer length = luaL_len(L, -1);
        for (lua_Integer i = 1; i <= length; i++) {
            lua_rawgeti(L, -1, i);
            if (lua_rawequal(L, -1, task))
                lua_pop(L, 1);
            else
                lua_rawseti(L, -2, ++kept);
        }
        for (lua_Integer i = kept + 1; i <= length; i++) {
            lua_pushnil(L);
            lua_rawseti(L, -2, i);
        }
        void (*cancel)(void *) = kept == 0 ? future->cancel : NULL;
        if (cancel != NULL) {
            future->cancel = NULL;
            cancel(future->cancel_arg);
        }
    }
    lua_pop(L, 1);
}

struct settlement {
    struct usher_reference *future;
    usher_future_push_fn push; // NULL: it failed for want of memory
    void *arg;
};

static int settle_body(lua_State *L) {
    struct settlement *settlement = lua_touserdata(L, 1);
    usher_reference_push(L, settlement->future);
    if (lua_isnil(L, -1))
        return 0;
    int future = lua_gettop(L);
    int count = settlement->push != NULL ? settlement->push(L, settlement->arg)
                                         : usher_failure_push(L, USHER_ERROR_OUT_OF_MEMORY, NULL);
    usher_future_resolve(L, future, count);
    return 0;
}

// Moves the reference into the future itself, in the context's list: no memory is needed.
static void postpone(struct usher_context *context, struct usher_reference *reference) {
    usher_reference_push(context->L, reference);
    struct future *future = lua_touserdata(context->L, -1);
    lua_pop(context->L, 1);
    if (future == NULL)
        return;
    struct usher_reference moved = *reference;
    *reference = (struct usher_reference){0};
    future->self = moved;
    future->next_late = context->late;
    context->late = future;
    usher_loop_want_turn(context->loop, true);
}

void usher_future_settle(struct usher_context *context, struct usher_reference *future,
                         usher_future_push_fn push, void *arg) {
    struct settlement settlement = {future, push, arg};
    bool is_settled = usher_context_enter(context, settle_body, &settlement);
    if (!is_settled) {
        settlement.push = NULL;
        is_settled = usher_context_enter(context, settle_body, &settlement);
    }
    if (context->L == NULL || context->closing)
        return;
    if (is_settled)
        usher_reference_clear(context->L, future);
    else
        postpone(context, future);
}

void usher_future_settle_late(struct usher_context *context) {
    struct future *future = context->late;
    context->late = NULL;
    while (future != NULL) {
        struct future *next = future->next_late;
        usher_future_settle(context, &future->self, NULL, NULL);
        future = next;
    }
}

static int l_new(lua_State *L) {
    usher_future_new(L);
    return 1;
}

static int m_resolve(lua_State *L) {
    usher_class_check(L, 1, &future_class);
    usher_future_resolve(L, 1, lua_gettop(L) - 1);
    return 0;
}

static int m_wait(lua_State *L) {
    usher_class_check(L, 1, &future_class);
    lua_settop(L, 1);
    return usher_future_wait(L);
}

static int m_chain(lua_State *L) {
    struct future *future = usher_class_check(L, 1, &future_class);
    usher_class_check(L, 2, &future_class);
    luaL_argcheck(L, !lua_rawequal(L, 1, 2), 2, "a future cannot follow itself");
    lua_settop(L, 2);
    if (future->resolved)
        usher_future_resolve(L, 2, usher_future_push_values(L, 1));
    else
        append_waiter(L, 1);
    return 0;
}

static int m_is_resolved(lua_State *L) {
    const struct future *future = usher_class_check(L, 1, &future_class);
    lua_pushboolean(L, future->resolved);
    return 1;
}
