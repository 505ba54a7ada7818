// SPDX-License-Identifier: MIT
#include "context.h"

#include "future.h"
#include "task.h"
#include "trace.h"

#include <stdio.h>
#include <stdlib.h>

// Room that a callback finds on the running state's stack: the door itself needs four places.
enum { DOOR_STACK = LUA_MINSTACK };

static const char context_key = 'c';

static bool context_is_open(const void *userdata) {
    const struct usher_context *context = userdata;
    return context->loop != NULL;
}

static int context_close(lua_State *L) {
    struct usher_context *context = lua_touserdata(L, 1);
    struct usher_loop *loop = context->loop;
    context->closing = true;
    context->loop = NULL;
    // A state closed by a task, os.exit(code, true), stands on a running loop: that one ends with the
    // process.
    if (context->L == NULL)
        usher_loop_free(loop);
    return 0;
}

// Not among the closers: Lua code cannot close the loop, only the end of the state does.
static const luaL_Reg methods[] = {{"__gc", context_close}, {NULL, NULL}};
static const struct usher_class context_class = {"usher.context", methods, NULL, context_is_open};

// Where memory is short what is left over makes the loop turn without a rest: nothing may be lost.
static void on_turn(void *arg) {
    struct usher_context *context = arg;
    usher_future_settle_late(context);
    usher_task_resume_ready(context);
    usher_loop_want_turn(context->loop, context->ready_first != NULL || context->late != NULL);
}

struct usher_context *usher_context_get(lua_State *L) {
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &context_key) == LUA_TUSERDATA) {
        struct usher_context *context = lua_touserdata(L, -1);
        lua_pop(L, 1);
        if (context->closing)
            luaL_error(L, "the state is closing");
        return context;
    }
    lua_pop(L, 1);
    usher_class_register(L, &context_class);
    struct usher_context *context = usher_class_new(L, &context_class, sizeof *context, 0);
    context->loop = usher_loop_new();
    if (context->loop == NULL) {
        luaL_error(L, "cannot create an event loop");
        return NULL;
    }
    usher_trace_select(usher_loop_trace(context->loop), getenv("USHER_TRACE"));
    usher_loop_on_turn(context->loop, on_turn, context);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &context_key);
    return context;
}

bool usher_context_run(struct usher_context *context, lua_State *L, enum usher_loop_mode mode) {
    luaL_checkstack(L, DOOR_STACK, "no room to run the loop");
    context->L = L;
    bool alive = usher_loop_run(context->loop, mode);
    context->L = NULL;
    return alive;
}

static int add_traceback(lua_State *L) {
    luaL_traceback(L, L, luaL_tolstring(L, 1, NULL), 1);
    return 1;
}

bool usher_context_enter(struct usher_context *context, lua_CFunction body, void *arg) {
    lua_State *L = context->L;
    if (context->closing || L == NULL)
        return false;
    int top = lua_gettop(L);
    lua_pushcfunction(L, add_traceback);
    lua_pushcfunction(L, body);
    lua_pushlightuserdata(L, arg);
    bool succeeded = lua_pcall(L, 1, 0, top + 1) == LUA_OK;
    if (!succeeded)
        usher_context_report(context, L);
    lua_settop(L, top);
    return succeeded;
}

void usher_context_call(lua_State *L, int arguments, int results) {
    lua_call(L, arguments, results);
}

static int to_text(lua_State *L) {
    luaL_tolstring(L, 1, NULL);
    return 1;
}

// Puts a text in the place of the error on top of the stack: what it shows of itself, or what it raises
// instead.
static void make_text(lua_State *L) {
    if (lua_type(L, -1) == LUA_TSTRING)
        return;
    lua_pushcfunction(L, to_text);
    lua_insert(L, -2);
    lua_pcall(L, 1, 1, 0);
}

static int call_sink(lua_State *L) {
    struct usher_context *context = lua_touserdata(L, 1);
    usher_reference_push(L, &context->error_sink);
    if (lua_type(L, 2) == LUA_TSTRING)
        lua_pushvalue(L, 2);
    else
        lua_pushliteral(L, "an error that cannot be shown");
    lua_call(L, 1, 0);
    return 0;
}

void usher_context_report(struct usher_context *context, lua_State *L) {
    bool has_room = lua_checkstack(L, LUA_MINSTACK);
    if (has_room)
        make_text(L);
    if (has_room && context->error_sink.key != 0) {
        lua_pushcfunction(L, call_sink);
        lua_pushlightuserdata(L, context);
        lua_pushvalue(L, -3);
        if (lua_pcall(L, 2, 0, 0) == LUA_OK) {
            lua_pop(L, 1);
            return;
        }
        lua_pop(L, 1);
    }
    const char *message =
        lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "an error that cannot be shown";
    fprintf(stderr, "usher: %s\n", message);
    lua_pop(L, 1);
}
