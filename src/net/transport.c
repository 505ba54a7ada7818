// SPDX-License-Identifier: MIT
#include "transport.h"

#include "buffer.h"
#include "loop.h"
#include "tls_session.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

enum { PIECE_BYTES = 16384 }; // a TLS record

// Of what a session wants to say while the peer does not read. More is an attack by key updates.
enum { MAX_OUTPUT_BYTES = 65536 };

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
    struct usher_tls_session *session; // NULL: plain. The rest is for TLS.
    struct usher_buffer output;        // what `write` is sending
    const char *rest;                  // of usher_transport_write: not encrypted yet
    size_t rest_length;
    size_t ahead; // bytes of the next usher_transport_write that are encrypted already
    bool is_sending;
    bool is_owed;      // on_written is to be called once nothing is left
    bool is_finishing; // and the socket is to be shut down
    bool is_broken;
    bool has_ended; // on_ended was called
    bool is_closing;
};

static void on_uv_closed(uv_handle_t *handle) {
    struct usher_transport *transport = handle->data;
    if (transport->handlers != NULL)
        transport->handlers->on_closed(transport->arg);
    usher_tls_session_free(transport->session);
    usher_buffer_deinit(&transport->output);
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
                                             struct usher_tls_session *session,
                                             struct usher_transport_scratch *scratch,
                                             const struct usher_transport_handlers *handlers, void *arg) {
    struct usher_transport *transport = calloc(1, sizeof *transport);
    if (transport == NULL) {
        usher_tls_session_free(session);
        close(descriptor);
        return NULL;
    }
    transport->session = session;
    usher_buffer_init(&transport->output, MAX_OUTPUT_BYTES);
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

static void end(struct usher_transport *transport, bool is_broken) {
    if (transport->has_ended)
        return;
    transport->has_ended = true;
    transport->is_broken = transport->is_broken || is_broken;
    uv_read_stop(&transport->uv.stream);
    transport->handlers->on_ended(transport->arg, is_broken);
}

// libuv's buffers are not const; it only reads from one that is written.
static uv_buf_t buffer_of(const char *bytes, size_t length) {
    union {
        const char *constant;
        char *plain;
    } base = {bytes};
    return (uv_buf_t){.base = base.plain, .len = length};
}

static size_t try_write(struct usher_transport *transport, const char *bytes, size_t length) {
    uv_buf_t buffer = buffer_of(bytes, length);
    int written = uv_try_write(&transport->uv.stream, &buffer, 1);
    return written > 0 ? (size_t)written : 0;
}

static bool start_write(struct usher_transport *transport, const char *bytes, size_t length,
                        uv_write_cb on_sent) {
    uv_buf_t buffer = buffer_of(bytes, length);
    transport->write.data = transport;
    return uv_write(&transport->write, &transport->uv.stream, &buffer, 1, on_sent) == 0;
}

static void shut_down(struct usher_transport *transport) {
    uv_os_fd_t descriptor;
    if (uv_fileno(&transport->uv.handle, &descriptor) == 0)
        shutdown(descriptor, SHUT_WR);
}

// TLS -------------------------------------------------------------------------------------------------

static void on_sealed_sent(uv_write_t *request, int status);

// Has libuv send a copy of the bytes, which the session wanted to send.
static void start_sending(struct usher_transport *transport, const char *bytes, size_t length) {
    if (usher_buffer_append(&transport->output, bytes, length) == USHER_ERROR_NONE)
        transport->is_sending =
            start_write(transport, transport->output.bytes, transport->output.length, on_sealed_sent);
    if (!transport->is_sending)
        transport->is_broken = true;
    usher_tls_session_clear_output(transport->session);
}

// Sends at once what the socket takes of the session's output, and gives the rest to libuv.
static void send_output(struct usher_transport *transport) {
    const char *bytes;
    size_t length = usher_tls_session_output(transport->session, &bytes);
    if (transport->is_sending) {
        transport->is_broken = transport->is_broken || length > MAX_OUTPUT_BYTES;
        return;
    }
    if (length == 0)
        return;
    size_t sent = try_write(transport, bytes, length);
    if (sent < length)
        start_sending(transport, bytes + sent, length - sent);
    else
        usher_tls_session_clear_output(transport->session);
}

// The session's output goes first, then what is left of usher_transport_write, piece by piece.
static void send_on(struct usher_transport *transport) {
    const char *bytes;
    size_t piece = transport->rest_length < PIECE_BYTES ? transport->rest_length : PIECE_BYTES;
    if (usher_tls_session_output(transport->session, &bytes) == 0 && piece > 0) {
        if (!usher_tls_session_write(transport->session, transport->rest, piece))
            transport->is_broken = true;
        transport->rest += piece;
        transport->rest_length -= piece;
    }
    size_t length = usher_tls_session_output(transport->session, &bytes);
    if (length > 0)
        start_sending(transport, bytes, length);
}

static void on_sealed_sent(uv_write_t *request, int status) {
    struct usher_transport *transport = request->data;
    bool is_owed = transport->is_owed;
    if (transport->is_closing)
        return;
    transport->is_sending = false;
    usher_buffer_clear(&transport->output);
    if (status == 0)
        send_on(transport);
    if (transport->is_sending)
        return;
    transport->is_broken = transport->is_broken || status != 0;
    transport->is_owed = false;
    if (is_owed)
        transport->handlers->on_written(transport->arg, !transport->is_broken);
    else if (transport->is_broken)
        end(transport, true);
    else if (transport->is_finishing)
        shut_down(transport);
}

static void read_sealed(struct usher_transport *transport, const char *bytes, size_t length) {
    struct usher_transport_scratch *scratch = transport->scratch;
    enum usher_tls_status status = USHER_TLS_OPEN;
    if (!usher_tls_session_feed(transport->session, bytes, length))
        status = USHER_TLS_BROKEN;
    while (status == USHER_TLS_OPEN && length > 0 && !transport->is_closing) {
        status = usher_tls_session_read(transport->session, scratch->bytes, sizeof scratch->bytes, &length);
        if (length > 0)
            transport->handlers->on_read(transport->arg, scratch->bytes, length);
    }
    if (transport->is_closing)
        return;
    transport->is_broken = transport->is_broken || status == USHER_TLS_BROKEN;
    send_output(transport);
    if (status != USHER_TLS_OPEN || transport->is_broken)
        end(transport, transport->is_broken);
}

// That nothing more comes, where nothing is missing (RFC 8446, 6.1). Who does not take it at once goes
// without.
static void take_leave(struct usher_transport *transport) {
    const char *bytes;
    if (transport->is_broken || transport->is_sending)
        return;
    usher_tls_session_finish(transport->session);
    size_t length = usher_tls_session_output(transport->session, &bytes);
    if (length > 0)
        try_write(transport, bytes, length);
}

static size_t write_sealed_now(struct usher_transport *transport, const char *bytes, size_t length) {
    size_t sent = 0;
    while (sent < length && !transport->is_sending && !transport->is_broken) {
        size_t piece = length - sent < PIECE_BYTES ? length - sent : PIECE_BYTES;
        if (!usher_tls_session_write(transport->session, bytes + sent, piece)) {
            transport->is_broken = true;
            return sent;
        }
        send_output(transport);
        if (transport->is_sending)
            transport->ahead = piece;
        else
            sent += piece;
    }
    return sent;
}

static bool write_sealed(struct usher_transport *transport, const char *bytes, size_t length) {
    transport->rest = bytes + transport->ahead;
    transport->rest_length = length - transport->ahead;
    transport->ahead = 0;
    transport->is_owed = true;
    if (!transport->is_sending)
        send_on(transport);
    return !transport->is_broken;
}

// -----------------------------------------------------------------------------------------------------

static void on_uv_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer) {
    struct usher_transport *transport = stream->data;
    if (length < 0)
        end(transport, length != UV_EOF);
    else if (length > 0 && transport->session != NULL)
        read_sealed(transport, buffer->base, (size_t)length);
    else if (length > 0)
        transport->handlers->on_read(transport->arg, buffer->base, (size_t)length);
}

