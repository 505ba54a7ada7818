// SPDX-License-Identifier: MIT
#include "curl_loop.h"

#include "loop.h"
#include "timer.h"

#include <stdlib.h>
#include <uv.h>

enum { RETRY_MS = 100 };

struct usher_curl_loop {
    struct usher_loop *loop;
    struct usher_timer *timer;
    struct watcher *watchers;
    CURLM *multi;
    usher_curl_loop_fn on_done;
    void *arg;
};

// One socket that libcurl has announced.
struct watcher {
    uv_poll_t uv;
    curl_socket_t socket;
    struct usher_curl_loop *owner;
    struct watcher *next;
    struct watcher **link; // the pointer that points here, in the owner's list
};

static void deliver(struct usher_curl_loop *curl_loop) {
    int left = 0;
    CURLMsg *message = NULL;
    while ((message = curl_multi_info_read(curl_loop->multi, &left)) != NULL) {
        if (message->msg != CURLMSG_DONE)
            continue;
        CURL *easy = message->easy_handle;
        CURLcode code = message->data.result;
        curl_multi_remove_handle(curl_loop->multi, easy);
        curl_loop->on_done(easy, code, curl_loop->arg);
    }
}

static void act(struct usher_curl_loop *curl_loop, curl_socket_t socket, int events) {
    int running = 0;
    if (curl_multi_socket_action(curl_loop->multi, socket, events, &running) != CURLM_OK)
        usher_timer_start(curl_loop->timer, RETRY_MS, 0);
    deliver(curl_loop);
}

static void on_timer_expired(void *arg) {
    act(arg, CURL_SOCKET_TIMEOUT, 0);
}

static void on_socket_ready(uv_poll_t *uv, int status, int events) {
    struct watcher *watcher = uv->data;
    int flags = status < 0 ? CURL_CSELECT_ERR : 0;
    if ((events & UV_READABLE) != 0)
        flags |= CURL_CSELECT_IN;
    if ((events & UV_WRITABLE) != 0)
        flags |= CURL_CSELECT_OUT;
    act(watcher->owner, watcher->socket, flags);
}

static void on_watcher_closed(uv_handle_t *handle) {
    free(handle->data);
}

static struct watcher *open_watcher(struct usher_curl_loop *curl_loop, curl_socket_t socket) {
    struct watcher *watcher = calloc(1, sizeof *watcher);
    if (watcher == NULL)
        return NULL;
    if (uv_poll_init_socket(usher_loop_uv(curl_loop->loop), &watcher->uv, socket) != 0) {
        free(watcher);
        return NULL;
    }
    watcher->uv.data = watcher;
    watcher->socket = socket;
    watcher->owner = curl_loop;
    watcher->next = curl_loop->watchers;
    watcher->link = &curl_loop->watchers;
    if (watcher->next != NULL)
        watcher->next->link = &watcher->next;
    curl_loop->watchers = watcher;
    return watcher;
}

static void close_watcher(struct watcher *watcher) {
    *watcher->link = watcher->next;
    if (watcher->next != NULL)
        watcher->next->link = watcher->link;
    uv_close((uv_handle_t *)&watcher->uv, on_watcher_closed);
}

static void watch(struct usher_curl_loop *curl_loop, struct watcher *watcher, curl_socket_t socket,
                  int what) {
    if (watcher == NULL) {
        watcher = open_watcher(curl_loop, socket);
        if (watcher == NULL)
            return;
        curl_multi_assign(curl_loop->multi, socket, watcher);
    }
    int events = 0;
    if ((what & CURL_POLL_IN) != 0)
        events |= UV_READABLE;
    if ((what & CURL_POLL_OUT) != 0)
        events |= UV_WRITABLE;
    uv_poll_start(&watcher->uv, events, on_socket_ready);
}

static int on_socket_wanted(CURL *easy, curl_socket_t socket, int what, void *arg, void *assigned) {
    struct usher_curl_loop *curl_loop = arg;
    struct watcher *watcher = assigned;
    (void)easy;
    if (what != CURL_POLL_REMOVE) {
        watch(curl_loop, watcher, socket, what);
    } else if (watcher != NULL) {
        curl_multi_assign(curl_loop->multi, socket, NULL);
        close_watcher(watcher);
    }
    return 0;
}

static int on_timeout_wanted(CURLM *multi, long timeout_ms, void *arg) {
    struct usher_curl_loop *curl_loop = arg;
    (void)multi;
    if (timeout_ms < 0)
        usher_timer_stop(curl_loop->timer);
    else
        usher_timer_start(curl_loop->timer, timeout_ms == 0 ? 1 : (uint64_t)timeout_ms, 0);
    return 0;
}

static bool set_options(struct usher_curl_loop *curl_loop, long max_idle) {
    CURLM *multi = curl_loop->multi;
    return curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket_wanted) == CURLM_OK &&
           curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, curl_loop) == CURLM_OK &&
           curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timeout_wanted) == CURLM_OK &&
           curl_multi_setopt(multi, CURLMOPT_TIMERDATA, curl_loop) == CURLM_OK &&
           curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, max_idle) == CURLM_OK;
}

struct usher_curl_loop *usher_curl_loop_new(struct usher_loop *loop, long max_idle,
                                            usher_curl_loop_fn on_done, void *arg) {
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return NULL;
    struct usher_curl_loop *curl_loop = calloc(1, sizeof *curl_loop);
    if (curl_loop == NULL) {
        curl_global_cleanup();
        return NULL;
    }
    curl_loop->loop = loop;
    curl_loop->on_done = on_done;
    curl_loop->arg = arg;
    curl_loop->timer = usher_timer_open(loop, on_timer_expired, curl_loop);
    curl_loop->multi = curl_multi_init();
    if (curl_loop->timer == NULL || curl_loop->multi == NULL || !set_options(curl_loop, max_idle)) {
        usher_curl_loop_free(curl_loop);
        return NULL;
    }
    return curl_loop;
}

void usher_curl_loop_free(struct usher_curl_loop *curl_loop) {
    if (curl_loop == NULL)
        return;
    curl_multi_cleanup(curl_loop->multi);
    while (curl_loop->watchers != NULL)
        close_watcher(curl_loop->watchers);
    usher_timer_close(curl_loop->timer);
    free(curl_loop);
    curl_global_cleanup();
}

bool usher_curl_loop_add(struct usher_curl_loop *curl_loop, CURL *easy) {
    return curl_multi_add_handle(curl_loop->multi, easy) == CURLM_OK;
}

void usher_curl_loop_remove(struct usher_curl_loop *curl_loop, CURL *easy) {
    curl_multi_remove_handle(curl_loop->multi, easy);
}
