// SPDX-License-Identifier: MIT
#include "sqlite_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

// https://www.sqlite.org/fileformat.html section 1.3
enum { HEADER_BYTES = 100, MAGIC_BYTES = 16, APPLICATION_ID_OFFSET = 68 };
enum { WRITE_VERSION_OFFSET = 18, READ_VERSION_OFFSET = 19, WAL_VERSION = 2 };
enum { SUFFIX_BYTES = 16 };

static const char magic[MAGIC_BYTES] = "SQLite format 3";
static const char new_suffix[] = ".new";

static void append_suffix(char out_path[USHER_SQLITE_PATH_BYTES], const char *path, const char *first,
                          const char *second) {
    snprintf(out_path, USHER_SQLITE_PATH_BYTES, "%.*s%s%s", USHER_SQLITE_PATH_BYTES - SUFFIX_BYTES, path,
             first, second);
}

enum usher_error usher_sqlite_file_resolve(const char *path, char out_path[USHER_SQLITE_PATH_BYTES],
                                           struct usher_sqlite_failure *failure) {
    char folder[USHER_SQLITE_PATH_BYTES] = "";
    if (path[0] != '/' && getcwd(folder, sizeof folder) == NULL)
        return usher_sqlite_fail_from_errno(failure, "resolve", path, errno);
    int length =
        snprintf(out_path, USHER_SQLITE_PATH_BYTES, "%s%s%s", folder, folder[0] != '\0' ? "/" : "", path);
    if (length < 0 || length >= USHER_SQLITE_PATH_BYTES - SUFFIX_BYTES)
        return usher_sqlite_fail(failure, USHER_ERROR_LIMIT, "the store's path is too long");
    return USHER_ERROR_NONE;
}

// Reads through SQLite's own file layer: closing a descriptor of ours would drop the locks that another
// connection of this process holds on the file (POSIX locks belong to the process).
static int read_header(const char *path, unsigned char header[HEADER_BYTES]) {
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
    if (vfs == NULL)
        return SQLITE_ERROR;
    sqlite3_filename name = sqlite3_create_filename(path, "", "", 0, NULL);
    sqlite3_file *file = calloc(1, (size_t)vfs->szOsFile);
    int code = SQLITE_NOMEM;
    if (name != NULL && file != NULL) {
        int flags = 0;
        code = vfs->xOpen(vfs, name, file, SQLITE_OPEN_READONLY | SQLITE_OPEN_MAIN_DB, &flags);
        if (code == SQLITE_OK)
            code = file->pMethods->xRead(file, header, HEADER_BYTES, 0);
        if (file->pMethods != NULL)
            file->pMethods->xClose(file);
    }
    free(file);
    sqlite3_free_filename(name);
    return code;
}

