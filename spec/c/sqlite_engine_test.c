// SPDX-License-Identifier: MIT
// Groups of transactions, and every write and sync failing in turn: what was reported as done is
// there, and the engine goes on once the disk does.
#include "sqlite_engine.h"

#include "sqlite_faults.h"
#include "sqlite_fixture.h"

static struct usher_sqlite_engine engine;
static struct usher_sqlite_failure failure;

// Runs the jobs as one group.
static void run(struct usher_sqlite_job *jobs[], int count) {
    for (int i = 0; i + 1 < count; i++)
        jobs[i]->next = jobs[i + 1];
    usher_sqlite_engine_run(&engine, jobs[0]);
}

static void free_jobs(struct usher_sqlite_job *jobs[], int count) {
    for (int i = 0; i < count; i++)
        usher_sqlite_job_free(jobs[i]);
}

static enum usher_error run_one(struct usher_sqlite_job *job) {
    usher_sqlite_engine_run(&engine, job);
    enum usher_error error = job->failure.error;
    usher_sqlite_job_free(job);
    return error;
}

static long count_items(const char *name) {
    struct usher_sqlite_job *job = fixture_job("SELECT count(*) FROM item WHERE name LIKE ?", name);
    usher_sqlite_engine_run(&engine, job);
    long count = job->failure.error == USHER_ERROR_NONE ? (long)job->steps[0].values[0].integer : -1;
    usher_sqlite_job_free(job);
    return count;
}

static enum usher_error open_engine(const struct fixture *fixture) {
    struct usher_sqlite_options options = fixture_options(fixture);
    return usher_sqlite_engine_open(&engine, &options, &failure);
}

static void test_group(struct fixture *fixture) {
    check(fixture, open_engine(fixture) == USHER_ERROR_NONE, "a store is made and opened");
    struct usher_sqlite_job *jobs[] = {fixture_insert("a"), fixture_insert("a"),
                                       fixture_job("nonsense", NULL),
                                       fixture_job("SELECT name FROM item", NULL), fixture_insert("b")};
    run(jobs, 5);
    check(fixture, jobs[0]->failure.error == USHER_ERROR_NONE && jobs[0]->steps[0].changes == 1,
          "a job of a group is done");
    check(fixture,
          jobs[1]->failure.error == USHER_ERROR_STORE_FAILED &&
              jobs[2]->failure.error == USHER_ERROR_STORE_FAILED,
          "those that fail by themselves fail alone");
    check(fixture,
          jobs[3]->failure.error == USHER_ERROR_NONE && jobs[3]->steps[0].value_count == 1 &&
              strcmp(jobs[3]->steps[0].values[0].text, "a") == 0,
          "a later job sees what an earlier one did");
    check(fixture, jobs[4]->failure.error == USHER_ERROR_NONE && count_items("%") == 2,
          "and the others go on");
    free_jobs(jobs, 5);
    usher_sqlite_engine_close(&engine);
    usher_sqlite_engine_close(&engine);
}

static void test_one_sync(struct fixture *fixture, struct sqlite_faults *faults) {
    open_engine(fixture);
    run_one(fixture_insert("warm"));
    struct usher_sqlite_job *jobs[] = {fixture_insert("g1"), fixture_insert("g2"), fixture_insert("g3")};
    faults->syncs = 0;
    run(jobs, 3);
    check(fixture, faults->syncs == 1, "a group is made durable by one sync");
    free_jobs(jobs, 3);
    faults->syncs = 0;
    count_items("%");
    check(fixture, faults->syncs == 0, "reading needs none");
    usher_sqlite_engine_close(&engine);
}

static void test_failed_commit(struct fixture *fixture, struct sqlite_faults *faults) {
    open_engine(fixture);
    run_one(fixture_insert("warm again"));
    struct usher_sqlite_job *jobs[] = {fixture_insert("f1"), fixture_insert("f1"), fixture_insert("f2")};
    *faults = (struct sqlite_faults){.kind = SQLITE_FAULT_SYNC, .code = SQLITE_IOERR_FSYNC};
    run(jobs, 3);
    check(fixture,
          faults->has_struck && jobs[0]->failure.error == USHER_ERROR_STORE_FAILED &&
              jobs[1]->failure.error == USHER_ERROR_STORE_FAILED &&
              jobs[2]->failure.error == USHER_ERROR_STORE_FAILED,
          "a failed commit fails every job of the group");
    check(fixture, engine.connection.db == NULL, "the handle whose sync failed is given up");
    free_jobs(jobs, 3);
    check(fixture, run_one(fixture_insert("f3")) == USHER_ERROR_NONE && count_items("f3") == 1,
          "a new one takes over");
    *faults = (struct sqlite_faults){.kind = SQLITE_FAULT_WRITE, .code = SQLITE_FULL, .lasts = true};
    check(fixture, run_one(fixture_insert("f4")) == USHER_ERROR_NO_SPACE, "a full disk is told");
    check(fixture, count_items("f3") == 1, "what is there can be read meanwhile");
    *faults = (struct sqlite_faults){.kind = SQLITE_FAULT_NONE};
    check(fixture, run_one(fixture_insert("f4")) == USHER_ERROR_NONE,
          "and it goes on when there is space again");
    usher_sqlite_engine_close(&engine);
}

