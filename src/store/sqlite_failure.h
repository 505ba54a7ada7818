// SPDX-License-Identifier: MIT
// What went wrong in the store, in our codes and in words for an operator.
#ifndef USHER_SQLITE_FAILURE_H
#define USHER_SQLITE_FAILURE_H

#include "error.h"

struct sqlite3;

struct usher_sqlite_failure {
    enum usher_error error;
    int code;          // SQLite's extended result code; 0 where it was not SQLite that failed
    char message[320]; // "": the error's own
};

// Our code for one of SQLite's. `system_error`: errno of the call beneath it, 0 where unknown.
enum usher_error usher_sqlite_error_of(int code, int system_error);

// Fills the failure in; returns `error`.
__attribute__((format(printf, 3, 4))) enum usher_error
usher_sqlite_fail(struct usher_sqlite_failure *failure, enum usher_error error, const char *format, ...);

// The same for errno, after a system call on `path` that was to do `what` ("create", "read").
enum usher_error usher_sqlite_fail_from_errno(struct usher_sqlite_failure *failure, const char *what,
                                              const char *path, int error_number);

// The same for a call on `db` that returned `code` when it was to do `what`. `db` may be NULL.
enum usher_error usher_sqlite_fail_from(struct usher_sqlite_failure *failure, struct sqlite3 *db, int code,
                                        const char *what);

#endif
