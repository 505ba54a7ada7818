// SPDX-License-Identifier: MIT
#include "sqlite_connection.h"

#include <sqlite3.h>

#include "sqlite_fixture.h"

enum { WAL_BYTES = 4 << 20 };

static struct usher_sqlite_failure failure;

static void test_lock(struct fixture *fixture, struct usher_sqlite_connection *connection) {
    struct usher_sqlite_connection second;
    check(fixture, usher_sqlite_connection_open(connection, fixture->path, &failure) == USHER_ERROR_NONE,
          "a store opens");
    check(fixture,
          usher_sqlite_connection_open(&second, fixture->path, &failure) == USHER_ERROR_STORE_LOCKED &&
              second.db == NULL,
          "once at a time");
    check(fixture, fixture_size(fixture, "-shm") == -1, "without shared memory");
}

static void test_writable(struct fixture *fixture, struct usher_sqlite_connection *connection) {
    check(fixture,
          usher_sqlite_connection_run(connection, "SELECT count(*) FROM item", &failure) ==
                  USHER_ERROR_NONE &&
              fixture_size(fixture, "-wal") == 0,
          "reading writes nothing");
    check(fixture,
          usher_sqlite_connection_make_writable(connection, &failure) == USHER_ERROR_NONE &&
              fixture_size(fixture, "-wal") >= WAL_BYTES,
          "the log is made long before the first write");
    struct stat status;
    check(fixture, stat(fixture->path, &status) == 0 && (long)status.st_blocks * 512 >= status.st_size / 2,
          "with room in the file that is really there");
    check(fixture, usher_sqlite_connection_make_writable(connection, &failure) == USHER_ERROR_NONE, "once");
}

static void test_log(struct fixture *fixture, struct usher_sqlite_connection *connection) {
    long size = fixture_size(fixture, "-wal");
    int highest = 0;
    bool all = true;
    for (int i = 0; i < 3000; i++) {
        all = all && usher_sqlite_connection_run(connection,
                                                 "INSERT OR REPLACE INTO item VALUES (hex(randomblob(500)))",
                                                 &failure) == USHER_ERROR_NONE;
        highest = connection->wal_frames > highest ? connection->wal_frames : highest;
        all = all && usher_sqlite_connection_checkpoint(connection, USHER_SQLITE_CHECKPOINT_FRAMES,
                                                        &failure) == USHER_ERROR_NONE;
    }
    check(fixture, all && highest > 0 && highest < 500, "the log is emptied as it fills");
    check(fixture, fixture_size(fixture, "-wal") == size, "and keeps its length");
}

static void test_statements(struct fixture *fixture, struct usher_sqlite_connection *connection) {
    struct sqlite3_stmt *first;
    struct sqlite3_stmt *again;
    usher_sqlite_connection_prepare(connection, "SELECT 0", &first, &failure);
    bool all = true;
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 2 * USHER_SQLITE_STATEMENTS; i++) {
            char sql[32];
            struct sqlite3_stmt *statement;
            snprintf(sql, sizeof sql, "SELECT %d", i);
            all =
                all &&
                usher_sqlite_connection_prepare(connection, sql, &statement, &failure) == USHER_ERROR_NONE &&
                strcmp(sqlite3_sql(statement), sql) == 0;
            usher_sqlite_connection_prepare(connection, "SELECT 'kept'", &statement, &failure);
        }
    }
    check(fixture, all, "more statements than are kept can be used");
    usher_sqlite_connection_prepare(connection, "SELECT 'kept'", &first, &failure);
    usher_sqlite_connection_prepare(connection, "SELECT 'kept'", &again, &failure);
    check(fixture, first == again, "those in use are kept");
    check(fixture,
          usher_sqlite_connection_prepare(connection, "SELECT 1; SELECT 2", &first, &failure) ==
              USHER_ERROR_STORE_FAILED,
          "two statements in one are refused");
}

static void test_close(struct fixture *fixture, struct usher_sqlite_connection *connection) {
    long size = fixture_size(fixture, "-wal");
    usher_sqlite_connection_close(connection);
    check(fixture, connection->db == NULL && fixture_size(fixture, "-wal") == size,
          "the log outlives a close");
    usher_sqlite_connection_close(connection);
    usher_sqlite_connection_abandon(connection);
    check(fixture, usher_sqlite_connection_open(connection, fixture->path, &failure) == USHER_ERROR_NONE,
          "after which the store opens again");
    usher_sqlite_connection_abandon(connection);
}

int main(void) {
    struct fixture fixture;
    struct usher_sqlite_connection connection;
    fixture_init(&fixture);
    struct usher_sqlite_options options = fixture_options(&fixture);
    check(&fixture, usher_sqlite_file_create(&options, &failure) == USHER_ERROR_NONE, "a store is made");
    test_lock(&fixture, &connection);
    test_writable(&fixture, &connection);
    test_log(&fixture, &connection);
    test_statements(&fixture, &connection);
    test_close(&fixture, &connection);
    return fixture_deinit(&fixture);
}
