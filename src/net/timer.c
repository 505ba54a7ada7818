// SPDX-License-Identifier: MIT
#include "timer.h"

#include "loop.h"

#include <stdlib.h>
#include <uv.h>

struct usher_timer {
    uv_timer_t uv;
    usher_timer_fn on_expired;
    void *arg;
};

struct usher_timer *usher_timer_open(struct usher_loop *loop, usher_timer_fn on_expired, void *arg) {
    struct usher_timer *timer = calloc(1, sizeof *timer);
    if (timer == NULL)
        return NULL;
    uv_timer_init(usher_loop_uv(loop), &timer->uv);
    timer->uv.data = timer;
    timer->on_expired = on_expired;
    timer->arg = arg;
    return timer;
}

static void on_uv_timer(uv_timer_t *uv) {
    struct usher_timer *timer = uv->data;
    timer->on_expired(timer->arg);
}

void usher_timer_start(struct usher_timer *timer, uint64_t delay_ms, uint64_t repeat_ms) {
    // The loop's time stands still while it does not turn: a delay would count from then.
    uv_update_time(timer->uv.loop);
    uv_timer_start(&timer->uv, on_uv_timer, delay_ms, repeat_ms);
}

void usher_timer_stop(struct usher_timer *timer) {
    uv_timer_stop(&timer->uv);
}

static void on_closed(uv_handle_t *handle) {
    free(handle->data);
}

void usher_timer_close(struct usher_timer *timer) {
    if (timer != NULL)
        uv_close((uv_handle_t *)&timer->uv, on_closed);
}
