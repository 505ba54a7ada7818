// SPDX-License-Identifier: MIT
// A timer on the loop, with memory of its own that outlives the close.
#ifndef USHER_TIMER_H
#define USHER_TIMER_H

#include <stdint.h>

struct usher_loop;
struct usher_timer;

typedef void (*usher_timer_fn)(void *arg);

// NULL: out of memory.
struct usher_timer *usher_timer_open(struct usher_loop *loop, usher_timer_fn on_expired, void *arg);

// Arms the timer, replacing an earlier arming; `repeat_ms` 0: once.
void usher_timer_start(struct usher_timer *timer, uint64_t delay_ms, uint64_t repeat_ms);

void usher_timer_stop(struct usher_timer *timer);

// on_expired is not called any more; the memory is freed in the close callback. NULL is allowed.
void usher_timer_close(struct usher_timer *timer);

#endif