// What was reported as failed is found in the log by whoever opens it anew: an answer to that is a promise.
static void test_failed_commit_read_again(struct fixture *fixture, struct sqlite_faults *faults) {
    open_engine(fixture);
    run_one(fixture_insert("warm once more"));
    *faults = (struct sqlite_faults){.kind = SQLITE_FAULT_SYNC, .code = SQLITE_IOERR_FSYNC, .lasts = true};
    check(fixture, run_one(fixture_insert("r1")) == USHER_ERROR_STORE_FAILED,
          "a commit that is not synced fails");
    check(fixture, count_items("r1") == -1, "nothing is read from its log while that cannot be synced");
    *faults = (struct sqlite_faults){.kind = SQLITE_FAULT_NONE};
    check(fixture, count_items("r1") == 1 && faults->syncs > 0, "and once it can, not before it is");
    faults->syncs = 0;
    check(fixture, count_items("r1") == 1 && faults->syncs == 0, "once");
    usher_sqlite_engine_close(&engine);
}

static void test_close_with_failing_sync(struct fixture *fixture, struct sqlite_faults *faults) {
    open_engine(fixture);
    run_one(fixture_insert("last"));
    *faults = (struct sqlite_faults){.kind = SQLITE_FAULT_SYNC, .code = SQLITE_IOERR_FSYNC};
    usher_sqlite_engine_close(&engine);
    check(fixture, faults->has_struck && faults->syncs == 1, "a close that fails to sync does not try again");
    open_engine(fixture);
    check(fixture, count_items("last") == 1, "and leaves what was committed in the log");
    usher_sqlite_engine_close(&engine);
}

static void test_full_disk(struct fixture *fixture, struct sqlite_faults *faults) {
    fixture_clear(fixture);
    open_engine(fixture);
    run_one(fixture_insert("warm"));
    *faults = (struct sqlite_faults){.kind = SQLITE_FAULT_GROWTH, .code = SQLITE_FULL, .lasts = true};
    bool all = true;
    for (int i = 0; i < 300; i++) {
        all = all &&
              run_one(fixture_job("UPDATE item SET name = hex(randomblob(20000))", NULL)) == USHER_ERROR_NONE;
        usher_sqlite_engine_tidy(&engine);
    }
    check(fixture, all && !faults->has_struck, "what is there can be changed for ever on a full disk");
    enum usher_error error = USHER_ERROR_NONE;
    for (int i = 0; i < 500 && error == USHER_ERROR_NONE; i++) {
        error = run_one(fixture_job("INSERT INTO item VALUES (hex(randomblob(20000)))", NULL));
        usher_sqlite_engine_tidy(&engine);
    }
    check(fixture, error == USHER_ERROR_NO_SPACE, "what is added fills it, and that is told");
    faults->kind = SQLITE_FAULT_NONE;
    check(fixture, run_one(fixture_insert("after")) == USHER_ERROR_NONE && count_items("after") == 1,
          "and it goes on when there is space again");
    usher_sqlite_engine_close(&engine);
}

static void zero_page(const struct fixture *fixture, long number) {
    static const char zeros[4096];
    FILE *file = fopen(fixture->path, "r+b");
    if (file == NULL || fseek(file, (number - 1) * (long)sizeof zeros, SEEK_SET) != 0 ||
        fwrite(zeros, sizeof zeros, 1, file) != 1 || fclose(file) != 0)
        abort();
}

// Page 2 is the table's, page 3 its index's.
static void test_damage(struct fixture *fixture) {
    fixture_clear(fixture);
    open_engine(fixture);
    run_one(fixture_insert("a"));
    usher_sqlite_engine_close(&engine);
    zero_page(fixture, 3);
    open_engine(fixture);
    struct usher_sqlite_job *jobs[] = {
        fixture_job("SELECT name FROM item NOT INDEXED", NULL),
        fixture_job("SELECT name FROM item WHERE name = ?", "a"),
        fixture_job("SELECT count(*) FROM item NOT INDEXED", NULL),
    };
    run(jobs, 3);
    check(fixture, jobs[1]->failure.error == USHER_ERROR_STORE_CORRUPT, "a damaged page is told");
    check(fixture,
          jobs[0]->failure.error == USHER_ERROR_NONE && jobs[0]->steps[0].value_count == 1 &&
              jobs[2]->failure.error == USHER_ERROR_NONE && jobs[2]->steps[0].values[0].integer == 1,
          "and is in the way of no other job of the group");
    free_jobs(jobs, 3);
    long size = fixture_size(fixture, "-wal");
    check(fixture,
          run_one(fixture_insert("b")) == USHER_ERROR_STORE_CORRUPT && fixture_size(fixture, "-wal") == size,
          "nothing is written into a damaged store");
    usher_sqlite_engine_close(&engine);
    fixture_clear(fixture);
}

