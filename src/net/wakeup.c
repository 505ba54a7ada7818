// SPDX-License-Identifier: MIT
#include "wakeup.h"

#include "loop.h"

#include <stdlib.h>
#include <uv.h>

struct usher_wakeup {
    uv_async_t uv;
    usher_wakeup_fn on_woken;
    void *arg;
};

static void on_uv_async(uv_async_t *uv) {
    struct usher_wakeup *wakeup = uv->data;
    wakeup->on_woken(wakeup->arg);
}

struct usher_wakeup *usher_wakeup_open(struct usher_loop *loop, usher_wakeup_fn on_woken, void *arg) {
    struct usher_wakeup *wakeup = calloc(1, sizeof *wakeup);
    if (wakeup == NULL)
        return NULL;
    if (uv_async_init(usher_loop_uv(loop), &wakeup->uv, on_uv_async) != 0) {
        free(wakeup);
        return NULL;
    }
    wakeup->uv.data = wakeup;
    wakeup->on_woken = on_woken;
    wakeup->arg = arg;
    uv_unref((uv_handle_t *)&wakeup->uv);
    return wakeup;
}

void usher_wakeup_send(struct usher_wakeup *wakeup) {
    uv_async_send(&wakeup->uv);
}

void usher_wakeup_hold(struct usher_wakeup *wakeup, bool hold) {
    if (hold)
        uv_ref((uv_handle_t *)&wakeup->uv);
    else
        uv_unref((uv_handle_t *)&wakeup->uv);
}

static void on_closed(uv_handle_t *handle) {
    free(handle->data);
}

void usher_wakeup_close(struct usher_wakeup *wakeup) {
    if (wakeup != NULL)
        uv_close((uv_handle_t *)&wakeup->uv, on_closed);
}
