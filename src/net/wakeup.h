// SPDX-License-Identifier: MIT
// Wakes the loop from another thread.
#ifndef USHER_WAKEUP_H
#define USHER_WAKEUP_H

#include <stdbool.h>

struct usher_loop;
struct usher_wakeup;

typedef void (*usher_wakeup_fn)(void *arg);

// NULL: out of memory or descriptors. It keeps the loop alive only while told so by usher_wakeup_hold.
struct usher_wakeup *usher_wakeup_open(struct usher_loop *loop, usher_wakeup_fn on_woken, void *arg);

// Has on_woken called on the loop's thread soon, once for any number of sends before it. From any thread.
void usher_wakeup_send(struct usher_wakeup *wakeup);

// Whether the loop stays alive for it: true while an answer is expected.
void usher_wakeup_hold(struct usher_wakeup *wakeup, bool hold);

// on_woken is not called any more. No other thread may send from here on. NULL is allowed.
void usher_wakeup_close(struct usher_wakeup *wakeup);

#endif
