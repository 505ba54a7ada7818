// SPDX-License-Identifier: MIT
// The event loop: owns one uv_loop_t. Knows nothing of what runs on it.
#ifndef USHER_LOOP_H
#define USHER_LOOP_H

#include <stdbool.h>
#include <uv.h>

struct usher_loop;

// Allocates a loop. Sets SIGPIPE to ignore where it still had its default action: a peer that goes away
// must be an error of one write, not the end of the process. NULL: out of memory or descriptors.
struct usher_loop *usher_loop_new(void);

// Runs the loop until every handle is closed, then frees it. Every handle must be closing by then; one that
// is not is closed here without its memory being freed (its owner is broken). NULL is allowed.
void usher_loop_free(struct usher_loop *loop);

uv_loop_t *usher_loop_uv(struct usher_loop *loop);

// Runs callbacks in `mode`; true while handles or requests that keep the loop alive remain.
bool usher_loop_run(struct usher_loop *loop, uv_run_mode mode);

// Makes the innermost usher_loop_run return after the current iteration.
void usher_loop_stop(struct usher_loop *loop);

// Calls `visit` with the libuv type name ("timer", "tcp") of each handle that is open and not closing.
typedef void (*usher_loop_visit_fn)(const char *type, bool is_active, void *arg);
void usher_loop_visit(struct usher_loop *loop, usher_loop_visit_fn visit, void *arg);

#endif
