// SPDX-License-Identifier: MIT
#include "signal.h"

#include "loop.h"
#include "trace.h"

#include <stdlib.h>
#include <uv.h>

struct usher_signal {
    uv_signal_t uv;
    const struct usher_trace *trace;
    usher_signal_fn on_signal;
    void *arg;
};

static void on_uv_signal(uv_signal_t *uv, int number) {
    struct usher_signal *signal = uv->data;
    USHER_TRACE(signal->trace, USHER_TRACE_NET, "signal %d received", number);
    signal->on_signal(signal->arg);
}

static void on_closed(uv_handle_t *handle) {
    free(handle->data);
}

struct usher_signal *usher_signal_open(struct usher_loop *loop, int number, usher_signal_fn on_signal,
                                       void *arg, enum usher_error *out_error) {
    struct usher_signal *signal = calloc(1, sizeof *signal);
    *out_error = USHER_ERROR_OUT_OF_MEMORY;
    if (signal == NULL)
        return NULL;
    int status = uv_signal_init(usher_loop_uv(loop), &signal->uv);
    if (status != 0) {
        *out_error = usher_error_from_errno(-status);
        free(signal);
        return NULL;
    }
    signal->uv.data = signal;
    signal->trace = usher_loop_trace(loop);
    signal->on_signal = on_signal;
    signal->arg = arg;
    uv_unref((uv_handle_t *)&signal->uv);
    status = uv_signal_start(&signal->uv, on_uv_signal, number);
    if (status != 0) {
        *out_error = usher_error_from_errno(-status);
        uv_close((uv_handle_t *)&signal->uv, on_closed);
        return NULL;
    }
    *out_error = USHER_ERROR_NONE;
    return signal;
}

void usher_signal_close(struct usher_signal *signal) {
    if (signal != NULL)
        uv_close((uv_handle_t *)&signal->uv, on_closed);
}
