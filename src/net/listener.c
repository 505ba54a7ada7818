// SPDX-License-Identifier: MIT
#include "listener.h"

#include "address.h"
#include "admission.h"
#include "loop.h"
#include "socket_file.h"
#include "timer.h"
#include "tls.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

enum {
    ACCEPT_BATCH = 64, // so that a flood of connections does not starve those there are
    REQUESTS_PER_BATCH = 16,
    ACCEPT_PAUSE_MS =
        100, // after a failure to accept: the queue stays readable, so without it the loop would spin
    LINGER_MS = 2000, // for the peer to read the last response; only who never ends waits that long
};

#define NO_DESCRIPTOR (-1)

struct usher_listener {
    struct usher_connection_group group; // first: on_connection_freed
    struct usher_error_page *pages;
    int descriptor;
    uv_poll_t poll;
    struct usher_timer *pause;
    struct usher_timer *drain_timer;
    struct usher_socket_file file;
    struct usher_admission admission;
    bool is_full; // while paused: for that reason
    bool is_poll_closed;
    bool is_closed;
    int requests; // taken since somebody was accepted
    void (*on_request)(struct usher_connection *connection, const struct usher_request *request, void *arg);
    void *request_arg;
    void (*on_drained)(void *arg); // NULL: nobody is to be told
    void *drained_arg;
    char address[sizeof "unix:" + sizeof(struct sockaddr_storage) + USHER_ADDRESS_TEXT_BYTES];
};

static void free_unused(struct usher_listener *listener) {
    if (!listener->is_closed || !listener->is_poll_closed || listener->group.allocated > 0)
        return;
    usher_tls_release(listener->group.tls);
    free(listener->pages);
    free(listener);
}

static void tell_drained(struct usher_listener *listener) {
    void (*on_drained)(void *) = listener->on_drained;
    listener->on_drained = NULL;
    if (on_drained != NULL)
        on_drained(listener->drained_arg);
}

static void on_drain_expired(void *arg) {
    tell_drained(arg);
}

static bool is_drained(const struct usher_listener *listener) {
    return listener->is_poll_closed && listener->group.open == 0;
}

static void on_pause_ended(void *arg);

// Who waits because the listener was full need not wait for the timer. This may be inside a call that gives
// an owed response, and the loop tells of the end.
static void on_connection_freed(struct usher_connection_group *group) {
    struct usher_listener *listener = (struct usher_listener *)group;
    if (listener->is_full && !listener->is_poll_closed && listener->pause != NULL) {
        usher_timer_stop(listener->pause);
        on_pause_ended(listener);
    }
    if (listener->is_closed)
        free_unused(listener);
    else if (is_drained(listener))
        usher_timer_start(listener->drain_timer, 0, 0);
}

static void on_poll_closed(uv_handle_t *handle) {
    struct usher_listener *listener = handle->data;
    listener->is_poll_closed = true;
    if (listener->is_closed)
        free_unused(listener);
    else if (is_drained(listener))
        tell_drained(listener);
}

static void on_deadline_passed(struct usher_deadline *deadline, void *arg) {
    (void)arg;
    usher_connection_expire(usher_connection_of(deadline));
}

// The peer gave up while it waited, in one of the ways that accept(2) lists for Linux: on to the next one.
static bool is_passing(int error_number) {
    static const int passing[] = {EINTR,     ECONNABORTED, EPROTO,       ENETDOWN,   ENOPROTOOPT,
                                  EHOSTDOWN, ENONET,       EHOSTUNREACH, EOPNOTSUPP, ENETUNREACH};
    for (size_t i = 0; i < sizeof passing / sizeof passing[0]; i++)
        if (passing[i] == error_number)
            return true;
    return false;
}

enum outcome { OUTCOME_ACCEPTED, OUTCOME_NOBODY, OUTCOME_FULL, OUTCOME_FAILED };

static enum outcome accept_one(struct usher_listener *listener) {
    struct sockaddr_storage peer = {.ss_family = AF_UNSPEC};
    union {
        struct sockaddr_storage *storage;
        struct sockaddr *any;
    } address = {&peer};
    socklen_t length = sizeof peer;
    if (usher_admission_is_closed(&listener->admission, &listener->group))
        return OUTCOME_FULL;
    int descriptor = accept4(listener->descriptor, address.any, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor < 0 && is_passing(errno))
        return OUTCOME_ACCEPTED;
    if (descriptor < 0)
        return errno == EAGAIN ? OUTCOME_NOBODY : OUTCOME_FAILED;
    descriptor = usher_admission_admit(&listener->admission, &listener->group, usher_address_source(&peer),
                                       descriptor);
    if (descriptor < 0)
        return OUTCOME_ACCEPTED;
    enum usher_error error = usher_connection_open(&listener->group, descriptor, &peer);
    return error == USHER_ERROR_NONE ? OUTCOME_ACCEPTED : OUTCOME_FAILED;
}

