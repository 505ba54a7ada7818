// SPDX-License-Identifier: MIT
#include "sqlite_file.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/file.h>

#include "sqlite_fixture.h"

enum { CREATORS = 8 };

static enum usher_error inspect(const struct fixture *fixture) {
    struct usher_sqlite_failure failure;
    return usher_sqlite_file_inspect(fixture->path, FIXTURE_APPLICATION_ID, &failure);
}

static enum usher_error create(const struct fixture *fixture) {
    struct usher_sqlite_failure failure = {.error = USHER_ERROR_NONE};
    struct usher_sqlite_options options = fixture_options(fixture);
    return usher_sqlite_file_create(&options, &failure);
}

static void write_file(const char *path, const char *bytes, size_t length) {
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(bytes, 1, length, file) != length || fclose(file) != 0)
        abort();
}

static void test_resolve(struct fixture *fixture) {
    char path[USHER_SQLITE_PATH_BYTES];
    char folder[USHER_SQLITE_PATH_BYTES];
    struct usher_sqlite_failure failure;
    char long_path[USHER_SQLITE_PATH_BYTES];
    memset(long_path, 'x', sizeof long_path - 1);
    long_path[0] = '/';
    long_path[sizeof long_path - 1] = '\0';
    check(fixture,
          usher_sqlite_file_resolve("/a/b", path, &failure) == USHER_ERROR_NONE && strcmp(path, "/a/b") == 0,
          "an absolute path stays");
    check(fixture,
          usher_sqlite_file_resolve("b", path, &failure) == USHER_ERROR_NONE &&
              getcwd(folder, sizeof folder) != NULL && strncmp(path, folder, strlen(folder)) == 0,
          "a relative one is one of the working folder");
    check(fixture, usher_sqlite_file_resolve(long_path, path, &failure) == USHER_ERROR_LIMIT,
          "a path without room for the companions' names is refused");
}

static void test_inspect(struct fixture *fixture) {
    char bytes[4096] = "SQLite format 3";
    check(fixture, inspect(fixture) == USHER_ERROR_NOT_FOUND, "a missing file is not found");
    write_file(fixture->path, "", 0);
    check(fixture, inspect(fixture) == USHER_ERROR_STORE_FOREIGN, "an empty file is foreign");
    write_file(fixture->path, bytes, 50);
    check(fixture, inspect(fixture) == USHER_ERROR_STORE_FOREIGN, "half a header is foreign");
    write_file(fixture->path, bytes, sizeof bytes);
    check(fixture, inspect(fixture) == USHER_ERROR_STORE_FOREIGN, "another application's file is foreign");
    memcpy(bytes + 68, "\x75\x73\x68\x01", 4);
    write_file(fixture->path, bytes, sizeof bytes);
    check(fixture, inspect(fixture) == USHER_ERROR_NONE, "the application's own is not");
    fixture_clear(fixture);
}

static void test_create(struct fixture *fixture) {
    struct stat status;
    mode_t umask_before = umask(0);
    check(fixture, create(fixture) == USHER_ERROR_NONE && inspect(fixture) == USHER_ERROR_NONE,
          "a file is created");
    umask(umask_before);
    check(fixture, stat(fixture->path, &status) == 0 && (status.st_mode & 07777) == 0600,
          "for its owner alone, whatever the umask");
    check(fixture, status.st_nlink == 1 && fixture_size(fixture, ".new") == -1, "under one name");
    check(fixture, fixture_size(fixture, "-wal") == -1 && fixture_size(fixture, ".new-wal") == -1,
          "without companions");
    check(fixture, create(fixture) == USHER_ERROR_NONE, "one that is there already is left alone");
    struct usher_sqlite_options options = fixture_options(fixture);
    struct usher_sqlite_failure failure = {.error = USHER_ERROR_NONE};
    static const char *const wrong[] = {"CREATE TABLE a (b)", "CREATE"};
    options.create = wrong;
    options.create_count = 2;
    fixture_clear(fixture);
    check(fixture, usher_sqlite_file_create(&options, &failure) == USHER_ERROR_STORE_FAILED,
          "wrong statements fail");
    check(fixture, fixture_size(fixture, "") == -1 && fixture_size(fixture, ".new") == -1,
          "and leave nothing behind");
    char name[192];
    snprintf(name, sizeof name, "%s-wal", fixture->path);
    write_file(name, "log", 3);
    check(fixture, create(fixture) == USHER_ERROR_STORE_CORRUPT && fixture_size(fixture, "-wal") == 3,
          "a log without its file is not taken for a new store");
    fixture_clear(fixture);
}

static void *create_in_thread(void *arg) {
    return create(arg) == USHER_ERROR_NONE ? arg : NULL;
}

static void test_race(struct fixture *fixture) {
    pthread_t threads[CREATORS];
    int created = 0;
    for (int i = 0; i < CREATORS; i++)
        pthread_create(&threads[i], NULL, create_in_thread, fixture);
    for (int i = 0; i < CREATORS; i++) {
        void *result;
        pthread_join(threads[i], &result);
        created += result != NULL ? 1 : 0;
    }
    check(fixture, created >= 1 && inspect(fixture) == USHER_ERROR_NONE,
          "one of many creators makes the file");
    fixture_clear(fixture);
    int folder = open(fixture->folder, O_RDONLY | O_DIRECTORY);
    flock(folder, LOCK_EX);
    check(fixture, create(fixture) == USHER_ERROR_STORE_LOCKED, "the others are told that it is being made");
    close(folder);
}

int main(void) {
    struct fixture fixture;
    fixture_init(&fixture);
    test_resolve(&fixture);
    test_inspect(&fixture);
    test_create(&fixture);
    test_race(&fixture);
    return fixture_deinit(&fixture);
}
