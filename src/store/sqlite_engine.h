// SPDX-License-Identifier: MIT
// Runs transactions in groups that share one commit, and gets over failed writes by a new handle. Blocks: for
// the worker thread only.
#ifndef USHER_SQLITE_ENGINE_H
#define USHER_SQLITE_ENGINE_H

#include "sqlite_connection.h"
#include "sqlite_file.h"
#include "sqlite_job.h"

struct usher_sqlite_engine {
    char path[USHER_SQLITE_PATH_BYTES]; // absolute
    uint32_t application_id;
    struct usher_sqlite_connection connection;
    bool must_settle; // the log may hold transactions that were reported as failed, and are on no disk yet
};

// Opens the file, or creates it first where that is allowed. A failed open leaves nothing open.
enum usher_error usher_sqlite_engine_open(struct usher_sqlite_engine *engine,
                                          const struct usher_sqlite_options *options,
                                          struct usher_sqlite_failure *failure);

// Runs the jobs, linked through `next`, in their order. Each is all or nothing: one whose guard is not met,
// or whose SQL is wrong, or who meets a damaged page, leaves the others alone. They become durable together:
// a failed commit fails every one. What such a commit left in the log is read by no later job before it is
// durable.
void usher_sqlite_engine_run(struct usher_sqlite_engine *engine, struct usher_sqlite_job *first);

// After the jobs have been reported: moves the log into the file where it has grown.
void usher_sqlite_engine_tidy(struct usher_sqlite_engine *engine);

// When there is nothing to do: moves what the log holds into the file, which then is all there is to lose.
void usher_sqlite_engine_rest(struct usher_sqlite_engine *engine);

// Harmless on an engine that is not open.
void usher_sqlite_engine_close(struct usher_sqlite_engine *engine);

#endif
