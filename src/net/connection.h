// SPDX-License-Identifier: MIT
// HTTP on one accepted socket: requests in, responses out in the same order, deadlines, errors. Knows no
// accepting and no Lua.
#ifndef USHER_CONNECTION_H
#define USHER_CONNECTION_H

#include "deadline_queue.h"
#include "error.h"
#include "request_parser.h"
#include "transport.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct usher_buffer;
struct usher_connection;
struct usher_peer;
struct usher_response;
struct usher_tls;

// Each but CLOSED is a lane of the group's deadline queue: the deadline runs from when the status was
// entered, and no byte that comes later moves it.
enum usher_connection_status {
    USHER_CONNECTION_CLOSED,
    USHER_CONNECTION_HANDSHAKE, // over TLS, no byte of the first request yet
    USHER_CONNECTION_IDLE,      // no byte of a request yet
    USHER_CONNECTION_HEADERS,   // a request began
    USHER_CONNECTION_BODY,      // its header section is complete
    USHER_CONNECTION_ANSWERING, // on_request was called, the response has not been given; nothing is read
    USHER_CONNECTION_WRITING,   // the response is on its way; nothing is read
    USHER_CONNECTION_LINGERING, // the last response was sent: what still comes is thrown away until the peer
                                // ends, since closing before that could destroy the response on its way
    USHER_CONNECTION_STATUS_COUNT
};

// The body of a response that no handler gives.
struct usher_error_page {
    int status;
    struct usher_text body;
    struct usher_text content_type;
};

// What the connections of one listener share; the listener's own. Outlives them.
struct usher_connection_group {
    struct usher_loop *loop;
    struct usher_deadline_queue *deadlines; // a lane per status
    struct usher_tls *tls;                  // of connections that come from now on; NULL: plain
    struct usher_request_limits limits;
    const struct usher_error_page *pages; // a status without one gets its reason phrase
    size_t page_count;
    bool is_draining; // every response is the connection's last
    size_t open;      // connections that are not closed
    size_t allocated; // connections whose memory is still in use
    struct usher_transport_scratch scratch;
    // A request is complete; it may be read until on_request returns. Exactly one usher_connection_send or
    // usher_connection_fail must follow, at once or later, even where the connection has gone meanwhile.
    void (*on_request)(struct usher_connection *connection, const struct usher_request *request, void *arg);
    void *request_arg;
    // The memory of a connection has just been freed.
    void (*on_freed)(struct usher_connection_group *group);
};

// Takes over the accepted descriptor and closes it even on failure. OUT_OF_MEMORY.
enum usher_error usher_connection_open(struct usher_connection_group *group, int descriptor,
                                       const struct sockaddr_storage *peer);

// "127.0.0.1:43210", "[::1]:43210" or "unix".
const char *usher_connection_remote(const struct usher_connection *connection);

// Who is there, on a Unix socket; NULL on TCP, and where the kernel does not say.
const struct usher_peer *usher_connection_peer(const struct usher_connection *connection);

// As usher_address_source says.
uint64_t usher_connection_source(const struct usher_connection *connection);

// For a response that is owed: where it is to be appended, and as what: keep_alive, is_head, minor_version
// and date are filled in. NULL where the connection has gone. usher_connection_send or usher_connection_fail
// must still follow.
struct usher_buffer *usher_connection_begin(struct usher_connection *connection,
                                            struct usher_response *out_frame);

// Sends the response that was appended. `keep_alive` as it says itself; false closes the connection after it.
void usher_connection_send(struct usher_connection *connection, bool keep_alive);

// Gives the error's page as the response, the connection's last. Cannot fail.
void usher_connection_fail(struct usher_connection *connection, enum usher_error error);

// The connection whose deadline this is.
struct usher_connection *usher_connection_of(struct usher_deadline *deadline);

// The deadline of the connection's status has passed: answers 408 or closes.
void usher_connection_expire(struct usher_connection *connection);

// Cuts the connection off. A response that is still owed must still be given, and goes nowhere.
void usher_connection_close(struct usher_connection *connection);

#endif
