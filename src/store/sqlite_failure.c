// SPDX-License-Identifier: MIT
#include "sqlite_failure.h"

#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { PRIMARY_CODE = 0xff };

enum usher_error usher_sqlite_error_of(int code, int system_error) {
    enum usher_error beneath = usher_error_from_errno(system_error);
    switch (code & PRIMARY_CODE) {
    case SQLITE_OK:
        return USHER_ERROR_NONE;
    case SQLITE_NOMEM:
        return USHER_ERROR_OUT_OF_MEMORY;
    case SQLITE_FULL:
        return USHER_ERROR_NO_SPACE;
    case SQLITE_IOERR:
        if (code == SQLITE_IOERR_NOMEM)
            return USHER_ERROR_OUT_OF_MEMORY;
        return beneath == USHER_ERROR_NO_SPACE ? USHER_ERROR_NO_SPACE : USHER_ERROR_STORE_FAILED;
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return USHER_ERROR_PERMISSION;
    case SQLITE_CANTOPEN:
        return beneath == USHER_ERROR_NONE || beneath == USHER_ERROR_IO ? USHER_ERROR_STORE_FAILED : beneath;
    case SQLITE_BUSY:
        return USHER_ERROR_STORE_LOCKED;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return USHER_ERROR_STORE_CORRUPT;
    default:
        return USHER_ERROR_STORE_FAILED;
    }
}

enum usher_error usher_sqlite_fail(struct usher_sqlite_failure *failure, enum usher_error error,
                                   const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    // NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized)
    vsnprintf(failure->message, sizeof failure->message, format, arguments);
    va_end(arguments);
    failure->error = error;
    failure->code = SQLITE_OK;
    return error;
}

enum usher_error usher_sqlite_fail_from_errno(struct usher_sqlite_failure *failure, const char *what,
                                              const char *path, int error_number) {
    char reason[64];
    return usher_sqlite_fail(failure, usher_error_from_errno(error_number), "cannot %s %s: %s", what, path,
                             strerror_r(error_number, reason, sizeof reason));
}

enum usher_error usher_sqlite_fail_from(struct usher_sqlite_failure *failure, struct sqlite3 *db, int code,
                                        const char *what) {
    enum usher_error error = usher_sqlite_error_of(code, db != NULL ? sqlite3_system_errno(db) : 0);
    usher_sqlite_fail(failure, error, "cannot %s: %s", what,
                      db != NULL ? sqlite3_errmsg(db) : sqlite3_errstr(code));
    failure->code = code;
    return error;
}
