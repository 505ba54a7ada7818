// SPDX-License-Identifier: MIT
// A process signal delivered on the loop.
#ifndef USHER_SIGNAL_H
#define USHER_SIGNAL_H

#include "error.h"

struct usher_loop;
struct usher_signal;

typedef void (*usher_signal_fn)(void *arg);

// Watches `number` (SIGTERM) until closed. It does not keep the loop alive. NULL: *out_error says why.
struct usher_signal *usher_signal_open(struct usher_loop *loop, int number, usher_signal_fn on_signal,
                                       void *arg, enum usher_error *out_error);

// on_signal is not called any more. NULL is allowed.
void usher_signal_close(struct usher_signal *signal);

#endif
