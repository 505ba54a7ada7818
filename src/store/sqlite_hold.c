// SPDX-License-Identifier: MIT
#include "sqlite_hold.h"

#include "file.h"
#include "sqlite_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGE_BYTES = 4096 };

// Through SQLite's own file layer, which knows what locks this process has: closing a descriptor of ours
// would drop them all (POSIX locks belong to the process).
struct usher_sqlite_hold {
    char path[USHER_SQLITE_PATH_BYTES];
    sqlite3_filename name;
    sqlite3_file *file;
};

static enum usher_error open_file(struct usher_sqlite_hold *hold, struct usher_sqlite_failure *failure) {
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
    if (vfs == NULL)
        return usher_sqlite_fail(failure, USHER_ERROR_STORE_FAILED, "this SQLite has no file layer");
    hold->name = sqlite3_create_filename(hold->path, "", "", 0, NULL);
    hold->file = calloc(1, (size_t)vfs->szOsFile);
    if (hold->name == NULL || hold->file == NULL)
        return usher_sqlite_fail(failure, USHER_ERROR_OUT_OF_MEMORY, "out of memory");
    int flags = 0;
    int code = vfs->xOpen(vfs, hold->name, hold->file, SQLITE_OPEN_READWRITE | SQLITE_OPEN_MAIN_DB, &flags);
    if (code != SQLITE_OK || (flags & SQLITE_OPEN_READONLY) != 0)
        return usher_sqlite_fail(failure, USHER_ERROR_PERMISSION, "the store %s cannot be opened for writing",
                                 hold->path);
    static const int levels[] = {SQLITE_LOCK_SHARED, SQLITE_LOCK_RESERVED, SQLITE_LOCK_EXCLUSIVE};
    for (size_t i = 0; code == SQLITE_OK && i < sizeof levels / sizeof levels[0]; i++)
        code = hold->file->pMethods->xLock(hold->file, levels[i]);
    if (usher_sqlite_error_of(code, 0) == USHER_ERROR_STORE_LOCKED)
        return usher_sqlite_fail(failure, USHER_ERROR_STORE_LOCKED, "another process is using the store %s",
                                 hold->path);
    return code == SQLITE_OK ? USHER_ERROR_NONE
                             : usher_sqlite_fail_from(failure, NULL, code, "lock the store");
}

enum usher_error usher_sqlite_hold_open(struct usher_sqlite_hold **out_hold, const char *path,
                                        struct usher_sqlite_failure *failure) {
    struct stat status;
    memset(failure, 0, sizeof *failure);
    *out_hold = NULL;
    struct usher_sqlite_hold *hold = calloc(1, sizeof *hold);
    if (hold == NULL)
        return usher_sqlite_fail(failure, USHER_ERROR_OUT_OF_MEMORY, "out of memory");
    enum usher_error error = usher_sqlite_file_resolve(path, hold->path, failure);
    if (error == USHER_ERROR_NONE && stat(hold->path, &status) != 0)
        error = usher_sqlite_fail_from_errno(failure, "open", hold->path, errno);
    if (error == USHER_ERROR_NONE)
        error = open_file(hold, failure);
    if (error != USHER_ERROR_NONE) {
        usher_sqlite_hold_close(hold);
        return error;
    }
    *out_hold = hold;
    return USHER_ERROR_NONE;
}

static int write_page(int fd, const char *bytes, size_t length) {
    while (length > 0) {
        ssize_t count = write(fd, bytes, length);
        if (count < 0 && errno != EINTR)
            return errno;
        if (count > 0) {
            bytes += count;
            length -= (size_t)count;
        }
    }
    return 0;
}

// 0 or errno.
static int copy_pages(sqlite3_file *file, sqlite3_int64 size, int fd) {
    char page[PAGE_BYTES];
    for (sqlite3_int64 offset = 0; offset < size; offset += PAGE_BYTES) {
        size_t length = size - offset < PAGE_BYTES ? (size_t)(size - offset) : PAGE_BYTES;
        if (file->pMethods->xRead(file, page, (int)length, offset) != SQLITE_OK)
            memset(page, 0, length);
        int error = write_page(fd, page, length);
        if (error != 0)
            return error;
    }
    return fsync(fd) == 0 ? 0 : errno;
}

static enum usher_error fill(sqlite3_file *file, sqlite3_int64 size, int fd, const char *path,
                             struct usher_sqlite_failure *failure) {
    int error_number = copy_pages(file, size, fd);
    if (error_number != 0)
        return usher_sqlite_fail_from_errno(failure, "write", path, error_number);
    enum usher_error error = usher_file_sync_folder_of(path);
    return error == USHER_ERROR_NONE
               ? error
               : usher_sqlite_fail(failure, error, "cannot sync the folder of %s", path);
}

enum usher_error usher_sqlite_hold_copy(struct usher_sqlite_hold *hold, const char *path,
                                        struct usher_sqlite_failure *failure) {
    sqlite3_int64 size = 0;
    memset(failure, 0, sizeof *failure);
    int code = hold->file->pMethods->xFileSize(hold->file, &size);
    if (code != SQLITE_OK)
        return usher_sqlite_fail_from(failure, NULL, code, "measure the store");
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    if (fd < 0)
        return usher_sqlite_fail_from_errno(failure, "create", path, errno);
    enum usher_error error = fill(hold->file, size, fd, path, failure);
    close(fd);
    if (error != USHER_ERROR_NONE)
        unlink(path);
    return error;
}

void usher_sqlite_hold_close(struct usher_sqlite_hold *hold) {
    if (hold == NULL)
        return;
    if (hold->file != NULL && hold->file->pMethods != NULL)
        hold->file->pMethods->xClose(hold->file);
    free(hold->file);
    sqlite3_free_filename(hold->name);
    free(hold);
}
