// SPDX-License-Identifier: MIT
// The bytes of one accepted socket, both ways. Knows no HTTP; encryption would go in here, unseen from above.
#ifndef USHER_TRANSPORT_H
#define USHER_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>

struct usher_loop;
struct usher_transport;

struct usher_transport_handlers {
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

// Takes over the connected descriptor and closes it even on failure. Does not read yet. NULL: out of memory.
struct usher_transport *usher_transport_open(struct usher_loop *loop, int descriptor, bool is_unix,
                                             struct usher_transport_scratch *scratch,
                                             const struct usher_transport_handlers *handlers, void *arg);

// Whether on_read is called. False: the connection is broken.
bool usher_transport_read(struct usher_transport *transport, bool wanted);

// Sends as much as the socket takes at once; returns how much. Only while no usher_transport_write is under
// way.
size_t usher_transport_write_now(struct usher_transport *transport, const char *bytes, size_t length);

// Sends all bytes, which must stay where they are until on_written. One at a time. False: the connection is
// broken, and on_written is not called.
bool usher_transport_write(struct usher_transport *transport, const char *bytes, size_t length);

// Tells the peer that nothing more will be written.
void usher_transport_finish(struct usher_transport *transport);

// From here on only on_closed is called.
void usher_transport_close(struct usher_transport *transport);

#endif
