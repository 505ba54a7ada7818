// SPDX-License-Identifier: MIT
// What one lua_State has of usher: its loop, the state that is running it, and the task being resumed.
// Also the one door from C to Lua.
#ifndef USHER_CONTEXT_H
#define USHER_CONTEXT_H

#include "class.h"
#include "loop.h"

#include <lua.h>
#include <stdbool.h>

struct future;
struct usher_task;

struct usher_context {
    struct usher_loop *loop;
    lua_State *L;               // the state inside usher_context_run; NULL while the loop is idle
    struct usher_task *current; // the task being resumed; NULL outside of one
    struct usher_reference error_sink;
    struct usher_task *ready_first; // the tasks to resume, linked through themselves; task.c's own
    struct usher_task *ready_last;
    struct future *late; // the futures that could not be settled for want of memory; future.c's own
    bool closing;        // the state is going away: the door stays shut
};

// The context of the state, made at the first call. May raise; does where the state is going away, as in a
// finalizer that runs after the loop's own.
struct usher_context *usher_context_get(lua_State *L);

// Enters the loop from L. Must not be called while the loop runs. True while something keeps it alive.
bool usher_context_run(struct usher_context *context, lua_State *L, enum usher_loop_mode mode);

// The door: calls `body(L)` in protected mode with `arg` as a light userdata at index 1. This is the only way
// from a libuv, libcurl or engine callback to Lua: no Lua API call that may allocate is made outside it. An
// error goes to the sink with a traceback, never to the host. The stack is left as it was. False: the body
// raised, or the state is closing and the body was not called.
bool usher_context_enter(struct usher_context *context, lua_CFunction body, void *arg);

// For a function of a binding that Lua has called: lua_call, so that an error goes on to that caller.
void usher_context_call(lua_State *L, int arguments, int results);

// Gives the message on top of the stack, popped, to the error sink; to standard error where there is none
// or it fails itself. Only inside the door.
void usher_context_report(struct usher_context *context, lua_State *L);

#endif
