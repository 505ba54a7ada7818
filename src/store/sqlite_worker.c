// SPDX-License-Identifier: MIT
#include "sqlite_worker.h"

#include "sqlite_engine.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// Bounds what one commit adds to the log.
enum { MAX_GROUP = 32 };

// After so long without work the log is emptied.
enum { REST_AFTER_SECONDS = 1 };

struct queue {
    struct usher_sqlite_job *first;
    struct usher_sqlite_job *last;
};

struct usher_sqlite_worker {
    struct usher_sqlite_engine engine; // the thread's own
    struct usher_sqlite_options options;
    char *path;
    char **create;
    usher_sqlite_wake_fn wake;
    void *arg;
    pthread_t thread;
    bool is_joined; // the other thread's own

    pthread_mutex_t mutex; // guards what follows
    pthread_cond_t work_came;
    struct queue waiting;
    struct queue finished;
    bool is_stopping;
    enum usher_sqlite_worker_status status;
    struct usher_sqlite_failure failure; // written before the status leaves OPENING
};

static void append(struct queue *queue, struct usher_sqlite_job *first, struct usher_sqlite_job *last) {
    if (queue->last != NULL)
        queue->last->next = first;
    else
        queue->first = first;
    queue->last = last;
}

static struct usher_sqlite_job *take_first(struct queue *queue) {
    struct usher_sqlite_job *job = queue->first;
    if (job == NULL)
        return NULL;
    queue->first = job->next;
    if (queue->first == NULL)
        queue->last = NULL;
    job->next = NULL;
    return job;
}

static void set_open(struct usher_sqlite_worker *worker) {
    pthread_mutex_lock(&worker->mutex);
    worker->status = USHER_SQLITE_WORKER_OPEN;
    pthread_mutex_unlock(&worker->mutex);
    worker->wake(worker->arg);
}

// For a store that could not be opened, or that is closed.
static void fail_waiting(struct usher_sqlite_worker *worker) {
    struct usher_sqlite_failure failure = worker->failure;
    if (failure.error == USHER_ERROR_NONE)
        usher_sqlite_fail(&failure, USHER_ERROR_CLOSED, "the store is closed");
    pthread_mutex_lock(&worker->mutex);
    for (struct usher_sqlite_job *job = worker->waiting.first; job != NULL; job = job->next)
        job->failure = failure;
    if (worker->waiting.first != NULL)
        append(&worker->finished, worker->waiting.first, worker->waiting.last);
    worker->waiting.first = worker->waiting.last = NULL;
    worker->status = USHER_SQLITE_WORKER_ENDED;
    pthread_mutex_unlock(&worker->mutex);
    worker->wake(worker->arg);
}

// With the mutex held, which is let go of meanwhile: returns when there is work, or the stop.
static void wait_for_work(struct usher_sqlite_worker *worker) {
    struct timespec deadline;
    bool has_rested = false;
    clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_sec += REST_AFTER_SECONDS;
    while (worker->waiting.first == NULL && !worker->is_stopping) {
        if (has_rested) {
            pthread_cond_wait(&worker->work_came, &worker->mutex);
        } else if (pthread_cond_timedwait(&worker->work_came, &worker->mutex, &deadline) == ETIMEDOUT) {
            has_rested = true;
            pthread_mutex_unlock(&worker->mutex);
            usher_sqlite_engine_rest(&worker->engine);
            pthread_mutex_lock(&worker->mutex);
        }
    }
}

// The oldest waiting jobs, at most MAX_GROUP; NULL once stopped and nothing waits. Sets *out_last.
static struct usher_sqlite_job *wait_for_group(struct usher_sqlite_worker *worker,
                                               struct usher_sqlite_job **out_last) {
    struct queue group = {NULL, NULL};
    pthread_mutex_lock(&worker->mutex);
    wait_for_work(worker);
    for (int i = 0; i < MAX_GROUP && worker->waiting.first != NULL; i++) {
        struct usher_sqlite_job *job = take_first(&worker->waiting);
        append(&group, job, job);
    }
    pthread_mutex_unlock(&worker->mutex);
    *out_last = group.last;
    return group.first;
}

static void finish(struct usher_sqlite_worker *worker, struct usher_sqlite_job *first,
                   struct usher_sqlite_job *last) {
    pthread_mutex_lock(&worker->mutex);
    append(&worker->finished, first, last);
    pthread_mutex_unlock(&worker->mutex);
    worker->wake(worker->arg);
}