static void pause_accepting(struct usher_listener *listener, bool is_full) {
    uv_poll_stop(&listener->poll);
    listener->is_full = is_full;
    usher_timer_start(listener->pause, ACCEPT_PAUSE_MS, 0);
}

static void accept_some(struct usher_listener *listener) {
    enum outcome outcome = OUTCOME_ACCEPTED;
    for (int i = 0; i < ACCEPT_BATCH && outcome == OUTCOME_ACCEPTED; i++)
        outcome = accept_one(listener);
    listener->requests = 0;
    if (outcome == OUTCOME_FAILED || outcome == OUTCOME_FULL)
        pause_accepting(listener, outcome == OUTCOME_FULL);
}

static void on_acceptable(uv_poll_t *poll, int status, int events) {
    (void)events;
    if (status == 0)
        accept_some(poll->data);
    else
        pause_accepting(poll->data, false);
}

// Where thousands come at once a turn of the loop takes longer than the system lets others wait to be
// accepted.
static void on_request(struct usher_connection *connection, const struct usher_request *request, void *arg) {
    struct usher_listener *listener = arg;
    if (++listener->requests >= REQUESTS_PER_BATCH && !listener->is_poll_closed &&
        uv_is_active((uv_handle_t *)&listener->poll))
        accept_some(listener);
    listener->on_request(connection, request, listener->request_arg);
}

static void on_pause_ended(void *arg) {
    struct usher_listener *listener = arg;
    listener->is_full = false;
    uv_poll_start(&listener->poll, UV_READABLE, on_acceptable);
}

static void stop_accepting(struct usher_listener *listener) {
    if (listener->descriptor == NO_DESCRIPTOR)
        return;
    usher_timer_close(listener->pause);
    listener->pause = NULL;
    uv_close((uv_handle_t *)&listener->poll, on_poll_closed);
    usher_socket_file_remove(&listener->file);
    close(listener->descriptor);
    listener->descriptor = NO_DESCRIPTOR;
}

static int bind_tcp(const char *host, uint16_t port, enum usher_error *out_error) {
    struct sockaddr_storage storage;
    union {
        const struct sockaddr_storage *storage;
        const struct sockaddr *any;
    } address = {&storage};
    static const int on = 1;
    *out_error = usher_address_read(host, port, &storage);
    if (*out_error != USHER_ERROR_NONE)
        return NO_DESCRIPTOR;
    int descriptor = socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    // Accepted sockets inherit TCP_NODELAY.
    if (descriptor >= 0 && setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0 &&
        bind(descriptor, address.any, usher_address_length(&storage)) == 0)
        return descriptor;
    *out_error = errno == EAFNOSUPPORT ? USHER_ERROR_BAD_ADDRESS : usher_error_from_errno(errno);
    if (descriptor >= 0)
        close(descriptor);
    return NO_DESCRIPTOR;
}

static void write_address(struct usher_listener *listener, const char *path) {
    struct sockaddr_storage storage = {.ss_family = AF_UNSPEC};
    union {
        struct sockaddr_storage *storage;
        struct sockaddr *any;
    } address = {&storage};
    socklen_t length = sizeof storage;
    if (path != NULL) {
        snprintf(listener->address, sizeof listener->address, "unix:%s", path);
    } else if (getsockname(listener->descriptor, address.any, &length) == 0) {
        usher_address_format(&storage, listener->address);
    }
}

static enum usher_error start_listening(struct usher_listener *listener,
                                        const struct usher_listener_options *options) {
    enum usher_error error;
    listener->descriptor = options->path != NULL
                               ? usher_socket_file_bind(&listener->file, options->path, options->mode, &error)
                               : bind_tcp(options->host, options->port, &error);
    if (listener->descriptor == NO_DESCRIPTOR)
        return error == USHER_ERROR_IO ? USHER_ERROR_LISTEN_FAILED : error;
    int status = listen(listener->descriptor, SOMAXCONN) == 0 ? 0 : -errno;
    if (status == 0 && options->path != NULL && !usher_socket_file_is_there(&listener->file))
        status = -EADDRINUSE;
    if (status == 0)
        status = uv_poll_init(usher_loop_uv(listener->group.loop), &listener->poll, listener->descriptor);
    if (status != 0) {
        usher_socket_file_remove(&listener->file);
        close(listener->descriptor);
        listener->descriptor = NO_DESCRIPTOR;
        error = usher_error_from_errno(-status);
        return error == USHER_ERROR_IO ? USHER_ERROR_LISTEN_FAILED : error;
    }
    write_address(listener, options->path);
    listener->poll.data = listener;
    listener->is_poll_closed = false;
    uv_poll_start(&listener->poll, UV_READABLE, on_acceptable);
    return USHER_ERROR_NONE;
}

