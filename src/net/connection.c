// SPDX-License-Identifier: MIT
#include "connection.h"

#include "address.h"
#include "buffer.h"
#include "clock.h"
#include "peer.h"
#include "response_writer.h"
#include "tls_session.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// A response is built as one piece; more than this is a fault of the handler.
#define RESPONSE_MAX_BYTES ((size_t)16 * 1024 * 1024)

struct usher_connection {
    struct usher_deadline deadline; // first: usher_connection_of
    struct usher_connection_group *group;
    struct usher_transport *transport;
    struct usher_request_parser *parser;
    struct usher_buffer pending;  // received behind the request that is being answered
    struct usher_buffer response; // being sent
    size_t sent;                  // of the response
    enum usher_connection_status status;
    bool keeps_alive;         // after the response being sent
    bool is_owed;             // on_request was called, the response has not been given
    bool is_taking;           // inside take(), which sends what is answered at once
    bool has_ended;           // the peer sent its last byte
    bool is_transport_closed; // the socket is gone and calls no more
    struct usher_peer *peer;  // NULL: on TCP, or not known
    uint64_t source;
    char remote[USHER_ADDRESS_TEXT_BYTES];
};

static void set_status(struct usher_connection *connection, enum usher_connection_status status) {
    if (connection->status == status)
        return;
    connection->status = status;
    if (status != USHER_CONNECTION_CLOSED) {
        usher_deadline_queue_enter(connection->group->deadlines, &connection->deadline, status);
        return;
    }
    usher_deadline_leave(&connection->deadline);
    connection->group->open--;
}

static bool is_receiving(const struct usher_connection *connection) {
    return connection->status == USHER_CONNECTION_HANDSHAKE || connection->status == USHER_CONNECTION_IDLE ||
           connection->status == USHER_CONNECTION_HEADERS || connection->status == USHER_CONNECTION_BODY;
}

static void free_unused(struct usher_connection *connection) {
    struct usher_connection_group *group = connection->group;
    if (!connection->is_transport_closed || connection->is_owed)
        return;
    usher_request_parser_free(connection->parser);
    usher_buffer_deinit(&connection->pending);
    usher_buffer_deinit(&connection->response);
    free(connection->peer);
    free(connection);
    group->allocated--;
    group->on_freed(group);
}

static void on_transport_closed(void *arg) {
    struct usher_connection *connection = arg;
    connection->is_transport_closed = true;
    free_unused(connection);
}

void usher_connection_close(struct usher_connection *connection) {
    if (connection->status == USHER_CONNECTION_CLOSED)
        return;
    set_status(connection, USHER_CONNECTION_CLOSED);
    usher_transport_close(connection->transport);
}

static void read_bytes(struct usher_connection *connection, bool wanted) {
    if (!usher_transport_read(connection->transport, wanted))
        usher_connection_close(connection);
}

// The response has been sent: on to the next request, or to the end.
static void finish_response(struct usher_connection *connection) {
    usher_buffer_deinit(&connection->response);
    connection->sent = 0;
    if (connection->keeps_alive) {
        usher_request_parser_reset(connection->parser);
        set_status(connection, USHER_CONNECTION_IDLE);
        return;
    }
    if (connection->has_ended) {
        usher_connection_close(connection);
        return;
    }
    usher_transport_finish(connection->transport);
    set_status(connection, USHER_CONNECTION_LINGERING);
    read_bytes(connection, true);
}

static void send_rest(struct usher_connection *connection) {
    const struct usher_buffer *response = &connection->response;
    if (!usher_transport_write(connection->transport, response->bytes + connection->sent,
                               response->length - connection->sent))
        usher_connection_close(connection);
}

// Inside take() a response that the socket takes at once ends here, and the next request is read without
// another turn of the loop.
static void send_now(struct usher_connection *connection) {
    const struct usher_buffer *response = &connection->response;
    connection->sent = usher_transport_write_now(connection->transport, response->bytes, response->length);
    if (connection->sent == response->length)
        finish_response(connection);
    else
        send_rest(connection);
}

static void start_sending(struct usher_connection *connection, bool keep_alive) {
    connection->keeps_alive = keep_alive;
    set_status(connection, USHER_CONNECTION_WRITING);
    if (connection->is_taking)
        return;
    read_bytes(connection, false);
    send_rest(connection);
}

