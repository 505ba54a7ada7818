// SPDX-License-Identifier: MIT
// The thread that owns the database: jobs go in, finished jobs come out in the order they went in. What waits
// together is committed together.
#ifndef USHER_SQLITE_WORKER_H
#define USHER_SQLITE_WORKER_H

#include "sqlite_file.h"
#include "sqlite_job.h"

struct usher_sqlite_worker;

enum usher_sqlite_worker_status {
    USHER_SQLITE_WORKER_OPENING,
    USHER_SQLITE_WORKER_OPEN,
    USHER_SQLITE_WORKER_ENDED, // failed to open, or stopped: the thread does nothing any more
};

// Called from the worker's thread when jobs have finished or the status has changed. Must not block.
typedef void (*usher_sqlite_wake_fn)(void *arg);

// Starts the thread, which opens the store. The options are copied. Everything below is for one other thread.
// NULL: out of memory or threads.
struct usher_sqlite_worker *usher_sqlite_worker_start(const struct usher_sqlite_options *options,
                                                      usher_sqlite_wake_fn wake, void *arg);

enum usher_sqlite_worker_status usher_sqlite_worker_status(struct usher_sqlite_worker *worker);

// Why the store could not be opened; error NONE where it could. Not while the status is OPENING.
const struct usher_sqlite_failure *usher_sqlite_worker_failure(const struct usher_sqlite_worker *worker);

// Takes the job over until usher_sqlite_worker_take gives it back, done or failed: CLOSED where the thread
// has ended after a stop, why the store could not be opened where that failed.
void usher_sqlite_worker_submit(struct usher_sqlite_worker *worker, struct usher_sqlite_job *job);

// The next finished job; NULL: none now.
struct usher_sqlite_job *usher_sqlite_worker_take(struct usher_sqlite_worker *worker);

// Has the thread end after what was submitted. Returns at once; idempotent.
void usher_sqlite_worker_stop(struct usher_sqlite_worker *worker);

// Stops and waits for the thread: at once where the status is ENDED. Finished jobs can still be taken.
void usher_sqlite_worker_join(struct usher_sqlite_worker *worker);

// After the join; frees jobs that were not taken. NULL is allowed.
void usher_sqlite_worker_free(struct usher_sqlite_worker *worker);

#endif
