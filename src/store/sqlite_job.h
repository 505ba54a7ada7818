// SPDX-License-Identifier: MIT
// One transaction on its way to the database and back: steps with parameters, then their results. Plain
// memory, in one thread's hands at a time.
#ifndef USHER_SQLITE_JOB_H
#define USHER_SQLITE_JOB_H

#include "sqlite_failure.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum usher_sqlite_type { USHER_SQLITE_TYPE_NULL, USHER_SQLITE_TYPE_INTEGER, USHER_SQLITE_TYPE_TEXT };

struct usher_sqlite_value {
    enum usher_sqlite_type type;
    int64_t integer;
    char *text; // owned, may hold NUL
    size_t length;
};

struct usher_sqlite_step {
    char *sql;
    char *guard; // the name of the demand that at least one row is changed or returned; NULL: none
    struct usher_sqlite_value *parameters;
    size_t parameter_count;
    struct usher_sqlite_value *values; // of the rows, one row after the other
    size_t value_count;
    size_t value_capacity;
    size_t column_count;
    int64_t changes;
};

struct usher_sqlite_job {
    struct usher_sqlite_step *steps;
    size_t step_count;
    struct usher_sqlite_failure failure; // NONE: everything was done, durably; else nothing was
    const char *guard;                   // which one was not met, for USHER_ERROR_GUARD
    void *owner;                         // of whoever submitted it
    struct usher_sqlite_job *next;       // in the queue it stands in
};

// A job of empty steps, to be filled in. NULL: out of memory.
struct usher_sqlite_job *usher_sqlite_job_new(size_t step_count);

// NULL is allowed.
void usher_sqlite_job_free(struct usher_sqlite_job *job);

// Copies the texts into an empty step. `guard` may be NULL. False: out of memory.
bool usher_sqlite_step_set(struct usher_sqlite_step *step, const char *sql, const char *guard,
                           size_t parameter_count);

// Makes a null value a text. False: out of memory.
bool usher_sqlite_value_set_text(struct usher_sqlite_value *value, const void *bytes, size_t length);

// Appends a null value to the results. NULL: out of memory.
struct usher_sqlite_value *usher_sqlite_step_append(struct usher_sqlite_step *step);

// Drops every step's results.
void usher_sqlite_job_clear_results(struct usher_sqlite_job *job);

#endif
