// SPDX-License-Identifier: MIT
#include "loop.h"

#include "trace.h"

#include <signal.h>
#include <stdlib.h>
#include <uv.h>

struct usher_loop {
    uv_loop_t uv;
    uv_idle_t turn;
    usher_loop_turn_fn on_turn;
    void *turn_arg;
    struct usher_trace trace;
};

static void ignore_sigpipe(void) {
    struct sigaction action;
    if (sigaction(SIGPIPE, NULL, &action) == 0 && action.sa_handler == SIG_DFL) {
        action.sa_handler = SIG_IGN;
        sigaction(SIGPIPE, &action, NULL);
    }
}

struct usher_loop *usher_loop_new(void) {
    struct usher_loop *loop = calloc(1, sizeof *loop);
    if (loop == NULL)
        return NULL;
    if (uv_loop_init(&loop->uv) != 0) {
        free(loop);
        return NULL;
    }
    uv_idle_init(&loop->uv, &loop->turn);
    loop->turn.data = loop;
    ignore_sigpipe();
    return loop;
}

static void close_leftover(uv_handle_t *handle, void *arg) {
    (void)arg;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

void usher_loop_free(struct usher_loop *loop) {
    if (loop == NULL)
        return;
    uv_walk(&loop->uv, close_leftover, NULL);
    while (uv_run(&loop->uv, UV_RUN_DEFAULT) != 0) {
    }
    uv_loop_close(&loop->uv);
    free(loop);
}

uv_loop_t *usher_loop_uv(struct usher_loop *loop) {
    return &loop->uv;
}

bool usher_loop_run(struct usher_loop *loop, enum usher_loop_mode mode) {
    static const uv_run_mode modes[] = {UV_RUN_DEFAULT, UV_RUN_ONCE, UV_RUN_NOWAIT};
    return uv_run(&loop->uv, modes[mode]) != 0;
}

int usher_loop_fd(const struct usher_loop *loop) {
    return uv_backend_fd(&loop->uv);
}

int usher_loop_timeout_ms(struct usher_loop *loop) {
    uv_update_time(&loop->uv);
    return uv_backend_timeout(&loop->uv);
}

void usher_loop_on_turn(struct usher_loop *loop, usher_loop_turn_fn on_turn, void *arg) {
    loop->on_turn = on_turn;
    loop->turn_arg = arg;
}

static void on_idle(uv_idle_t *idle) {
    struct usher_loop *loop = idle->data;
    loop->on_turn(loop->turn_arg);
}

void usher_loop_want_turn(struct usher_loop *loop, bool wanted) {
    if (wanted)
        uv_idle_start(&loop->turn, on_idle);
    else
        uv_idle_stop(&loop->turn);
}

void usher_loop_stop(struct usher_loop *loop) {
    uv_stop(&loop->uv);
}

struct usher_trace *usher_loop_trace(struct usher_loop *loop) {
    return &loop->trace;
}

struct visitor {
    usher_loop_visit_fn visit;
    void *arg;
};

static void visit_handle(uv_handle_t *handle, void *arg) {
    struct visitor *visitor = arg;
    if (!uv_is_closing(handle))
        visitor->visit(uv_handle_type_name(uv_handle_get_type(handle)), uv_is_active(handle) != 0,
                       visitor->arg);
}

void usher_loop_visit(struct usher_loop *loop, usher_loop_visit_fn visit, void *arg) {
    struct visitor visitor = {visit, arg};
    uv_walk(&loop->uv, visit_handle, &visitor);
}
