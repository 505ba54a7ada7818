// SPDX-License-Identifier: MIT
#include "sqlite_failure.h"

#include <errno.h>
#include <sqlite3.h>

#include "sqlite_fixture.h"

static const struct {
    int code;
    int system_error;
    enum usher_error error;
    const char *name;
} cases[] = {
    {SQLITE_OK, 0, USHER_ERROR_NONE, "success"},
    {SQLITE_FULL, 0, USHER_ERROR_NO_SPACE, "a full disk"},
    {SQLITE_IOERR_WRITE, ENOSPC, USHER_ERROR_NO_SPACE, "a full disk that SQLite takes for a fault"},
    {SQLITE_IOERR_FSYNC, EIO, USHER_ERROR_STORE_FAILED, "a failed sync"},
    {SQLITE_IOERR_NOMEM, 0, USHER_ERROR_OUT_OF_MEMORY, "memory that ran out beneath"},
    {SQLITE_NOMEM, 0, USHER_ERROR_OUT_OF_MEMORY, "memory that ran out"},
    {SQLITE_READONLY_DBMOVED, 0, USHER_ERROR_PERMISSION, "a file that cannot be written"},
    {SQLITE_CANTOPEN, EACCES, USHER_ERROR_PERMISSION, "a file that must not be opened"},
    {SQLITE_CANTOPEN, ENOENT, USHER_ERROR_NOT_FOUND, "a file that is gone"},
    {SQLITE_CANTOPEN, EMFILE, USHER_ERROR_TOO_MANY_FILES, "no descriptor left"},
    {SQLITE_CANTOPEN, 0, USHER_ERROR_STORE_FAILED, "a file that does not open, for no known reason"},
    {SQLITE_BUSY_RECOVERY, 0, USHER_ERROR_STORE_LOCKED, "another process"},
    {SQLITE_CORRUPT_INDEX, 0, USHER_ERROR_STORE_CORRUPT, "a damaged file"},
    {SQLITE_NOTADB, 0, USHER_ERROR_STORE_CORRUPT, "a damaged header"},
    {SQLITE_ERROR, 0, USHER_ERROR_STORE_FAILED, "wrong SQL"},
};

int main(void) {
    struct fixture fixture;
    fixture_init(&fixture);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check(&fixture, usher_sqlite_error_of(cases[i].code, cases[i].system_error) == cases[i].error,
              cases[i].name);

    struct usher_sqlite_failure failure;
    usher_sqlite_fail_from_errno(&failure, "open", "/a/store.db", EACCES);
    check(&fixture,
          failure.error == USHER_ERROR_PERMISSION &&
              strcmp(failure.message, "cannot open /a/store.db: Permission denied") == 0,
          "a message names what was tried, the file and the reason");
    usher_sqlite_fail_from(&failure, NULL, SQLITE_FULL, "run a statement");
    check(&fixture,
          failure.code == SQLITE_FULL &&
              strcmp(failure.message, "cannot run a statement: database or disk is full") == 0,
          "SQLite's code is kept, with its words");
    char path[2000];
    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    usher_sqlite_fail(&failure, USHER_ERROR_LIMIT, "%s", path);
    check(&fixture,
          failure.error == USHER_ERROR_LIMIT && strlen(failure.message) == sizeof failure.message - 1,
          "a long message is cut");
    return fixture_deinit(&fixture);
}
