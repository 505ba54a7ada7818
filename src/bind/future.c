// SPDX-License-Identifier: MIT
#include "future.h"

#include "context.h"
#include "failure.h"
#include "modules.h"
#include "task.h"

// User values: the packed values once resolved; the list of waiting tasks and chained futures before.
enum { VALUE_VALUES = 1, VALUE_WAITERS = 2, VALUE_COUNT = 2 };

struct future {
    bool resolved;
    int count;
    void (*cancel)(void *arg);
    void *cancel_arg;
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

// Gives the future at `index` the packed values on top of the stack, popped. Cannot fail.
static void keep_values(lua_State *L, int index, int count) {
    struct future *future = lua_touserdata(L, index);
    lua_setiuservalue(L, index, VALUE_VALUES);
    future->count = count;
    future->cancel = NULL;
    future->resolved = true;
}

// Pushes the list of who waits for the future at `index`, which has none from then on.
static void take_waiters(lua_State *L, int index) {
    index = lua_absindex(L, index);
    lua_getiuservalue(L, index, VALUE_WAITERS);
    lua_pushnil(L);
    lua_setiuservalue(L, index, VALUE_WAITERS);
}

// Gives the chained future on top of the stack, popped, the values at `values`, and lets those who wait for
// it follow the list at `waiters`. Where the future was the list's last, its list takes the place of that
// one, so that a chain of any length needs no memory. Returns the next position in the list.
static lua_Integer follow(lua_State *L, int values, int count, int waiters, lua_Integer position) {
    int follower = lua_gettop(L);
    const struct future *future = usher_class_check(L, follower, &future_class);
    if (future->resolved) {
        lua_pop(L, 1);
        return position + 1;
    }
    lua_pushvalue(L, values);
    keep_values(L, follower, count);
    take_waiters(L, follower);
    lua_remove(L, follower);
    if (position == luaL_len(L, waiters)) {
        lua_replace(L, waiters);
        return 1;
    }
    lua_Integer length = luaL_len(L, -1);
    for (lua_Integer i = 1; i <= length; i++) {
        lua_rawgeti(L, -1, i);
        lua_rawseti(L, waiters, luaL_len(L, waiters) + 1);
    }
    lua_pop(L, 1);
    return position + 1;
}

// The packed values are on top of the stack, popped.
static void wake_all(lua_State *L, int index, int count) {
    int values = lua_gettop(L);
    take_waiters(L, index);
    int waiters = lua_gettop(L);
    for (lua_Integer position = 1; position <= luaL_len(L, waiters);) {
        lua_rawgeti(L, waiters, position);
        struct usher_task *task = usher_task_test(L, -1);
        if (task == NULL) {
            position = follow(L, values, count, waiters, position);
            continue;
        }
        usher_task_ready(task);
        lua_pop(L, 1);
        position++;
    }
    lua_settop(L, values - 1);
}

void usher_future_resolve(lua_State *L, int index, int count) {
    index = lua_absindex(L, index);
    const struct future *future = usher_class_check(L, index, &future_class);
    if (future->resolved) {
        lua_pop(L, count);
        return;
    }
    luaL_checkstack(L, LUA_MINSTACK, "no room to resolve a future");
    lua_createtable(L, count, 0);
    lua_insert(L, -1 - count);
    for (int i = count; i >= 1; i--)
        lua_rawseti(L, -1 - i, i);
    lua_pushvalue(L, -1);
    keep_values(L, index, count);
    wake_all(L, index, count);
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
    usher_future_push_fn push;
    void *arg;
    enum usher_error error;
};

static int settle_body(lua_State *L) {
    struct settlement *settlement = lua_touserdata(L, 1);
    usher_reference_push(L, settlement->future);
    if (lua_isnil(L, -1))
        return 0;
    int future = lua_gettop(L);
    int count = settlement->push != NULL ? settlement->push(L, settlement->arg)
                                         : usher_failure_push(L, settlement->error, NULL);
    usher_future_resolve(L, future, count);
    return 0;
}

void usher_future_settle(struct usher_context *context, struct usher_reference *future,
                         usher_future_push_fn push, void *arg) {
    struct settlement settlement = {future, push, arg, USHER_ERROR_INTERNAL};
    if (!usher_context_enter(context, settle_body, &settlement)) {
        settlement.push = NULL;
        usher_context_enter(context, settle_body, &settlement);
    }
    if (context->L != NULL)
        usher_reference_clear(context->L, future);
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
