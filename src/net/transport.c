// SPDX-License-Identifier: MIT
#include "transport.h"

#include "loop.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

struct usher_transport {
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } uv;
    uv_write_t write;
    struct usher_transport_scratch *scratch;
    const struct usher_transport_handlers *handlers;
    void *arg;
    bool is_closing;
};

static void on_uv_closed(uv_handle_t *handle) {
    struct usher_transport *transport = handle->data;
    if (transport->handlers != NULL)
        transport->handlers->on_closed(transport->arg);
    free(transport);
}

static int adopt(struct usher_transport *transport, struct usher_loop *loop, int descriptor, bool is_unix) {
    if (is_unix) {
        uv_pipe_init(usher_loop_uv(loop), &transport->uv.pipe, 0);
        return uv_pipe_open(&transport->uv.pipe, descriptor);
    }
    uv_tcp_init(usher_loop_uv(loop), &transport->uv.tcp);
    return uv_tcp_open(&transport->uv.tcp, descriptor);
}

struct usher_transport *usher_transport_open(struct usher_loop *loop, int descriptor, bool is_unix,
                                             struct usher_transport_scratch *scratch,
                                             const struct usher_transport_handlers *handlers, void *arg) {
    struct usher_transport *transport = calloc(1, sizeof *transport);
    if (transport == NULL) {
        close(descriptor);
        return NULL;
    }
    int status = adopt(transport, loop, descriptor, is_unix);
    transport->uv.handle.data = transport;
    if (status != 0) {
        close(descriptor);
        uv_close(&transport->uv.handle, on_uv_closed);
        return NULL;
    }
    transport->scratch = scratch;
    transport->handlers = handlers;
    transport->arg = arg;
    return transport;
}

static void on_uv_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *out) {
    struct usher_transport *transport = handle->data;
    (void)suggested;
    *out = uv_buf_init(transport->scratch->bytes, sizeof transport->scratch->bytes);
}

static void on_uv_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer) {
    struct usher_transport *transport = stream->data;
    if (length > 0)
        transport->handlers->on_read(transport->arg, buffer->base, (size_t)length);
    else if (length < 0)
        transport->handlers->on_ended(transport->arg, length != UV_EOF);
}

bool usher_transport_read(struct usher_transport *transport, bool wanted) {
    if (!wanted)
        return uv_read_stop(&transport->uv.stream) == 0;
    int status = uv_read_start(&transport->uv.stream, on_uv_alloc, on_uv_read);
    return status == 0 || status == UV_EALREADY;
}

// libuv's buffers are not const; it only reads from one that is written.
static uv_buf_t buffer_of(const char *bytes, size_t length) {
    union {
        const char *constant;
        char *plain;
    } base = {bytes};
    return (uv_buf_t){.base = base.plain, .len = length};
}

size_t usher_transport_write_now(struct usher_transport *transport, const char *bytes, size_t length) {
    uv_buf_t buffer = buffer_of(bytes, length);
    int written = uv_try_write(&transport->uv.stream, &buffer, 1);
    return written > 0 ? (size_t)written : 0;
}

static void on_uv_written(uv_write_t *request, int status) {
    struct usher_transport *transport = request->data;
    if (!transport->is_closing)
        transport->handlers->on_written(transport->arg, status == 0);
}

bool usher_transport_write(struct usher_transport *transport, const char *bytes, size_t length) {
    uv_buf_t buffer = buffer_of(bytes, length);
    transport->write.data = transport;
    return uv_write(&transport->write, &transport->uv.stream, &buffer, 1, on_uv_written) == 0;
}

void usher_transport_finish(struct usher_transport *transport) {
    uv_os_fd_t descriptor;
    if (uv_fileno(&transport->uv.handle, &descriptor) == 0)
        shutdown(descriptor, SHUT_WR);
}

void usher_transport_close(struct usher_transport *transport) {
    transport->is_closing = true;
    uv_close(&transport->uv.handle, on_uv_closed);
}
