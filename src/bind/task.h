// SPDX-License-Identifier: MIT
// A task: a coroutine that usher started. Only inside one may a call wait while the loop runs.
#ifndef USHER_TASK_H
#define USHER_TASK_H

#include <lua.h>
#include <stdbool.h>

struct usher_context;
struct usher_task;

// Who is told when a task ends; exactly one of the two is called, once.
struct usher_task_owner {
    // The function returned: its results are the `results` values on top of the stack, and stay there. Runs
    // in protected mode; if it raises, on_failed is called as well, so that the owner always hears an end.
    void (*on_returned)(lua_State *L, int results, void *arg);
    // The function raised (already reported to the error sink), or the task was closed. Must not touch Lua.
    void (*on_failed)(void *arg);
    void *arg;
};

// Once per state; again without effect: the tasks there are stay. May raise.
void usher_task_register(lua_State *L);

// Takes a function and `arguments` values from the top of the stack and pushes the new task, anchored until
// it ends. `owner` may be NULL; it is copied. The task first runs at the loop's next turn, or at once by
// usher_task_resume. May raise, in which case the owner hears nothing.
struct usher_task *usher_task_new(lua_State *L, int arguments, const struct usher_task_owner *owner);

// Has `hook` called after `count` instructions of the task's coroutine and of those it makes. Before it first
// runs.
void usher_task_limit(struct usher_task *task, lua_Hook hook, int count);

// Runs the task until it waits or ends; in the loop's next turn, where there is no room for that now. Only in
// protected mode.
void usher_task_resume(lua_State *L, struct usher_task *task);

// The task whose coroutine L is, or NULL where L is any other coroutine or plain code.
struct usher_task *usher_task_of(lua_State *L);

// Pushes the userdata of a task that has not ended.
void usher_task_push(lua_State *L, struct usher_task *task);

bool usher_task_is_running(const struct usher_task *task);

// The task at `index`, or NULL where the value is none.
struct usher_task *usher_task_test(lua_State *L, int index);

// Notes that the task waits for the future at `future`; its coroutine yields next. Cannot fail.
void usher_task_wait(lua_State *L, struct usher_task *task, int future);

// Appends the task to those that the loop's next turn resumes. Cannot fail; no effect on one already queued.
void usher_task_ready(struct usher_task *task);

// Resumes the tasks that are ready: the loop's turn.
void usher_task_resume_ready(struct usher_context *context);

// Ends a task that has not ended: to-be-closed variables are closed, what it waited for is cancelled.
// No effect on one that has ended; raises where the task is running now.
void usher_task_close(lua_State *L, int index);

// Stops telling the owner: for an owner that goes away first.
void usher_task_disown(struct usher_task *task);

// How many tasks have not ended. May raise.
int usher_task_count(lua_State *L);

#endif
