// SPDX-License-Identifier: MIT
// Another thread wakes the loop: sends may be merged, but none after the last wake-up is lost.
#include "loop.h"
#include "wakeup.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

enum { SENDS = 10000 };

static struct usher_wakeup *wakeup;
static atomic_int sent;
static int seen;
static int calls;

static void on_woken(void *arg) {
    (void)arg;
    calls++;
    seen = atomic_load(&sent);
    if (seen == SENDS)
        usher_wakeup_hold(wakeup, false);
}

static void *send_many(void *arg) {
    (void)arg;
    for (int i = 0; i < SENDS; i++) {
        atomic_fetch_add(&sent, 1);
        usher_wakeup_send(wakeup);
    }
    return NULL;
}

int main(void) {
    struct usher_loop *loop = usher_loop_new();
    wakeup = usher_wakeup_open(loop, on_woken, NULL);
    usher_wakeup_hold(wakeup, true);
    pthread_t thread;
    pthread_create(&thread, NULL, send_many, NULL);
    usher_loop_run(loop, USHER_LOOP_UNTIL_DONE);
    pthread_join(thread, NULL);
    printf("%s 1 - the last send is seen\n", seen == SENDS ? "ok" : "not ok");
    printf("%s 2 - sends are merged, never multiplied\n", calls >= 1 && calls <= SENDS ? "ok" : "not ok");
    bool alive = usher_loop_run(loop, USHER_LOOP_POLL);
    printf("%s 3 - an idle wakeup does not keep the loop alive\n", alive ? "not ok" : "ok");
    usher_wakeup_close(wakeup);
    usher_loop_free(loop);
    printf("1..3\n");
    return 0;
}
