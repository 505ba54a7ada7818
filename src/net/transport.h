// SPDX-License-Identifier: MIT
// The bytes of one accepted socket, both ways, in TLS where it has a session: that is unseen from above.
// Knows no HTTP.
#ifndef USHER_TRANSPORT_H
#define USHER_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>

struct usher_loop;
struct usher_tls_session;
struct usher_transport;

struct usher_transport_handlers {
    // Over TLS also with what had arrived when reading was stopped.
    void (*on_read)(void *arg, const char *bytes, size_t length);
    // Nothing more will be read: the peer sent its last byte, or the connection is broken both ways.
    void (*on_ended)(void *arg, bool is_broken);
    void (*on_written)(void *arg, bool succeeded);
    void (*on_closed)(void *arg); // the last call
};

// Where bytes are read into, shared by any number of transports on one loop: a read is handed on at once.
struct usher_transport_scratch {
    char bytes[16384];
};

// What comes at most after reading was stopped: a TLS record that was complete but for its last byte, and one
// read more.
#define USHER_TRANSPORT_MAX_LATE_BYTES (2 * sizeof(struct usher_transport_scratch))

// Takes over the connected descriptor and the session, NULL for plain bytes, and ends them even on failure.
// Does not read yet. NULL: out of memory.
struct usher_transport *usher_transport_open(struct usher_loop *loop, int descriptor, bool is_unix,
                                             struct usher_tls_session *session,
                                             struct usher_transport_scratch *scratch,
                                             const struct usher_transport_handlers *handlers, void *arg);

// Whether on_read is called. False: the connection is broken.
bool usher_transport_read(struct usher_transport *transport, bool wanted);

// Sends as much as the socket takes at once; returns how much. Only while no usher_transport_write is under
// way, to which the rest must go next, if it is not to be the end of the connection.
size_t usher_transport_write_now(struct usher_transport *transport, const char *bytes, size_t length);

// Sends all bytes, which must stay where they are until on_written. One at a time. False: the connection is
// broken, and on_written is not called.
bool usher_transport_write(struct usher_transport *transport, const char *bytes, size_t length);

// Tells the peer that nothing more will be written.
void usher_transport_finish(struct usher_transport *transport);

// From here on only on_closed is called. Over TLS the peer hears that nothing more comes, unless some of what
// was to be sent is missing.
void usher_transport_close(struct usher_transport *transport);

#endif
