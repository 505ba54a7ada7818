// SPDX-License-Identifier: MIT
#include "task.h"

#include "context.h"
#include "future.h"

#include <string.h>

enum { VALUE_THREAD = 1, VALUE_FUTURE = 2, VALUE_COUNT = 2 };

enum status { STATUS_NEW, STATUS_WAITING, STATUS_READY, STATUS_RUNNING, STATUS_ENDED };

static const char *const status_names[] = {"new", "waiting", "ready", "running", "ended"};

struct usher_task {
    lua_State *thread;
    struct usher_context *context;
    struct usher_task_owner owner;
    enum status status;
    int arguments; // for the first resume
    bool queued;
    struct usher_task *next; // in the context's ready queue
};

static const char tasks_key = 't'; // registry: light userdata of a task that has not ended -> its userdata

static bool task_is_open(const void *userdata) {
    const struct usher_task *task = userdata;
    return task->thread != NULL && task->status != STATUS_ENDED;
}

static int m_close(lua_State *L);
static int m_status(lua_State *L);

static const luaL_Reg methods[] = {
    {"close", m_close}, {"status", m_status}, {"__close", m_close}, {NULL, NULL}};
static const struct usher_class task_class = {"usher.task", methods, NULL, task_is_open};

void usher_task_register(lua_State *L) {
    usher_class_register(L, &task_class);
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &tasks_key) == LUA_TNIL) {
        lua_newtable(L);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &tasks_key);
    }
    lua_pop(L, 1);
}

void usher_task_push(lua_State *L, struct usher_task *task) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &tasks_key);
    lua_rawgetp(L, -1, task);
    lua_remove(L, -2);
}

// Setting a present key to nil does not allocate.
static void release_anchor(lua_State *L, struct usher_task *task) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &tasks_key);
    lua_pushnil(L);
    lua_rawsetp(L, -2, task);
    lua_pop(L, 1);
}

struct usher_task *usher_task_new(lua_State *L, int arguments, const struct usher_task_owner *owner) {
    struct usher_context *context = usher_context_get(L);
    luaL_checktype(L, -1 - arguments, LUA_TFUNCTION);
    struct usher_task *task = usher_class_new(L, &task_class, sizeof *task, VALUE_COUNT);
    lua_State *thread = lua_newthread(L);
    lua_setiuservalue(L, -2, VALUE_THREAD);
    lua_insert(L, -2 - arguments);
    if (!lua_checkstack(thread, arguments + 1))
        luaL_error(L, "too many arguments for a task");
    lua_rawgetp(L, LUA_REGISTRYINDEX, &tasks_key);
    lua_pushvalue(L, -3 - arguments);
    lua_rawsetp(L, -2, task);
    lua_pop(L, 1);
    lua_xmove(L, thread, arguments + 1);
    task->thread = thread;
    task->context = context;
    task->arguments = arguments;
    if (owner != NULL)
        task->owner = *owner;
    return task;
}

void usher_task_limit(struct usher_task *task, lua_Hook hook, int count) {
    lua_sethook(task->thread, hook, LUA_MASKCOUNT, count);
}

struct usher_task *usher_task_of(lua_State *L) {
    struct usher_task *current = usher_context_get(L)->current;
    return current != NULL && current->thread == L ? current : NULL;
}

void usher_task_disown(struct usher_task *task) {
    memset(&task->owner, 0, sizeof task->owner);
}

static void tell_failed(struct usher_task *task) {
    struct usher_task_owner owner = task->owner;
    usher_task_disown(task);
    if (owner.on_failed != NULL)
        owner.on_failed(owner.arg);
}

static int call_returned(lua_State *thread) {
    struct usher_task *task = lua_touserdata(thread, 1);
    task->owner.on_returned(thread, lua_gettop(thread) - 1, task->owner.arg);
    return 0;
}

// The thread has returned `results` values. on_returned runs protected on the thread itself.
static void tell_returned(lua_State *L, struct usher_task *task, int results) {
    lua_State *thread = task->thread;
    if (task->owner.on_returned == NULL)
        return;
    if (!lua_checkstack(thread, LUA_MINSTACK)) {
        tell_failed(task);
        return;
    }
    lua_pushcfunction(thread, call_returned);
    lua_insert(thread, -1 - results);
    lua_pushlightuserdata(thread, task);
    lua_insert(thread, -1 - results);
    if (lua_pcall(thread, results + 1, 0, 0) != LUA_OK) {
        tell_failed(task);
        lua_xmove(thread, L, 1);
        usher_context_report(task->context, L);
    }
}

static int describe_failure(lua_State *L) {
    const struct usher_task *task = lua_touserdata(L, 1);
    const char *message = lua_toboolean(L, 3) ? "a task may wait, but not yield" : luaL_tolstring(L, 2, NULL);
    luaL_traceback(L, task->thread, message, 0);
    return 1;
}

