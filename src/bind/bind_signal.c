// SPDX-License-Identifier: MIT
#include "class.h"
#include "context.h"
#include "failure.h"
#include "modules.h"
#include "signal.h"
#include "task.h"
#include "timer.h"

#include <signal.h>

enum { VALUE_HANDLER = 1, VALUE_COUNT = 1 };
enum { ARGUMENT_NAME = 1, ARGUMENT_HANDLER = 2 };

// Until a signal whose task could not be made for want of memory is tried again.
enum { RETRY_MS = 100 };

struct watch {
    struct usher_context *context;
    struct usher_signal *engine;
    struct usher_timer *retry;
    struct usher_reference anchor; // the userdata itself while open
};

static const char *const names[] = {"SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1", "SIGUSR2", NULL};
static const int numbers[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2};

static bool watch_is_open(const void *userdata) {
    const struct watch *watch = userdata;
    return watch->engine != NULL;
}

static int m_close(lua_State *L);

static const luaL_Reg methods[] = {{NULL, NULL}};
static const struct usher_class signal_class = {"usher.signal", methods, m_close, watch_is_open};

static void close_watch(lua_State *L, struct watch *watch) {
    struct usher_signal *engine = watch->engine;
    struct usher_timer *retry = watch->retry;
    watch->engine = NULL;
    watch->retry = NULL;
    usher_signal_close(engine);
    usher_timer_close(retry);
    usher_reference_clear(L, &watch->anchor);
}

static int m_close(lua_State *L) {
    close_watch(L, usher_class_check(L, 1, &signal_class));
    return 0;
}

static int signal_body(lua_State *L) {
    struct watch *watch = lua_touserdata(L, 1);
    usher_reference_push(L, &watch->anchor);
    lua_getiuservalue(L, -1, VALUE_HANDLER);
    struct usher_task *task = usher_task_new(L, 0, NULL);
    // NULL: closed by a finalizer that this has run.
    if (watch->retry != NULL)
        usher_timer_stop(watch->retry);
    usher_task_resume(L, task);
    return 0;
}

static void on_signal(void *arg) {
    struct watch *watch = arg;
    usher_timer_start(watch->retry, RETRY_MS, 0);
    usher_context_enter(watch->context, signal_body, watch);
}

static int l_start(lua_State *L) {
    int number = numbers[luaL_checkoption(L, ARGUMENT_NAME, NULL, names)];
    luaL_checktype(L, ARGUMENT_HANDLER, LUA_TFUNCTION);
    struct watch *watch = usher_class_new(L, &signal_class, sizeof *watch, VALUE_COUNT);
    lua_pushvalue(L, ARGUMENT_HANDLER);
    lua_setiuservalue(L, -2, VALUE_HANDLER);
    lua_pushvalue(L, -1);
    usher_reference_set(L, &watch->anchor);
    watch->context = usher_context_get(L);
    enum usher_error error = USHER_ERROR_OUT_OF_MEMORY;
    watch->retry = usher_timer_open(watch->context->loop, on_signal, watch);
    if (watch->retry != NULL)
        watch->engine = usher_signal_open(watch->context->loop, number, on_signal, watch, &error);
    if (watch->engine != NULL)
        return 1;
    close_watch(L, watch);
    return usher_failure_push(L, error, NULL);
}

static const luaL_Reg functions[] = {{"start", l_start}, {NULL, NULL}};

int usher_bind_signal(lua_State *L) {
    usher_class_register(L, &signal_class);
    luaL_newlib(L, functions);
    return 1;
}
