// SPDX-License-Identifier: MIT
// Deadlines pass in order of time over all lanes, once each, and not at all once left.
#include "deadline_queue.h"
#include "loop.h"

#include <stdio.h>
#include <string.h>

enum { LANE_SHORT, LANE_LONG, LANE_NEVER, LANES };

static struct usher_deadline_queue *queue;
static struct usher_deadline deadlines[6];
static char passed[64];
static int rounds;

static void note(const struct usher_deadline *deadline) {
    size_t length = strlen(passed);
    passed[length] = (char)('a' + (deadline - deadlines));
    passed[length + 1] = '\0';
}

static void on_passed(struct usher_deadline *deadline, void *arg) {
    (void)arg;
    note(deadline);
    if (deadline == &deadlines[5] && ++rounds < 3)
        usher_deadline_queue_enter(queue, deadline, LANE_SHORT);
}

static void check(int number, const char *name, const char *expected) {
    bool ok = strcmp(passed, expected) == 0;
    printf("%s %d - %s\n", ok ? "ok" : "not ok", number, name);
    if (!ok)
        printf("# expected %s, got %s\n", expected, passed);
    passed[0] = '\0';
}

int main(void) {
    static const uint64_t timeouts_ms[LANES] = {10, 30, 0};
    struct usher_loop *loop = usher_loop_new();
    queue = usher_deadline_queue_open(loop, timeouts_ms, LANES, on_passed, NULL);

    usher_deadline_queue_enter(queue, &deadlines[0], LANE_LONG);
    usher_deadline_queue_enter(queue, &deadlines[1], LANE_SHORT);
    usher_deadline_queue_enter(queue, &deadlines[2], LANE_LONG);
    usher_deadline_queue_enter(queue, &deadlines[3], LANE_SHORT);
    usher_loop_run(loop, USHER_LOOP_UNTIL_DONE);
    check(1, "short ones first, each lane in order", "bdac");

    usher_deadline_queue_enter(queue, &deadlines[0], LANE_SHORT);
    usher_deadline_queue_enter(queue, &deadlines[1], LANE_SHORT);
    usher_deadline_queue_enter(queue, &deadlines[2], LANE_SHORT);
    usher_deadline_leave(&deadlines[1]);
    usher_deadline_leave(&deadlines[1]);
    usher_loop_run(loop, USHER_LOOP_UNTIL_DONE);
    check(2, "one that left does not pass", "ac");

    usher_deadline_queue_enter(queue, &deadlines[0], LANE_SHORT);
    usher_deadline_queue_enter(queue, &deadlines[1], LANE_LONG);
    usher_deadline_queue_enter(queue, &deadlines[0], LANE_LONG);
    usher_loop_run(loop, USHER_LOOP_UNTIL_DONE);
    check(3, "one that moved passes once, with its new lane", "ba");

    usher_deadline_queue_enter(queue, &deadlines[5], LANE_SHORT);
    usher_loop_run(loop, USHER_LOOP_UNTIL_DONE);
    check(4, "one may enter again while it passes", "fff");

    usher_deadline_queue_enter(queue, &deadlines[4], LANE_NEVER);
    usher_loop_run(loop, USHER_LOOP_UNTIL_DONE);
    check(5, "a lane without a timeout never passes", "");
    bool is_oldest = usher_deadline_queue_oldest(queue, LANE_NEVER) == &deadlines[4] &&
                     usher_deadline_queue_oldest(queue, LANE_SHORT) == NULL;
    printf("%s 6 - the oldest of a lane\n", is_oldest ? "ok" : "not ok");

    usher_deadline_leave(&deadlines[4]);
    usher_deadline_queue_close(queue);
    usher_loop_free(loop);
    printf("1..6\n");
    return 0;
}
