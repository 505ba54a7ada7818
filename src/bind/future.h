// SPDX-License-Identifier: MIT
// A future: values that come later, once. The one place where Lua code waits.
#ifndef USHER_FUTURE_H
#define USHER_FUTURE_H

#include "class.h"

#include <lua.h>
#include <stdbool.h>

struct usher_context;

// Pushes a new unresolved future. May raise.
void usher_future_new(lua_State *L);

// The value at `value` lives as long as the future at `index`. Cannot fail.
void usher_future_keep(lua_State *L, int index, int value);

// Gives the future at `index` its values, the `count` on top of the stack, which are popped, and readies
// whoever waits. No effect on a resolved one. May raise, with nothing done; without values for want of room
// on the stack only.
void usher_future_resolve(lua_State *L, int index, int count);

// Pushes the values of the resolved future at `index`; returns how many. May raise.
int usher_future_push_values(lua_State *L, int index);

// For a binding's function: waits for the future at the top of the stack and returns its values as the
// function's results: `return usher_future_wait(L);`. Yields in a task; in plain code with the loop idle
// runs the loop until the values are there; raises anywhere else. If the waiting task is closed first,
// `cancel(arg)` given to usher_future_on_cancel is called.
int usher_future_wait(lua_State *L);

// Whether usher_future_wait could be called here. May raise for want of memory only.
bool usher_future_can_wait(lua_State *L);

// Raises unless usher_future_wait could be called here: check before an operation is started. Whoever then
// waits first for a new future does so without needing memory.
void usher_future_check_wait(lua_State *L);

// What to stop when the task that waits for the future at `index` is closed. Must not touch Lua. The
// operation then reports no more, or reports to a resolved future, which is harmless.
void usher_future_on_cancel(lua_State *L, int index, void (*cancel)(void *arg), void *arg);

// Takes the task at `task` off the waiters of the future at `index`, and cancels where nobody waits any more.
void usher_future_leave(lua_State *L, int index, int task);

// For an engine's callback: pushes values with `push` (which returns how many, and may raise), resolves the
// future in the slot with them, and clears the slot. Goes through the door. Where `push` raises, the future
// gets nil and an out_of_memory error; where there is no memory for that either, it gets them in a later turn
// of the loop: the waiter always wakes.
typedef int (*usher_future_push_fn)(lua_State *L, void *arg);
void usher_future_settle(struct usher_context *context, struct usher_reference *future,
                         usher_future_push_fn push, void *arg);

// Tries again to settle what could not be settled: the loop's turn.
void usher_future_settle_late(struct usher_context *context);

#endif