bool usher_transport_read(struct usher_transport *transport, bool wanted) {
    if (!wanted)
        return uv_read_stop(&transport->uv.stream) == 0;
    // A write that broke the connection may have counted everything as sent.
    if (transport->has_ended || transport->is_broken)
        return !transport->is_broken;
    int status = uv_read_start(&transport->uv.stream, on_uv_alloc, on_uv_read);
    return status == 0 || status == UV_EALREADY;
}

size_t usher_transport_write_now(struct usher_transport *transport, const char *bytes, size_t length) {
    if (transport->session != NULL)
        return write_sealed_now(transport, bytes, length);
    return try_write(transport, bytes, length);
}

static void on_uv_written(uv_write_t *request, int status) {
    struct usher_transport *transport = request->data;
    if (!transport->is_closing)
        transport->handlers->on_written(transport->arg, status == 0);
}

bool usher_transport_write(struct usher_transport *transport, const char *bytes, size_t length) {
    if (transport->session != NULL)
        return write_sealed(transport, bytes, length);
    return start_write(transport, bytes, length, on_uv_written);
}

void usher_transport_finish(struct usher_transport *transport) {
    if (transport->session != NULL) {
        usher_tls_session_finish(transport->session);
        send_output(transport);
    }
    transport->is_finishing = transport->is_sending;
    if (!transport->is_sending)
        shut_down(transport);
}

void usher_transport_close(struct usher_transport *transport) {
    transport->is_closing = true;
    if (transport->session != NULL)
        take_leave(transport);
    uv_close(&transport->uv.handle, on_uv_closed);
}