// The coroutine has raised, or yielded. Described in protected mode, since an error's __tostring may raise
// and memory be short: the variables to be closed are closed all the same. What their closing raises in turn
// is reported as well.
static void fail(lua_State *L, struct usher_task *task, bool has_yielded) {
    lua_State *thread = task->thread;
    tell_failed(task);
    if (has_yielded)
        lua_pushnil(L);
    else
        lua_xmove(thread, L, 1);
    int error = lua_gettop(L);
    lua_pushcfunction(L, describe_failure);
    lua_pushlightuserdata(L, task);
    lua_pushvalue(L, error);
    lua_pushboolean(L, has_yielded);
    lua_pcall(L, 3, 1, 0);
    usher_context_report(task->context, L);
    if (lua_resetthread(thread) != LUA_OK) {
        lua_xmove(thread, L, 1);
        if (!lua_rawequal(L, -1, error))
            usher_context_report(task->context, L);
    }
    lua_settop(L, error - 1);
}

static void clear_waited(lua_State *L, struct usher_task *task) {
    usher_task_push(L, task);
    lua_pushnil(L);
    lua_setiuservalue(L, -2, VALUE_FUTURE);
    lua_pop(L, 1);
}

void usher_task_resume(lua_State *L, struct usher_task *task) {
    struct usher_context *context = task->context;
    struct usher_task *outer = context->current;
    int arguments = task->status == STATUS_NEW ? task->arguments : 0;
    int results = 0;
    if (!lua_checkstack(L, LUA_MINSTACK)) {
        usher_task_ready(task);
        return;
    }
    clear_waited(L, task);
    usher_task_push(L, task); // keeps the task while it runs and after it ended
    task->status = STATUS_RUNNING;
    context->current = task;
    int status = lua_resume(task->thread, L, arguments, &results);
    context->current = outer;
    if (status == LUA_YIELD && task->status == STATUS_WAITING) {
        lua_pop(task->thread, results);
    } else {
        task->status = STATUS_ENDED;
        release_anchor(L, task);
        if (status == LUA_OK)
            tell_returned(L, task, results);
        else
            fail(L, task, status == LUA_YIELD);
    }
    lua_pop(L, 1);
}

struct resumption {
    struct usher_task *task;
    bool has_begun; // the task is not to be looked at any more
};

static int resume_body(lua_State *L) {
    struct resumption *resumption = lua_touserdata(L, 1);
    struct usher_task *task = resumption->task;
    resumption->has_begun = true;
    task->queued = false;
    if (task->status == STATUS_ENDED)
        release_anchor(L, task);
    else
        usher_task_resume(L, task);
    return 0;
}

// Resumes those that were ready when the turn began; what they make ready waits for the next turn, so that
// a chain of tasks cannot keep the loop from its sockets. So does one for which there is no memory now; Lua
// code that hears of that may close it, and it counts as queued until then.
void usher_task_resume_ready(struct usher_context *context) {
    struct usher_task *task = context->ready_first;
    context->ready_first = context->ready_last = NULL;
    while (task != NULL) {
        struct usher_task *next = task->next;
        struct resumption resumption = {task, false};
        task->next = NULL;
        usher_context_enter(context, resume_body, &resumption);
        if (!resumption.has_begun) {
            task->queued = false;
            usher_task_ready(task);
        }
        task = next;
    }
}

void usher_task_ready(struct usher_task *task) {
    struct usher_context *context = task->context;
    if (task->queued || context->closing)
        return;
    task->queued = true;
    if (task->status == STATUS_WAITING)
        task->status = STATUS_READY;
    if (context->ready_last != NULL)
        context->ready_last->next = task;
    else
        context->ready_first = task;
    context->ready_last = task;
    usher_loop_want_turn(context->loop, true);
}

bool usher_task_is_running(const struct usher_task *task) {
    return task->status == STATUS_RUNNING;
}

struct usher_task *usher_task_test(lua_State *L, int index) {
    return luaL_testudata(L, index, task_class.name);
}

void usher_task_wait(lua_State *L, struct usher_task *task, int future) {
    future = lua_absindex(L, future);
    usher_task_push(L, task);
    lua_pushvalue(L, future);
    lua_setiuservalue(L, -2, VALUE_FUTURE);
    lua_pop(L, 1);
    task->status = STATUS_WAITING;
}

void usher_task_close(lua_State *L, int index) {
    struct usher_task *task = usher_class_check(L, index, &task_class);
    index = lua_absindex(L, index);
    if (task->status == STATUS_ENDED)
        return;
    if (task->status == STATUS_RUNNING)
        luaL_error(L, "a task cannot close itself while it runs");
    if (lua_getiuservalue(L, index, VALUE_FUTURE) == LUA_TUSERDATA && !task->context->closing)
        usher_future_leave(L, -1, index);
    lua_pop(L, 1);
    task->status = STATUS_ENDED;
    tell_failed(task);
    // A queued task keeps its anchor until the queue has passed it.
    if (!task->queued)
        release_anchor(L, task);
    if (lua_resetthread(task->thread) != LUA_OK) {
        lua_xmove(task->thread, L, 1);
        usher_context_report(task->context, L);
    }
}

static int m_close(lua_State *L) {
    usher_task_close(L, 1);
    return 0;
}

static int m_status(lua_State *L) {
    const struct usher_task *task = usher_class_check(L, 1, &task_class);
    lua_pushstring(L, status_names[task->status]);
    return 1;
}

int usher_task_count(lua_State *L) {
    int count = 0;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &tasks_key);
    lua_pushnil(L);
    while (lua_next(L, -2) != 0) {
        count++;
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return count;
}