static uint32_t read_uint32(const unsigned char *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

enum usher_error usher_sqlite_file_inspect(const char *path, uint32_t application_id,
                                           struct usher_sqlite_failure *failure) {
    struct stat status;
    if (stat(path, &status) != 0)
        return usher_sqlite_fail_from_errno(failure, "open", path, errno);
    if (!S_ISREG(status.st_mode))
        return usher_sqlite_fail(failure, USHER_ERROR_STORE_FOREIGN, "%s is not a regular file", path);
    if (access(path, R_OK | W_OK) != 0)
        return usher_sqlite_fail_from_errno(failure, "open", path, errno);
    if (status.st_size == 0)
        return usher_sqlite_fail(failure, USHER_ERROR_STORE_FOREIGN,
                                 "%s is empty, not a store of usher; it is left as it is", path);
    unsigned char header[HEADER_BYTES] = {0};
    int code = read_header(path, header);
    if (code != SQLITE_OK && code != SQLITE_IOERR_SHORT_READ)
        return usher_sqlite_fail_from(failure, NULL, code, "read the store's file");
    if (memcmp(header, magic, MAGIC_BYTES) != 0 ||
        read_uint32(header + APPLICATION_ID_OFFSET) != application_id)
        return usher_sqlite_fail(failure, USHER_ERROR_STORE_FOREIGN,
                                 "%s is not a store of usher; it is left as it is", path);
    // SQLite would take the file for one of a later version, and so for one that it can only read.
    if (header[WRITE_VERSION_OFFSET] > WAL_VERSION || header[READ_VERSION_OFFSET] > WAL_VERSION)
        return usher_sqlite_fail(failure, USHER_ERROR_STORE_CORRUPT, "the header of the file is damaged");
    return USHER_ERROR_NONE;
}

void usher_sqlite_file_sweep(const char *path) {
    static const char *const companions[] = {"", "-wal", "-journal", "-shm"};
    char name[USHER_SQLITE_PATH_BYTES];
    for (size_t i = 0; i < sizeof companions / sizeof companions[0]; i++) {
        append_suffix(name, path, new_suffix, companions[i]);
        unlink(name);
    }
}

static int execute(sqlite3 *db, const struct usher_sqlite_options *options) {
    char application_id[64];
    snprintf(application_id, sizeof application_id, "PRAGMA application_id = %d",
             (int)options->application_id);
    const char *const first[] = {"PRAGMA page_size = 4096",         "PRAGMA auto_vacuum = NONE",
                                 "PRAGMA locking_mode = EXCLUSIVE", "PRAGMA journal_mode = OFF",
                                 "PRAGMA synchronous = FULL",       application_id};
    int code = SQLITE_OK;
    for (size_t i = 0; code == SQLITE_OK && i < sizeof first / sizeof first[0]; i++)
        code = sqlite3_exec(db, first[i], NULL, NULL, NULL);
    for (size_t i = 0; code == SQLITE_OK && i < options->create_count; i++)
        code = sqlite3_exec(db, options->create[i], NULL, NULL, NULL);
    // In the header from the start, so that opening the file later writes nothing into it.
    if (code == SQLITE_OK)
        code = sqlite3_exec(db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
    return code;
}

static enum usher_error build(const char *path, const struct usher_sqlite_options *options,
                              struct usher_sqlite_failure *failure) {
    sqlite3 *db = NULL;
    int code =
        sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (code == SQLITE_OK)
        code = execute(db, options);
    if (code != SQLITE_OK)
        usher_sqlite_fail_from(failure, db, code, "create the store");
    int close_code = sqlite3_close(db);
    if (code == SQLITE_OK && close_code != SQLITE_OK)
        usher_sqlite_fail_from(failure, NULL, close_code, "create the store");
    return failure->error;
}

static enum usher_error publish(int file, int folder, const char *building, const char *path,
                                struct usher_sqlite_failure *failure) {
    if (fsync(file) != 0)
        return usher_sqlite_fail_from_errno(failure, "sync", building, errno);
    // link fails where the name is taken, rename would replace.
    if (link(building, path) != 0 && errno != EEXIST)
        return usher_sqlite_fail_from_errno(failure, "create", path, errno);
    unlink(building);
    if (fsync(folder) != 0)
        return usher_sqlite_fail_from_errno(failure, "sync the folder of", path, errno);
    return USHER_ERROR_NONE;
}

static enum usher_error refuse_companions(const char *path, struct usher_sqlite_failure *failure) {
    static const char *const companions[] = {"-wal", "-journal"};
    char name[USHER_SQLITE_PATH_BYTES];
    for (size_t i = 0; i < sizeof companions / sizeof companions[0]; i++) {
        append_suffix(name, path, "", companions[i]);
        if (access(name, F_OK) == 0)
            return usher_sqlite_fail(failure, USHER_ERROR_STORE_CORRUPT,
                                     "%s is missing, but %s is there: put the store's file back", path, name);
    }
    return USHER_ERROR_NONE;
}

static enum usher_error create_locked(const struct usher_sqlite_options *options, int folder,
                                      struct usher_sqlite_failure *failure) {
    const char *path = options->path;
    if (access(path, F_OK) == 0)
        return USHER_ERROR_NONE;
    if (refuse_companions(path, failure) != USHER_ERROR_NONE)
        return failure->error;
    usher_sqlite_file_sweep(path);
    char building[USHER_SQLITE_PATH_BYTES];
    append_suffix(building, path, new_suffix, "");
    int file = open(building, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    if (file < 0)
        return usher_sqlite_fail_from_errno(failure, "create", building, errno);
    enum usher_error error = build(building, options, failure);
    if (error == USHER_ERROR_NONE)
        error = publish(file, folder, building, path, failure);
    close(file);
    if (error != USHER_ERROR_NONE)
        usher_sqlite_file_sweep(path);
    return error;
}

enum usher_error usher_sqlite_file_create(const struct usher_sqlite_options *options,
                                          struct usher_sqlite_failure *failure) {
    char name[USHER_SQLITE_PATH_BYTES];
    append_suffix(name, options->path, "", "");
    char *slash = strrchr(name, '/');
    if (slash == NULL)
        return usher_sqlite_fail(failure, USHER_ERROR_INVALID_ARGUMENT, "the store's path is not absolute");
    *(slash == name ? slash + 1 : slash) = '\0';
    int folder = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return usher_sqlite_fail_from_errno(failure, "open the folder", name, errno);
    enum usher_error error;
    // Two processes that build at once would take each other's half-made file.
    if (flock(folder, LOCK_EX | LOCK_NB) == 0)
        error = create_locked(options, folder, failure);
    else if (errno == EWOULDBLOCK)
        error = usher_sqlite_fail(failure, USHER_ERROR_STORE_LOCKED,
                                  "another process is creating the store %s", options->path);
    else
        error = usher_sqlite_fail_from_errno(failure, "lock the folder", name, errno);
    close(folder);
    return error;
}