static void *work(void *arg) {
    struct usher_sqlite_worker *worker = arg;
    if (usher_sqlite_engine_open(&worker->engine, &worker->options, &worker->failure) != USHER_ERROR_NONE) {
        fail_waiting(worker);
        return NULL;
    }
    set_open(worker);
    struct usher_sqlite_job *last;
    struct usher_sqlite_job *first;
    while ((first = wait_for_group(worker, &last)) != NULL) {
        usher_sqlite_engine_run(&worker->engine, first);
        finish(worker, first, last);
        usher_sqlite_engine_tidy(&worker->engine);
    }
    usher_sqlite_engine_close(&worker->engine);
    fail_waiting(worker);
    return NULL;
}

static bool copy_options(struct usher_sqlite_worker *worker, const struct usher_sqlite_options *options) {
    worker->options = *options;
    worker->path = strdup(options->path);
    worker->create = calloc(options->create_count + 1, sizeof *worker->create);
    if (worker->path == NULL || worker->create == NULL)
        return false;
    for (size_t i = 0; i < options->create_count; i++)
        if ((worker->create[i] = strdup(options->create[i])) == NULL)
            return false;
    worker->options.path = worker->path;
    worker->options.create = (const char *const *)worker->create;
    return true;
}

// Signals are for the host's threads: the new one inherits a mask that blocks them all.
static bool start_thread(struct usher_sqlite_worker *worker) {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool started = pthread_create(&worker->thread, NULL, work, worker) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

// Its time-outs count on the clock that nobody sets.
static void init_condition(pthread_cond_t *condition) {
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
}

struct usher_sqlite_worker *usher_sqlite_worker_start(const struct usher_sqlite_options *options,
                                                      usher_sqlite_wake_fn wake, void *arg) {
    struct usher_sqlite_worker *worker = calloc(1, sizeof *worker);
    if (worker == NULL)
        return NULL;
    worker->wake = wake;
    worker->arg = arg;
    worker->is_joined = true;
    pthread_mutex_init(&worker->mutex, NULL);
    init_condition(&worker->work_came);
    if (copy_options(worker, options) && start_thread(worker)) {
        worker->is_joined = false;
        return worker;
    }
    usher_sqlite_worker_free(worker);
    return NULL;
}

enum usher_sqlite_worker_status usher_sqlite_worker_status(struct usher_sqlite_worker *worker) {
    pthread_mutex_lock(&worker->mutex);
    enum usher_sqlite_worker_status status = worker->status;
    pthread_mutex_unlock(&worker->mutex);
    return status;
}

const struct usher_sqlite_failure *usher_sqlite_worker_failure(const struct usher_sqlite_worker *worker) {
    return &worker->failure;
}

void usher_sqlite_worker_submit(struct usher_sqlite_worker *worker, struct usher_sqlite_job *job) {
    job->next = NULL;
    pthread_mutex_lock(&worker->mutex);
    append(&worker->waiting, job, job);
    bool is_late = worker->status == USHER_SQLITE_WORKER_ENDED;
    pthread_cond_signal(&worker->work_came);
    pthread_mutex_unlock(&worker->mutex);
    if (is_late)
        fail_waiting(worker);
}

struct usher_sqlite_job *usher_sqlite_worker_take(struct usher_sqlite_worker *worker) {
    pthread_mutex_lock(&worker->mutex);
    struct usher_sqlite_job *job = take_first(&worker->finished);
    pthread_mutex_unlock(&worker->mutex);
    return job;
}

void usher_sqlite_worker_stop(struct usher_sqlite_worker *worker) {
    pthread_mutex_lock(&worker->mutex);
    worker->is_stopping = true;
    pthread_cond_signal(&worker->work_came);
    pthread_mutex_unlock(&worker->mutex);
}

void usher_sqlite_worker_join(struct usher_sqlite_worker *worker) {
    if (worker->is_joined)
        return;
    usher_sqlite_worker_stop(worker);
    pthread_join(worker->thread, NULL);
    worker->is_joined = true;
}

static void free_queue(struct queue *queue) {
    struct usher_sqlite_job *job;
    while ((job = take_first(queue)) != NULL)
        usher_sqlite_job_free(job);
}

void usher_sqlite_worker_free(struct usher_sqlite_worker *worker) {
    if (worker == NULL)
        return;
    free_queue(&worker->waiting);
    free_queue(&worker->finished);
    for (size_t i = 0; worker->create != NULL && i < worker->options.create_count; i++)
        free(worker->create[i]);
    free(worker->create);
    free(worker->path);
    pthread_cond_destroy(&worker->work_came);
    pthread_mutex_destroy(&worker->mutex);
    free(worker);
}