static struct usher_response frame_of(const struct usher_connection *connection) {
    static const struct usher_text head = {"HEAD", 4};
    const struct usher_request *request = usher_request_parser_request(connection->parser);
    struct usher_response frame = {.minor_version = 1, .date = usher_clock_wall_us() / 1000000};
    if (request == NULL)
        return frame;
    frame.is_head =
        request->method.length == head.length && memcmp(request->method.bytes, head.bytes, head.length) == 0;
    frame.minor_version = request->minor_version;
    frame.keep_alive = request->keep_alive && !connection->group->is_draining;
    return frame;
}

static struct usher_error_page page_of(const struct usher_connection_group *group, int status) {
    for (size_t i = 0; i < group->page_count; i++)
        if (group->pages[i].status == status)
            return group->pages[i];
    const char *reason = usher_response_reason(status);
    return (struct usher_error_page){status, {reason, strlen(reason)}, {"text/plain", 10}};
}

static void send_error(struct usher_connection *connection, enum usher_error error) {
    struct usher_error_page page = page_of(connection->group, usher_response_status_of(error));
    struct usher_field content_type = {{"Content-Type", 12}, page.content_type};
    struct usher_response response = frame_of(connection);
    response.status = page.status;
    response.fields = &content_type;
    response.field_count = 1;
    response.body = page.body;
    response.keep_alive = false;
    if (usher_response_write(&connection->response, &response) == USHER_ERROR_NONE)
        start_sending(connection, false);
    else
        usher_connection_close(connection);
}

static void hand_over(struct usher_connection *connection) {
    struct usher_connection_group *group = connection->group;
    set_status(connection, USHER_CONNECTION_ANSWERING);
    connection->is_owed = true;
    group->on_request(connection, usher_request_parser_request(connection->parser), group->request_arg);
}

static void send_continue(struct usher_connection *connection) {
    static const char text[] = USHER_RESPONSE_CONTINUE;
    size_t length = sizeof text - 1;
    if (usher_transport_write_now(connection->transport, text, length) != length)
        usher_connection_close(connection);
}

static void enter_phase(struct usher_connection *connection, enum usher_request_phase phase) {
    switch (phase) {
    case USHER_REQUEST_IDLE:
        break;
    case USHER_REQUEST_HEADERS:
        set_status(connection, USHER_CONNECTION_HEADERS);
        break;
    case USHER_REQUEST_BODY:
        set_status(connection, USHER_CONNECTION_BODY);
        if (usher_request_parser_take_expect(connection->parser))
            send_continue(connection);
        break;
    case USHER_REQUEST_COMPLETE:
        hand_over(connection);
        break;
    case USHER_REQUEST_FAILED:
        send_error(connection, usher_request_parser_error(connection->parser));
        break;
    }
}

// Nothing more comes from the peer, or is wanted of it, and it is owed nothing: what has come of a request
// was not all of it.
static void end_requests(struct usher_connection *connection) {
    if (connection->status == USHER_CONNECTION_HEADERS || connection->status == USHER_CONNECTION_BODY)
        send_error(connection, USHER_ERROR_BAD_REQUEST);
    else
        usher_connection_close(connection);
}

// Takes requests out of the bytes, one after the other, as far as they are answered at once; the rest waits
// in `pending`.
static void take(struct usher_connection *connection, const char *bytes, size_t length) {
    size_t taken = 0;
    connection->is_taking = true;
    while (is_receiving(connection) && taken < length) {
        size_t consumed = 0;
        enum usher_request_phase phase =
            usher_request_parser_feed(connection->parser, bytes + taken, length - taken, &consumed);
        taken += consumed;
        enter_phase(connection, phase);
        if (connection->status == USHER_CONNECTION_WRITING)
            send_now(connection);
    }
    connection->is_taking = false;
    if (connection->status == USHER_CONNECTION_CLOSED || connection->status == USHER_CONNECTION_LINGERING)
        return;
    if (usher_buffer_append(&connection->pending, bytes + taken, length - taken) != USHER_ERROR_NONE) {
        usher_connection_close(connection);
        return;
    }
    bool is_leaving = connection->group->is_draining && connection->status == USHER_CONNECTION_IDLE;
    if (is_leaving || (connection->has_ended && is_receiving(connection)))
        end_requests(connection);
    else
        read_bytes(connection, is_receiving(connection));
}

static void on_read(void *arg, const char *bytes, size_t length) {
    struct usher_connection *connection = arg;
    if (connection->status != USHER_CONNECTION_LINGERING)
        take(connection, bytes, length);
}

