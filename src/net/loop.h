// SPDX-License-Identifier: MIT
// The event loop: owns one uv_loop_t. Knows nothing of what runs on it.
#ifndef USHER_LOOP_H
#define USHER_LOOP_H

#include <stdbool.h>

struct usher_loop;
struct usher_trace;
struct uv_loop_s;

enum usher_loop_mode {
    USHER_LOOP_UNTIL_DONE, // until stopped or nothing is left
    USHER_LOOP_ONCE,       // until something happened
    USHER_LOOP_POLL,       // what is ready now, without blocking
};

// Allocates a loop. Sets SIGPIPE to ignore where it still had its default action: a peer that goes away
// must be an error of one write, not the end of the process. NULL: out of memory or descriptors.
struct usher_loop *usher_loop_new(void);

// Runs the loop until every handle is closed, then frees it. Every handle must be closing by then; one that
// is not is closed here without its memory being freed (its owner is broken). NULL is allowed.
void usher_loop_free(struct usher_loop *loop);

// For this folder's own handles.
struct uv_loop_s *usher_loop_uv(struct usher_loop *loop);

// Runs callbacks; true while handles or requests that keep the loop alive remain.
bool usher_loop_run(struct usher_loop *loop, enum usher_loop_mode mode);

// Makes the innermost usher_loop_run return after the current iteration.
void usher_loop_stop(struct usher_loop *loop);

// For a loop inside another one: the descriptor to watch, and the milliseconds after which to run even if it
// stays quiet, -1 for no limit.
int usher_loop_fd(const struct usher_loop *loop);
int usher_loop_timeout_ms(struct usher_loop *loop);

// What runs at the start of each turn while wanted. Wanting it keeps the loop alive and from blocking.
typedef void (*usher_loop_turn_fn)(void *arg);
void usher_loop_on_turn(struct usher_loop *loop, usher_loop_turn_fn on_turn, void *arg);
void usher_loop_want_turn(struct usher_loop *loop, bool wanted);

// The switches, all off at first, for tracing what runs on the loop.
struct usher_trace *usher_loop_trace(struct usher_loop *loop);

// Calls `visit` with the libuv type name ("timer", "tcp") of each handle that is open and not closing.
typedef void (*usher_loop_visit_fn)(const char *type, bool is_active, void *arg);
void usher_loop_visit(struct usher_loop *loop, usher_loop_visit_fn visit, void *arg);

#endif
