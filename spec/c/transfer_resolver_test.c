// SPDX-License-Identifier: MIT
// A name server that does not answer must hold up neither the loop nor the end: this program's getaddrinfo,
// which libcurl's resolver thread finds before the system's, takes its time.
#include "loop.h"
#include "transfer.h"

#include <netdb.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { LOOKUP_SECONDS = 3 };

static atomic_int lookups;

__attribute__((visibility("default"))) int
getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **result) {
    struct timespec pause = {LOOKUP_SECONDS, 0};
    (void)node, (void)service, (void)hints, (void)result;
    atomic_fetch_add(&lookups, 1);
    nanosleep(&pause, NULL);
    return EAI_FAIL;
}

struct outcome {
    int reports;
    enum usher_error error;
    bool is_sent;
};

static void on_done(struct usher_transfer *transfer, void *arg) {
    struct outcome *outcome = arg;
    outcome->reports++;
    outcome->error = usher_transfer_error(transfer);
    outcome->is_sent = usher_transfer_is_sent(transfer);
}

static struct usher_transfer *start(struct usher_transfer_pool *pool, struct outcome *outcome,
                                    long timeout_ms) {
    const char *url = "http://slow.example/";
    struct usher_transfer_request request = {
        .method = "GET", .url = {url, strlen(url)}, .timeout_ms = timeout_ms, .max_body_bytes = 1};
    enum usher_error error = USHER_ERROR_NONE;
    return usher_transfer_start(pool, &request, on_done, outcome, &error);
}

// Turns the loop until that many lookups have begun.
static void await_lookups(struct usher_loop *loop, int count) {
    while (atomic_load(&lookups) < count)
        usher_loop_run(loop, USHER_LOOP_POLL);
}

static int cases;

static void check(bool holds, const char *title) {
    printf("%s %d - %s\n", holds ? "ok" : "not ok", ++cases, title);
}

int main(void) {
    time_t began = time(NULL);
    struct outcome expired = {0};
    struct outcome cancelled = {0};
    struct outcome dropped = {0};
    struct usher_loop *loop = usher_loop_new();
    struct usher_transfer_pool *pool = usher_transfer_pool_new(loop);

    start(pool, &expired, 500); // enough for the lookup to begin on a slow machine
    usher_loop_run(loop, USHER_LOOP_UNTIL_DONE);
    check(expired.reports == 1 && expired.error == USHER_ERROR_TIMEOUT && !expired.is_sent,
          "the time-out ends the lookup");

    struct usher_transfer *transfer = start(pool, &cancelled, 20000);
    await_lookups(loop, 2);
    usher_transfer_cancel(transfer);
    usher_transfer_cancel(transfer);
    check(cancelled.reports == 0, "a cancelled transfer is not reported from the call");
    usher_loop_run(loop, USHER_LOOP_UNTIL_DONE);
    check(cancelled.reports == 1 && cancelled.error == USHER_ERROR_CANCELLED, "but once, from the loop");

    start(pool, &dropped, 20000);
    await_lookups(loop, 3);
    usher_transfer_pool_free(pool);
    usher_loop_free(loop);
    check(dropped.reports == 0, "a pool that goes away reports nothing");
    check(time(NULL) - began < LOOKUP_SECONDS, "nothing waits for the lookup");
    printf("1..%d\n", cases);
    return 0;
}
