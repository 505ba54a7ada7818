// SPDX-License-Identifier: MIT
// Accepts connections on one TCP address or Unix socket and keeps them within bounds. Knows no Lua.
#ifndef USHER_LISTENER_H
#define USHER_LISTENER_H

#include "connection.h"
#include "error.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct usher_listener;
struct usher_loop;
struct usher_tls;

struct usher_listener_options {
    const char *path; // of a Unix socket, with `mode`; NULL: `host`, a numeric address, and `port`
    const char *host;
    uint16_t port; // 0: the system chooses
    mode_t mode;
    struct usher_tls *tls;       // shared; NULL: plain
    uint64_t headers_timeout_ms; // each from when the connection's status was entered
    uint64_t body_timeout_ms;
    uint64_t idle_timeout_ms;
    uint64_t write_timeout_ms;
    size_t max_connections;            // beyond it the one that has been idle longest is closed first
    size_t max_connections_per_source; // the same among those of one address; 0: any number
    size_t spare_descriptors;          // left to others; see usher_admission_max_descriptor
    struct usher_request_limits limits;
    const struct usher_error_page
        *pages; // copied, not what they point to: that must live as long as the listener
    size_t page_count;
    void (*on_request)(struct usher_connection *connection, const struct usher_request *request, void *arg);
    void *arg;
};

// NULL: *out_error is ADDRESS_IN_USE, BAD_ADDRESS, PERMISSION, EXISTS (a file that is no socket), NOT_FOUND
// (the folder of `path`), TOO_MANY_FILES, OUT_OF_MEMORY or LISTEN_FAILED.
struct usher_listener *usher_listener_open(struct usher_loop *loop,
                                           const struct usher_listener_options *options,
                                           enum usher_error *out_error);

// "127.0.0.1:8080", "[::1]:8080" or "unix:/path".
const char *usher_listener_address(const struct usher_listener *listener);

// The certificate of connections that come from now on; NULL: they are plain. Those there are stay as they
// are.
void usher_listener_secure(struct usher_listener *listener, struct usher_tls *tls);

// How many connections are open.
size_t usher_listener_connections(const struct usher_listener *listener);

// Stops accepting, closes connections that have not asked for anything and makes each response the last of
// its connection. on_drained is called once, from the loop, when all are closed or after `timeout_ms`,
// whichever is first; the owner then closes the listener. Called again it only sets the time anew.
void usher_listener_drain(struct usher_listener *listener, uint64_t timeout_ms, void (*on_drained)(void *arg),
                          void *arg);

// Stops accepting, removes the socket file and cuts off every connection. Nothing is called any more.
// Responses still owed must be given nevertheless: that frees the last of the memory. NULL is allowed.
void usher_listener_close(struct usher_listener *listener);

#endif
