// SPDX-License-Identifier: MIT
#include "sqlite_connection.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

// The log's length at the start: what a group of transactions adds to USHER_SQLITE_CHECKPOINT_FRAMES still
// fits on a full disk.
enum { WAL_BYTES = 4 << 20, WAL_HEADER_BYTES = 32 };

// The file grows by this much at a time, and has half of it free at the start, for the same reason.
enum { FILE_CHUNK_BYTES = 1 << 20, PAGE_BYTES = 4096 };

enum { MAX_VALUE_BYTES = 4 << 20, MAX_SQL_BYTES = 64 << 10 };

static int on_committed(void *arg, sqlite3 *db, const char *name, int frames) {
    struct usher_sqlite_connection *connection = arg;
    (void)db;
    (void)name;
    connection->wal_frames = frames;
    return SQLITE_OK;
}

static void harden(sqlite3 *db) {
    static const struct {
        int option;
        int value;
    } options[] = {{SQLITE_DBCONFIG_DEFENSIVE, 1},
                   {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
                   {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
                   {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
                   {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
                   {SQLITE_DBCONFIG_DQS_DDL, 0},
                   {SQLITE_DBCONFIG_DQS_DML, 0},
                   {SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1}};
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        sqlite3_db_config(db, options[i].option, options[i].value, NULL);
    sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_limit(db, SQLITE_LIMIT_LENGTH, MAX_VALUE_BYTES);
    sqlite3_limit(db, SQLITE_LIMIT_SQL_LENGTH, MAX_SQL_BYTES);
}

static void set_file_controls(sqlite3 *db) {
    int persist = 1;
    int chunk_bytes = FILE_CHUNK_BYTES;
    sqlite3_file_control(db, "main", SQLITE_FCNTL_PERSIST_WAL, &persist);
    sqlite3_file_control(db, "main", SQLITE_FCNTL_CHUNK_SIZE, &chunk_bytes);
}

static int lock(sqlite3 *db) {
    // With EXCLUSIVE set before the first access there is no -shm file, and the lock stays until the close.
    static const char *const statements[] = {"PRAGMA locking_mode = EXCLUSIVE",
                                             "PRAGMA synchronous = FULL",
                                             "PRAGMA mmap_size = 0",
                                             "PRAGMA temp_store = MEMORY",
                                             "PRAGMA secure_delete = ON",
                                             "PRAGMA cell_size_check = ON",
                                             "BEGIN EXCLUSIVE",
                                             "COMMIT"};
    int code = SQLITE_OK;
    for (size_t i = 0; code == SQLITE_OK && i < sizeof statements / sizeof statements[0]; i++)
        code = sqlite3_exec(db, statements[i], NULL, NULL, NULL);
    return code;
}

static enum usher_error open_database(struct usher_sqlite_connection *connection, const char *path,
                                      struct usher_sqlite_failure *failure) {
    int code = sqlite3_open_v2(path, &connection->db,
                               SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (code != SQLITE_OK)
        return usher_sqlite_fail_from(failure, connection->db, code, "open the store");
    // SQLite opens a file that cannot be written for reading only, without a word.
    if (sqlite3_db_readonly(connection->db, "main") != 0)
        return usher_sqlite_fail(failure, USHER_ERROR_PERMISSION, "the store %s cannot be written", path);
    harden(connection->db);
    set_file_controls(connection->db);
    sqlite3_wal_hook(connection->db, on_committed, connection);
    code = lock(connection->db);
    if (usher_sqlite_error_of(code, 0) == USHER_ERROR_STORE_LOCKED)
        return usher_sqlite_fail(failure, USHER_ERROR_STORE_LOCKED, "another process is using the store %s",
                                 path);
    if (code != SQLITE_OK)
        return usher_sqlite_fail_from(failure, connection->db, code, "open the store");
    return USHER_ERROR_NONE;
}

enum usher_error usher_sqlite_connection_open(struct usher_sqlite_connection *connection, const char *path,
                                              struct usher_sqlite_failure *failure) {
    memset(connection, 0, sizeof *connection);
    if (sqlite3_threadsafe() == 0)
        return usher_sqlite_fail(failure, USHER_ERROR_STORE_FAILED,
                                 "this SQLite was built without support for threads");
    enum usher_error error = open_database(connection, path, failure);
    if (error != USHER_ERROR_NONE)
        usher_sqlite_connection_abandon(connection);
    return error;
}

static int find_wal(sqlite3 *db, sqlite3_file **out_file) {
    *out_file = NULL;
    int code = sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, out_file);
    if (code == SQLITE_OK && (*out_file == NULL || (*out_file)->pMethods == NULL))
        code = SQLITE_CANTOPEN;
    return code;
}

// Writes zeros from the log's end on: blocks that exist need no space later. SQLite takes zeros for the end
// of the log.
static int grow_wal(sqlite3 *db) {
    static const char zeros[64 << 10];
    sqlite3_file *file;
    sqlite3_int64 size = 0;
    int code = find_wal(db, &file);
    if (code == SQLITE_OK)
        code = file->pMethods->xFileSize(file, &size);
    bool grown = false;
    while (code == SQLITE_OK && size < WAL_BYTES) {
        code = file->pMethods->xWrite(file, zeros, (int)sizeof zeros, size);
        size += (sqlite3_int64)sizeof zeros;
        grown = true;
    }
    if (code == SQLITE_OK && grown)
        code = file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
    return code;
}

static int on_page_count(void *arg, int columns, char **values, char **names) {
    sqlite3_int64 *pages = arg;
    (void)names;
    if (columns == 1 && values[0] != NULL)
        *pages = strtoll(values[0], NULL, 10);
    return 0;
}

// Where there is no space for it the store works all the same, as long as records do not grow.
static void grow_file(sqlite3 *db) {
    sqlite3_int64 pages = 0;
    if (sqlite3_exec(db, "PRAGMA page_count", on_page_count, &pages, NULL) != SQLITE_OK)
        return;
    sqlite3_int64 wanted = pages * PAGE_BYTES + FILE_CHUNK_BYTES / 2;
    sqlite3_file_control(db, "main", SQLITE_FCNTL_SIZE_HINT, &wanted);
}

static int on_finding(void *arg, int columns, char **values, char **names) {
    struct usher_sqlite_failure *failure = arg;
    (void)names;
    if (columns != 1 || values[0] == NULL || strcmp(values[0], "ok") != 0) {
        usher_sqlite_fail(failure, USHER_ERROR_STORE_CORRUPT, "the store is damaged: %s",
                          columns == 1 && values[0] != NULL ? values[0] : "no finding");
        failure->code = SQLITE_CORRUPT;
    }
    return 0;
}

// What is written into a damaged tree may destroy what is still whole. A store is small: this takes
// milliseconds.
static enum usher_error check_structure(sqlite3 *db, struct usher_sqlite_failure *failure) {
    failure->error = USHER_ERROR_NONE;
    int code = sqlite3_exec(db, "PRAGMA integrity_check(1)", on_finding, failure, NULL);
    if (code != SQLITE_OK)
        return usher_sqlite_fail_from(failure, db, code, "check the store");
    return failure->error;
}

enum usher_error usher_sqlite_connection_make_writable(struct usher_sqlite_connection *connection,
                                                       struct usher_sqlite_failure *failure) {
    sqlite3 *db = connection->db;
    if (connection->is_writable)
        return USHER_ERROR_NONE;
    if (check_structure(db, failure) != USHER_ERROR_NONE)
        return failure->error;
    int code = sqlite3_exec(db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
    // What a log holds whose last sync failed is not on the disk for sure. Moved into the file and synced
    // there it is, and the next commit starts the log anew.
    if (code == SQLITE_OK)
        code = sqlite3_wal_checkpoint_v2(db, "main", SQLITE_CHECKPOINT_RESTART, NULL, NULL);
    if (code != SQLITE_OK)
        return usher_sqlite_fail_from(failure, db, code, "prepare the store for writing");
    grow_file(db);
    code = grow_wal(db);
    if (code != SQLITE_OK)
        return usher_sqlite_fail_from(failure, NULL, code, "reserve space for the store's log");
    connection->is_writable = true;
    return USHER_ERROR_NONE;
}

enum usher_error usher_sqlite_connection_checkpoint(struct usher_sqlite_connection *connection, int frames,
                                                    struct usher_sqlite_failure *failure) {
    if (connection->wal_frames < frames)
        return USHER_ERROR_NONE;
    int code = sqlite3_wal_checkpoint_v2(connection->db, "main", SQLITE_CHECKPOINT_RESTART, NULL, NULL);
    if (code != SQLITE_OK)
        return usher_sqlite_fail_from(failure, connection->db, code, "empty the store's log");
    connection->wal_frames = 0;
    return USHER_ERROR_NONE;
}

// What the log holds stays valid after it was moved into the file, and would be laid over an older file that
// is put back: without its header it is empty. Where moving it fails it is left as it is: SQLite's own close
// does not try again.
static void retire_wal(sqlite3 *db) {
    static const char zeros[WAL_HEADER_BYTES];
    sqlite3_file *file;
    int frames = 0;
    int moved = 0;
    if (sqlite3_wal_checkpoint_v2(db, "main", SQLITE_CHECKPOINT_RESTART, &frames, &moved) == SQLITE_OK &&
        frames == moved && find_wal(db, &file) == SQLITE_OK)
        file->pMethods->xWrite(file, zeros, (int)sizeof zeros, 0);
}

void usher_sqlite_connection_close(struct usher_sqlite_connection *connection) {
    for (size_t i = 0; i < USHER_SQLITE_STATEMENTS; i++) {
        sqlite3_finalize(connection->statements[i].statement);
        free(connection->statements[i].sql);
    }
    if (connection->is_writable)
        retire_wal(connection->db);
    sqlite3_close(connection->db);
    memset(connection, 0, sizeof *connection);
}

void usher_sqlite_connection_abandon(struct usher_sqlite_connection *connection) {
    connection->is_writable = false;
    usher_sqlite_connection_close(connection);
}

static struct usher_sqlite_statement *find_statement(struct usher_sqlite_connection *connection,
                                                     const char *sql) {
    struct usher_sqlite_statement *oldest = &connection->statements[0];
    for (size_t i = 0; i < USHER_SQLITE_STATEMENTS; i++) {
        struct usher_sqlite_statement *entry = &connection->statements[i];
        if (entry->sql != NULL && strcmp(entry->sql, sql) == 0)
            return entry;
        if (entry->used_at < oldest->used_at)
            oldest = entry;
    }
    return oldest;
}

static enum usher_error fill_statement(sqlite3 *db, struct usher_sqlite_statement *entry, const char *sql,
                                       struct usher_sqlite_failure *failure) {
    sqlite3_stmt *statement = NULL;
    const char *tail = "";
    int code = sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, &tail);
    if (code != SQLITE_OK)
        return usher_sqlite_fail_from(failure, db, code, "prepare a statement");
    char *copy = statement != NULL && tail[0] == '\0' ? strdup(sql) : NULL;
    if (copy == NULL) {
        sqlite3_finalize(statement);
        return statement != NULL && tail[0] == '\0'
                   ? usher_sqlite_fail(failure, USHER_ERROR_OUT_OF_MEMORY, "out of memory")
                   : usher_sqlite_fail(failure, USHER_ERROR_STORE_FAILED, "a step must be one statement");
    }
    sqlite3_finalize(entry->statement);
    free(entry->sql);
    entry->statement = statement;
    entry->sql = copy;
    return USHER_ERROR_NONE;
}

enum usher_error usher_sqlite_connection_prepare(struct usher_sqlite_connection *connection, const char *sql,
                                                 struct sqlite3_stmt **out_statement,
                                                 struct usher_sqlite_failure *failure) {
    struct usher_sqlite_statement *entry = find_statement(connection, sql);
    if (entry->sql == NULL || strcmp(entry->sql, sql) != 0) {
        enum usher_error error = fill_statement(connection->db, entry, sql, failure);
        if (error != USHER_ERROR_NONE)
            return error;
    }
    entry->used_at = ++connection->uses;
    *out_statement = entry->statement;
    return USHER_ERROR_NONE;
}

enum usher_error usher_sqlite_connection_run(struct usher_sqlite_connection *connection, const char *sql,
                                             struct usher_sqlite_failure *failure) {
    sqlite3_stmt *statement = NULL;
    enum usher_error error = usher_sqlite_connection_prepare(connection, sql, &statement, failure);
    if (error != USHER_ERROR_NONE)
        return error;
    int code = sqlite3_step(statement);
    if (code != SQLITE_DONE && code != SQLITE_ROW)
        error = usher_sqlite_fail_from(failure, connection->db, code, "complete a transaction");
    sqlite3_reset(statement);
    return error;
}
