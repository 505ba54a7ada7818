// SPDX-License-Identifier: MIT
// Deadlines of a few fixed lengths: one first-in-first-out lane per length and one timer for all, so that an
// entry that moves costs a relinking and no timer.
#ifndef USHER_DEADLINE_QUEUE_H
#define USHER_DEADLINE_QUEUE_H

#include <stddef.h>
#include <stdint.h>

struct usher_loop;
struct usher_deadline_queue;
struct usher_deadline_lane;

// Sits in the struct that waits. Zeroed: in no lane.
struct usher_deadline {
    struct usher_deadline_lane *lane;
    struct usher_deadline *previous;
    struct usher_deadline *next;
    uint64_t due_ms; // on the loop's clock
};

// The deadline has passed; it is in no lane any more.
typedef void (*usher_deadline_fn)(struct usher_deadline *deadline, void *arg);

// Whoever enters lane `i` is due after timeouts_ms[i]; 0: never. NULL: out of memory.
struct usher_deadline_queue *usher_deadline_queue_open(struct usher_loop *loop, const uint64_t *timeouts_ms,
                                                       size_t lanes, usher_deadline_fn on_passed, void *arg);

// Puts the deadline at the end of the lane, out of the one it was in.
void usher_deadline_queue_enter(struct usher_deadline_queue *queue, struct usher_deadline *deadline,
                                size_t lane);

// Takes the deadline out of its lane. Harmless where it is in none.
void usher_deadline_leave(struct usher_deadline *deadline);

// Who has been in the lane longest, or NULL.
struct usher_deadline *usher_deadline_queue_oldest(const struct usher_deadline_queue *queue, size_t lane);

// Every lane must be empty. NULL is allowed.
void usher_deadline_queue_close(struct usher_deadline_queue *queue);

#endif
