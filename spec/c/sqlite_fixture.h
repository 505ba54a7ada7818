// SPDX-License-Identifier: MIT
// What the tests of the store's C files share: TAP, a folder that is removed, jobs in one line.
#ifndef USHER_SQLITE_FIXTURE_H
#define USHER_SQLITE_FIXTURE_H

#include "sqlite_file.h"
#include "sqlite_job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FIXTURE_APPLICATION_ID = 0x75736801 };

struct fixture {
    int count;
    int failures;
    char folder[64];
    char path[128];
};

static const char *const fixture_create[] = {"CREATE TABLE item (name TEXT PRIMARY KEY NOT NULL)"};

static inline void check(struct fixture *fixture, bool condition, const char *name) {
    printf("%sok %d - %s\n", condition ? "" : "not ", ++fixture->count, name);
    fixture->failures += condition ? 0 : 1;
}

static inline void fixture_init(struct fixture *fixture) {
    memset(fixture, 0, sizeof *fixture);
    strcpy(fixture->folder, "/tmp/usher_store_XXXXXX");
    if (mkdtemp(fixture->folder) == NULL)
        abort();
    snprintf(fixture->path, sizeof fixture->path, "%s/store.db", fixture->folder);
}

static inline void fixture_remove(const struct fixture *fixture, const char *suffix) {
    char name[192];
    snprintf(name, sizeof name, "%s%s", fixture->path, suffix);
    unlink(name);
}

static inline void fixture_clear(const struct fixture *fixture) {
    static const char *const suffixes[] = {"", "-wal", "-journal", ".new", ".new-wal"};
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++)
        fixture_remove(fixture, suffixes[i]);
}

// Prints the plan; the program's exit code.
static inline int fixture_deinit(struct fixture *fixture) {
    fixture_clear(fixture);
    rmdir(fixture->folder);
    printf("1..%d\n", fixture->count);
    return fixture->failures > 0 ? 1 : 0;
}

static inline struct usher_sqlite_options fixture_options(const struct fixture *fixture) {
    return (struct usher_sqlite_options){.path = fixture->path,
                                         .application_id = FIXTURE_APPLICATION_ID,
                                         .create = fixture_create,
                                         .create_count = 1,
                                         .may_create = true};
}

// The size of the file, its log, ...; -1: there is none.
static inline long fixture_size(const struct fixture *fixture, const char *suffix) {
    char name[192];
    struct stat status;
    snprintf(name, sizeof name, "%s%s", fixture->path, suffix);
    return stat(name, &status) == 0 ? (long)status.st_size : -1;
}

// A job of one step; `text` is its parameter, NULL: none.
static inline struct usher_sqlite_job *fixture_job(const char *sql, const char *text) {
    struct usher_sqlite_job *job = usher_sqlite_job_new(1);
    if (job == NULL || !usher_sqlite_step_set(&job->steps[0], sql, NULL, text != NULL ? 1 : 0))
        abort();
    if (text != NULL && !usher_sqlite_value_set_text(&job->steps[0].parameters[0], text, strlen(text)))
        abort();
    return job;
}

static inline struct usher_sqlite_job *fixture_insert(const char *name) {
    return fixture_job("INSERT INTO item (name) VALUES (?)", name);
}

#endif
