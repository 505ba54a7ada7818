// SPDX-License-Identifier: MIT
// The thread under load, from start to join: to be run under ThreadSanitizer too.
#include "sqlite_worker.h"

#include <semaphore.h>

#include "sqlite_fixture.h"

enum { JOBS = 500 };

static void wake(void *arg) {
    sem_post(arg);
}

static void wait_while_opening(struct usher_sqlite_worker *worker, sem_t *woken) {
    while (usher_sqlite_worker_status(worker) == USHER_SQLITE_WORKER_OPENING)
        sem_wait(woken);
}

// Takes `count` finished jobs; whether each came in its turn and without a failure.
static bool take_all(struct usher_sqlite_worker *worker, sem_t *woken, int count) {
    bool all = true;
    for (int taken = 0; taken < count;) {
        struct usher_sqlite_job *job = usher_sqlite_worker_take(worker);
        if (job == NULL) {
            sem_wait(woken);
            continue;
        }
        char name[16];
        snprintf(name, sizeof name, "%d", taken++);
        all = all && job->failure.error == USHER_ERROR_NONE &&
              strcmp(job->steps[0].parameters[0].text, name) == 0;
        usher_sqlite_job_free(job);
    }
    return all && usher_sqlite_worker_take(worker) == NULL;
}

static void submit_all(struct usher_sqlite_worker *worker, int count) {
    for (int i = 0; i < count; i++) {
        char name[16];
        snprintf(name, sizeof name, "%d", i);
        usher_sqlite_worker_submit(worker, fixture_insert(name));
    }
}

static void test_jobs(struct fixture *fixture, sem_t *woken) {
    struct usher_sqlite_options options = fixture_options(fixture);
    struct usher_sqlite_worker *worker = usher_sqlite_worker_start(&options, wake, woken);
    submit_all(worker, JOBS);
    check(fixture, take_all(worker, woken, JOBS),
          "jobs given while the store opens come back in their order");
    check(fixture,
          usher_sqlite_worker_status(worker) == USHER_SQLITE_WORKER_OPEN &&
              usher_sqlite_worker_failure(worker)->error == USHER_ERROR_NONE,
          "the store is open");
    usher_sqlite_worker_stop(worker);
    usher_sqlite_worker_stop(worker);
    while (usher_sqlite_worker_status(worker) != USHER_SQLITE_WORKER_ENDED)
        sem_wait(woken);
    usher_sqlite_worker_join(worker);
    usher_sqlite_worker_join(worker);
    check(fixture, true, "a stop ends the thread and says so");
    usher_sqlite_worker_free(worker);
}

static void test_stop_with_jobs(struct fixture *fixture, sem_t *woken) {
    struct usher_sqlite_options options = fixture_options(fixture);
    struct usher_sqlite_worker *worker = usher_sqlite_worker_start(&options, wake, woken);
    wait_while_opening(worker, woken);
    for (int i = 0; i < JOBS; i++)
        usher_sqlite_worker_submit(worker, fixture_job("DELETE FROM item WHERE name = ?", "0"));
    usher_sqlite_worker_join(worker);
    int taken = 0;
    struct usher_sqlite_job *job;
    while (taken < JOBS / 2 && (job = usher_sqlite_worker_take(worker)) != NULL) {
        taken += job->failure.error == USHER_ERROR_NONE ? 1 : 0;
        usher_sqlite_job_free(job);
    }
    check(fixture, taken == JOBS / 2, "the join waits for what was given before it");
    usher_sqlite_worker_free(worker);
}

static void test_failed_open(struct fixture *fixture, sem_t *woken) {
    struct usher_sqlite_options options = fixture_options(fixture);
    options.application_id++;
    struct usher_sqlite_worker *worker = usher_sqlite_worker_start(&options, wake, woken);
    usher_sqlite_worker_submit(worker, fixture_insert("early"));
    wait_while_opening(worker, woken);
    usher_sqlite_worker_submit(worker, fixture_insert("late"));
    int failed = 0;
    while (failed < 2) {
        struct usher_sqlite_job *job = usher_sqlite_worker_take(worker);
        if (job == NULL) {
            sem_wait(woken);
            continue;
        }
        failed += job->failure.error == USHER_ERROR_STORE_FOREIGN ? 1 : 0;
        usher_sqlite_job_free(job);
    }
    check(fixture, usher_sqlite_worker_status(worker) == USHER_SQLITE_WORKER_ENDED,
          "a store that does not open fails its jobs and ends the thread");
    usher_sqlite_worker_join(worker);
    usher_sqlite_worker_free(worker);
}

static void test_submit_after_stop(struct fixture *fixture, sem_t *woken) {
    struct usher_sqlite_options options = fixture_options(fixture);
    struct usher_sqlite_worker *worker = usher_sqlite_worker_start(&options, wake, woken);
    wait_while_opening(worker, woken);
    usher_sqlite_worker_join(worker);
    usher_sqlite_worker_submit(worker, fixture_insert("too late"));
    struct usher_sqlite_job *job = usher_sqlite_worker_take(worker);
    check(fixture, job != NULL && job->failure.error == USHER_ERROR_CLOSED,
          "a job that comes after the stop fails");
    usher_sqlite_job_free(job);
    usher_sqlite_worker_free(worker);
}

int main(void) {
    struct fixture fixture;
    sem_t woken;
    fixture_init(&fixture);
    sem_init(&woken, 0, 0);
    test_jobs(&fixture, &woken);
    test_stop_with_jobs(&fixture, &woken);
    test_failed_open(&fixture, &woken);
    test_submit_after_stop(&fixture, &woken);
    usher_sqlite_worker_free(NULL);
    sem_destroy(&woken);
    return fixture_deinit(&fixture);
}
