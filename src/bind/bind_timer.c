// SPDX-License-Identifier: MIT
#include "class.h"
#include "context.h"
#include "modules.h"
#include "task.h"
#include "timer.h"

enum { VALUE_HANDLER = 1, VALUE_COUNT = 1 };
enum { ARGUMENT_DELAY = 1, ARGUMENT_HANDLER = 2, ARGUMENT_REPEAT = 3 };

// Until a timer that fires once tries again, unless its task could be made: lost for want of memory it could
// leave its owner waiting for ever.
enum { RETRY_MS = 100 };

struct timer {
    struct usher_context *context;
    struct usher_timer *engine;
    struct usher_reference anchor; // the userdata itself while armed
    bool repeats;
};

static bool timer_is_open(const void *userdata) {
    const struct timer *timer = userdata;
    return timer->engine != NULL;
}

static int m_close(lua_State *L);

static const luaL_Reg methods[] = {{NULL, NULL}};
static const struct usher_class timer_class = {"usher.timer", methods, m_close, timer_is_open};

static void close_timer(lua_State *L, struct timer *timer) {
    struct usher_timer *engine = timer->engine;
    timer->engine = NULL;
    usher_timer_close(engine);
    usher_reference_clear(L, &timer->anchor);
}

static int m_close(lua_State *L) {
    close_timer(L, usher_class_check(L, 1, &timer_class));
    return 0;
}

static int expire_body(lua_State *L) {
    struct timer *timer = lua_touserdata(L, 1);
    usher_reference_push(L, &timer->anchor);
    lua_getiuservalue(L, -1, VALUE_HANDLER);
    struct usher_task *task = usher_task_new(L, 0, NULL);
    if (!timer->repeats)
        close_timer(L, timer);
    usher_task_resume(L, task);
    return 0;
}

static void on_expired(void *arg) {
    struct timer *timer = arg;
    if (!timer->repeats)
        usher_timer_start(timer->engine, RETRY_MS, 0);
    usher_context_enter(timer->context, expire_body, timer);
}

static uint64_t check_delay(lua_State *L, int index) {
    lua_Integer delay_ms = luaL_checkinteger(L, index);
    luaL_argcheck(L, delay_ms >= 0, index, "milliseconds cannot be negative");
    return (uint64_t)delay_ms;
}

static int l_start(lua_State *L) {
    uint64_t delay_ms = check_delay(L, ARGUMENT_DELAY);
    luaL_checktype(L, ARGUMENT_HANDLER, LUA_TFUNCTION);
    uint64_t repeat_ms = lua_isnoneornil(L, ARGUMENT_REPEAT) ? 0 : check_delay(L, ARGUMENT_REPEAT);
    struct timer *timer = usher_class_new(L, &timer_class, sizeof *timer, VALUE_COUNT);
    lua_pushvalue(L, ARGUMENT_HANDLER);
    lua_setiuservalue(L, -2, VALUE_HANDLER);
    lua_pushvalue(L, -1);
    usher_reference_set(L, &timer->anchor);
    timer->context = usher_context_get(L);
    timer->repeats = repeat_ms != 0;
    timer->engine = usher_timer_open(timer->context->loop, on_expired, timer);
    if (timer->engine == NULL) {
        usher_reference_clear(L, &timer->anchor);
        return luaL_error(L, "out of memory");
    }
    usher_timer_start(timer->engine, delay_ms, repeat_ms);
    return 1;
}

static const luaL_Reg functions[] = {{"start", l_start}, {NULL, NULL}};

int usher_bind_timer(lua_State *L) {
    usher_class_register(L, &timer_class);
    luaL_newlib(L, functions);
    return 1;
}