static void test_rest(struct fixture *fixture) {
    open_engine(fixture);
    run_one(fixture_insert("rested"));
    bool was_pending = engine.connection.wal_frames > 0;
    usher_sqlite_engine_tidy(&engine);
    bool is_still = engine.connection.wal_frames > 0;
    usher_sqlite_engine_rest(&engine);
    check(fixture, was_pending && is_still && engine.connection.wal_frames == 0,
          "a rest empties a log that is short");
    usher_sqlite_engine_rest(&engine);
    usher_sqlite_engine_close(&engine);
    fixture_clear(fixture);
}

struct outcome {
    bool has_struck;
    bool is_kept;     // all that was reported as done was found again
    bool has_resumed; // the same engine went on without the fault
};

// From a store's opening, or its creation, over two groups to its close, with one call failing.
static struct outcome run_with_fault(struct fixture *fixture, struct sqlite_faults *faults, bool is_new,
                                     struct sqlite_faults fault) {
    struct outcome outcome = {.is_kept = true};
    fixture_clear(fixture);
    if (!is_new) {
        open_engine(fixture);
        run_one(fixture_insert("before"));
        usher_sqlite_engine_close(&engine);
    }
    *faults = fault;
    bool done[2] = {false, false};
    if (open_engine(fixture) == USHER_ERROR_NONE) {
        done[0] = run_one(fixture_insert("first")) == USHER_ERROR_NONE;
        usher_sqlite_engine_tidy(&engine);
        done[1] = run_one(fixture_insert("second")) == USHER_ERROR_NONE;
    }
    outcome.has_struck = faults->has_struck;
    faults->kind = SQLITE_FAULT_NONE;
    outcome.has_resumed = run_one(fixture_insert("third")) == USHER_ERROR_NONE;
    usher_sqlite_engine_close(&engine);
    outcome.is_kept = open_engine(fixture) == USHER_ERROR_NONE && (is_new || count_items("before") == 1) &&
                      (!done[0] || count_items("first") == 1) && (!done[1] || count_items("second") == 1) &&
                      (!outcome.has_resumed || count_items("third") == 1);
    usher_sqlite_engine_close(&engine);
    return outcome;
}

static void test_each_call_failing(struct fixture *fixture, struct sqlite_faults *faults, bool is_new,
                                   struct sqlite_faults fault, const char *name) {
    bool all_kept = true;
    bool all_resumed = true;
    int struck = 0;
    struct outcome outcome;
    do {
        fault.countdown = struck;
        outcome = run_with_fault(fixture, faults, is_new, fault);
        all_kept = all_kept && outcome.is_kept;
        all_resumed = all_resumed && (outcome.has_resumed || is_new);
        struck += outcome.has_struck ? 1 : 0;
    } while (outcome.has_struck && struck < 500);
    printf("# %d calls\n", struck);
    check(fixture, struck > 0 && struck < 500 && all_kept, name);
    check(fixture, all_resumed, "and it goes on afterwards");
}

int main(void) {
    struct fixture fixture;
    fixture_init(&fixture);
    test_damage(&fixture);
    test_rest(&fixture);
    struct sqlite_faults *faults = sqlite_faults_install();
    test_group(&fixture);
    test_one_sync(&fixture, faults);
    test_failed_commit(&fixture, faults);
    test_failed_commit_read_again(&fixture, faults);
    test_close_with_failing_sync(&fixture, faults);
    test_full_disk(&fixture, faults);
    struct sqlite_faults full = {.kind = SQLITE_FAULT_WRITE, .code = SQLITE_FULL};
    struct sqlite_faults broken = {.kind = SQLITE_FAULT_WRITE, .code = SQLITE_IOERR_WRITE};
    struct sqlite_faults unsynced = {.kind = SQLITE_FAULT_SYNC, .code = SQLITE_IOERR_FSYNC};
    test_each_call_failing(&fixture, faults, false, full, "no full disk loses a transaction");
    test_each_call_failing(&fixture, faults, false, broken, "no failing write loses a transaction");
    test_each_call_failing(&fixture, faults, false, unsynced, "no failing sync loses a transaction");
    test_each_call_failing(&fixture, faults, true, full, "no full disk leaves half a store");
    test_each_call_failing(&fixture, faults, true, unsynced, "no failing sync leaves half a store");
    return fixture_deinit(&fixture);
}
