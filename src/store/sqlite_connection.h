// SPDX-License-Identifier: MIT
// One database handle that holds the file for this process alone, with its prepared statements. It changes
// nothing on disk until it is made writable, so that a store that turns out not to be ours stays as it is.
#ifndef USHER_SQLITE_CONNECTION_H
#define USHER_SQLITE_CONNECTION_H

#include "sqlite_failure.h"

#include <stdbool.h>
#include <stdint.h>

struct sqlite3;
struct sqlite3_stmt;

enum { USHER_SQLITE_STATEMENTS = 32 };

// The log is emptied at the latest when it holds so many frames (a page and 24 bytes each).
enum { USHER_SQLITE_CHECKPOINT_FRAMES = 400 };

struct usher_sqlite_statement {
    char *sql;
    struct sqlite3_stmt *statement;
    uint64_t used_at; // on the connection's count of uses
};

struct usher_sqlite_connection {
    struct sqlite3 *db; // NULL: closed
    struct usher_sqlite_statement statements[USHER_SQLITE_STATEMENTS];
    uint64_t uses;
    int wal_frames; // in the write-ahead log after the last commit
    bool is_writable;
};

// STORE_LOCKED: another process, or another connection, has the file. A failed open leaves it closed.
enum usher_error usher_sqlite_connection_open(struct usher_sqlite_connection *connection, const char *path,
                                              struct usher_sqlite_failure *failure);

// Moves the log into the file where the connection was writable. Idempotent; harmless on a zeroed struct.
void usher_sqlite_connection_close(struct usher_sqlite_connection *connection);

// The same without a last try to write: for a handle after a failed write, whose cache may be ahead of the
// disk.
void usher_sqlite_connection_abandon(struct usher_sqlite_connection *connection);

// Outside a transaction: checks the file's structure, empties the write-ahead log and makes it large enough
// that commits need no more space on the disk. No effect the second time. STORE_CORRUPT: the structure is
// damaged, and nothing has been written.
enum usher_error usher_sqlite_connection_make_writable(struct usher_sqlite_connection *connection,
                                                       struct usher_sqlite_failure *failure);

// Outside a transaction: moves the log's content into the file where there are at least so many frames of it.
enum usher_error usher_sqlite_connection_checkpoint(struct usher_sqlite_connection *connection, int frames,
                                                    struct usher_sqlite_failure *failure);

// The statement for one SQL text, kept until 32 others have been used. Not to be finalized by the caller.
enum usher_error usher_sqlite_connection_prepare(struct usher_sqlite_connection *connection, const char *sql,
                                                 struct sqlite3_stmt **out_statement,
                                                 struct usher_sqlite_failure *failure);

// Runs a statement without parameters and rows.
enum usher_error usher_sqlite_connection_run(struct usher_sqlite_connection *connection, const char *sql,
                                             struct usher_sqlite_failure *failure);

#endif
