// SPDX-License-Identifier: MIT
#include "deadline_queue.h"

#include "loop.h"
#include "timer.h"

#include <stdlib.h>
#include <uv.h>

#define NEVER UINT64_MAX

struct usher_deadline_lane {
    struct usher_deadline *first;
    struct usher_deadline *last;
    uint64_t timeout_ms;
};

struct usher_deadline_queue {
    struct usher_loop *loop;
    struct usher_timer *timer;
    uint64_t armed_ms; // when the timer fires: not after the earliest deadline, maybe before
    usher_deadline_fn on_passed;
    void *arg;
    size_t lane_count;
    struct usher_deadline_lane lanes[];
};

static uint64_t now_ms(const struct usher_deadline_queue *queue) {
    return uv_now(usher_loop_uv(queue->loop));
}

static void arm(struct usher_deadline_queue *queue, uint64_t due_ms) {
    uint64_t now = now_ms(queue);
    if (due_ms >= queue->armed_ms)
        return;
    queue->armed_ms = due_ms;
    usher_timer_start(queue->timer, due_ms > now ? due_ms - now : 0, 0);
}

static void pass_lane(struct usher_deadline_queue *queue, const struct usher_deadline_lane *lane,
                      uint64_t now) {
    while (lane->first != NULL && lane->first->due_ms <= now) {
        struct usher_deadline *deadline = lane->first;
        usher_deadline_leave(deadline);
        queue->on_passed(deadline, queue->arg);
    }
}

static void on_expired(void *arg) {
    struct usher_deadline_queue *queue = arg;
    uint64_t now = now_ms(queue);
    queue->armed_ms = NEVER;
    for (size_t i = 0; i < queue->lane_count; i++)
        pass_lane(queue, &queue->lanes[i], now);
    for (size_t i = 0; i < queue->lane_count; i++)
        if (queue->lanes[i].first != NULL)
            arm(queue, queue->lanes[i].first->due_ms);
}

struct usher_deadline_queue *usher_deadline_queue_open(struct usher_loop *loop, const uint64_t *timeouts_ms,
                                                       size_t lanes, usher_deadline_fn on_passed, void *arg) {
    struct usher_deadline_queue *queue = calloc(1, sizeof *queue + lanes * sizeof queue->lanes[0]);
    if (queue == NULL)
        return NULL;
    queue->timer = usher_timer_open(loop, on_expired, queue);
    if (queue->timer == NULL) {
        free(queue);
        return NULL;
    }
    queue->loop = loop;
    queue->armed_ms = NEVER;
    queue->on_passed = on_passed;
    queue->arg = arg;
    queue->lane_count = lanes;
    for (size_t i = 0; i < lanes; i++)
        queue->lanes[i].timeout_ms = timeouts_ms[i];
    return queue;
}

void usher_deadline_queue_enter(struct usher_deadline_queue *queue, struct usher_deadline *deadline,
                                size_t lane_index) {
    struct usher_deadline_lane *lane = &queue->lanes[lane_index];
    usher_deadline_leave(deadline);
    deadline->lane = lane;
    deadline->previous = lane->last;
    if (lane->last != NULL)
        lane->last->next = deadline;
    else
        lane->first = deadline;
    lane->last = deadline;
    deadline->due_ms = lane->timeout_ms != 0 ? now_ms(queue) + lane->timeout_ms : NEVER;
    arm(queue, deadline->due_ms);
}

void usher_deadline_leave(struct usher_deadline *deadline) {
    struct usher_deadline_lane *lane = deadline->lane;
    if (lane == NULL)
        return;
    if (deadline->previous != NULL)
        deadline->previous->next = deadline->next;
    else
        lane->first = deadline->next;
    if (deadline->next != NULL)
        deadline->next->previous = deadline->previous;
    else
        lane->last = deadline->previous;
    *deadline = (struct usher_deadline){NULL, NULL, NULL, 0};
}

struct usher_deadline *usher_deadline_queue_oldest(const struct usher_deadline_queue *queue, size_t lane) {
    return queue->lanes[lane].first;
}

void usher_deadline_queue_close(struct usher_deadline_queue *queue) {
    if (queue == NULL)
        return;
    usher_timer_close(queue->timer);
    free(queue);
}