static bool allocate(struct usher_listener *listener, const struct usher_listener_options *options) {
    const uint64_t timeouts_ms[USHER_CONNECTION_STATUS_COUNT] = {
        [USHER_CONNECTION_HANDSHAKE] = options->headers_timeout_ms,
        [USHER_CONNECTION_IDLE] = options->idle_timeout_ms,
        [USHER_CONNECTION_HEADERS] = options->headers_timeout_ms,
        [USHER_CONNECTION_BODY] = options->body_timeout_ms,
        [USHER_CONNECTION_WRITING] = options->write_timeout_ms,
        [USHER_CONNECTION_LINGERING] = LINGER_MS,
    };
    struct usher_loop *loop = listener->group.loop;
    size_t pages_bytes = options->page_count * sizeof listener->pages[0];
    listener->group.deadlines = usher_deadline_queue_open(loop, timeouts_ms, USHER_CONNECTION_STATUS_COUNT,
                                                          on_deadline_passed, listener);
    listener->pause = usher_timer_open(loop, on_pause_ended, listener);
    listener->drain_timer = usher_timer_open(loop, on_drain_expired, listener);
    listener->pages = malloc(pages_bytes > 0 ? pages_bytes : 1);
    if (listener->group.deadlines == NULL || listener->pause == NULL || listener->drain_timer == NULL ||
        listener->pages == NULL)
        return false;
    if (pages_bytes > 0)
        memcpy(listener->pages, options->pages, pages_bytes);
    return true;
}

struct usher_listener *usher_listener_open(struct usher_loop *loop,
                                           const struct usher_listener_options *options,
                                           enum usher_error *out_error) {
    struct usher_listener *listener = calloc(1, sizeof *listener);
    *out_error = USHER_ERROR_OUT_OF_MEMORY;
    if (listener == NULL)
        return NULL;
    listener->descriptor = NO_DESCRIPTOR;
    listener->is_poll_closed = true;
    listener->admission.max_connections = options->max_connections;
    listener->admission.max_per_source = options->max_connections_per_source;
    listener->admission.max_descriptor = usher_admission_max_descriptor(options->spare_descriptors);
    listener->group.loop = loop;
    listener->group.limits = options->limits;
    listener->group.on_request = on_request;
    listener->group.request_arg = listener;
    listener->on_request = options->on_request;
    listener->request_arg = options->arg;
    listener->group.on_freed = on_connection_freed;
    usher_listener_secure(listener, options->tls);
    if (allocate(listener, options)) {
        listener->group.pages = listener->pages;
        listener->group.page_count = options->page_count;
        *out_error = start_listening(listener, options);
    }
    if (*out_error == USHER_ERROR_NONE)
        return listener;
    usher_listener_close(listener);
    return NULL;
}

const char *usher_listener_address(const struct usher_listener *listener) {
    return listener->address;
}

void usher_listener_secure(struct usher_listener *listener, struct usher_tls *tls) {
    struct usher_tls *before = listener->group.tls;
    listener->group.tls = tls != NULL ? usher_tls_share(tls) : NULL;
    usher_tls_release(before);
}

size_t usher_listener_connections(const struct usher_listener *listener) {
    return listener->group.open;
}

static void close_those(struct usher_listener *listener, enum usher_connection_status status) {
    struct usher_deadline *oldest;
    if (listener->group.deadlines == NULL)
        return;
    while ((oldest = usher_deadline_queue_oldest(listener->group.deadlines, status)) != NULL)
        usher_connection_close(usher_connection_of(oldest));
}

void usher_listener_drain(struct usher_listener *listener, uint64_t timeout_ms, void (*on_drained)(void *arg),
                          void *arg) {
    bool is_being_told = listener->on_drained != NULL && is_drained(listener);
    listener->on_drained = on_drained;
    listener->drained_arg = arg;
    listener->group.is_draining = true;
    stop_accepting(listener);
    close_those(listener, USHER_CONNECTION_HANDSHAKE);
    close_those(listener, USHER_CONNECTION_IDLE);
    usher_timer_start(listener->drain_timer, is_being_told ? 0 : timeout_ms, 0);
}

void usher_listener_close(struct usher_listener *listener) {
    if (listener == NULL)
        return;
    listener->is_closed = true;
    stop_accepting(listener);
    for (int status = 0; status < USHER_CONNECTION_STATUS_COUNT; status++)
        close_those(listener, (enum usher_connection_status)status);
    usher_timer_close(listener->pause);
    usher_timer_close(listener->drain_timer);
    usher_deadline_queue_close(listener->group.deadlines);
    free_unused(listener);
}