static void on_ended(void *arg, bool is_broken) {
    struct usher_connection *connection = arg;
    connection->has_ended = true;
    if (is_broken)
        usher_connection_close(connection);
    else if (connection->status != USHER_CONNECTION_ANSWERING &&
             connection->status != USHER_CONNECTION_WRITING)
        end_requests(connection);
}

static void on_written(void *arg, bool succeeded) {
    struct usher_connection *connection = arg;
    if (!succeeded) {
        usher_connection_close(connection);
        return;
    }
    finish_response(connection);
    if (connection->status != USHER_CONNECTION_IDLE)
        return;
    size_t length;
    char *bytes = usher_buffer_take(&connection->pending, &length);
    take(connection, bytes, length);
    free(bytes);
}

static struct usher_connection *make(struct usher_connection_group *group) {
    struct usher_connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL)
        return NULL;
    connection->parser = usher_request_parser_new(&group->limits);
    if (connection->parser == NULL) {
        free(connection);
        return NULL;
    }
    connection->group = group;
    usher_buffer_init(&connection->pending, USHER_TRANSPORT_MAX_LATE_BYTES);
    usher_buffer_init(&connection->response, RESPONSE_MAX_BYTES);
    return connection;
}

static bool open_transport(struct usher_connection *connection, int descriptor, bool is_unix) {
    static const struct usher_transport_handlers handlers = {on_read, on_ended, on_written,
                                                             on_transport_closed};
    struct usher_connection_group *group = connection->group;
    struct usher_tls_session *session = NULL;
    if (group->tls != NULL && (session = usher_tls_session_new(group->tls)) == NULL) {
        close(descriptor);
        return false;
    }
    connection->transport = usher_transport_open(group->loop, descriptor, is_unix, session, &group->scratch,
                                                 &handlers, connection);
    return connection->transport != NULL;
}

enum usher_error usher_connection_open(struct usher_connection_group *group, int descriptor,
                                       const struct sockaddr_storage *peer) {
    struct usher_connection *connection = make(group);
    if (connection == NULL) {
        close(descriptor);
        return USHER_ERROR_OUT_OF_MEMORY;
    }
    if (!open_transport(connection, descriptor, peer->ss_family == AF_UNIX)) {
        usher_request_parser_free(connection->parser);
        free(connection);
        return USHER_ERROR_OUT_OF_MEMORY;
    }
    usher_address_format(peer, connection->remote);
    connection->source = usher_address_source(peer);
    if (peer->ss_family == AF_UNIX)
        connection->peer = usher_peer_read(descriptor);
    group->allocated++;
    group->open++;
    set_status(connection, group->tls != NULL ? USHER_CONNECTION_HANDSHAKE : USHER_CONNECTION_IDLE);
    read_bytes(connection, true);
    return USHER_ERROR_NONE;
}

const char *usher_connection_remote(const struct usher_connection *connection) {
    return connection->remote;
}

uint64_t usher_connection_source(const struct usher_connection *connection) {
    return connection->source;
}

const struct usher_peer *usher_connection_peer(const struct usher_connection *connection) {
    return connection->peer;
}

struct usher_buffer *usher_connection_begin(struct usher_connection *connection,
                                            struct usher_response *out_frame) {
    if (connection->status != USHER_CONNECTION_ANSWERING)
        return NULL;
    *out_frame = frame_of(connection);
    return &connection->response;
}

void usher_connection_send(struct usher_connection *connection, bool keep_alive) {
    connection->is_owed = false;
    if (connection->status == USHER_CONNECTION_ANSWERING)
        start_sending(connection, keep_alive);
    else
        free_unused(connection);
}

void usher_connection_fail(struct usher_connection *connection, enum usher_error error) {
    connection->is_owed = false;
    if (connection->status == USHER_CONNECTION_ANSWERING)
        send_error(connection, error);
    else
        free_unused(connection);
}

struct usher_connection *usher_connection_of(struct usher_deadline *deadline) {
    return (struct usher_connection *)deadline;
}

void usher_connection_expire(struct usher_connection *connection) {
    if (connection->status == USHER_CONNECTION_HEADERS || connection->status == USHER_CONNECTION_BODY)
        send_error(connection, USHER_ERROR_REQUEST_TIMEOUT);
    else
        usher_connection_close(connection);
}
