// SPDX-License-Identifier: MIT
// One TLS session over memory, the server's side: bytes of the wire in, plain ones out, and back. Shakes
// hands by itself. Knows no sockets.
#ifndef USHER_TLS_SESSION_H
#define USHER_TLS_SESSION_H

#include <stdbool.h>
#include <stddef.h>

struct usher_tls;
struct usher_tls_session;

enum usher_tls_status {
    USHER_TLS_OPEN,
    USHER_TLS_ENDED, // the peer said that nothing more comes
    USHER_TLS_BROKEN // for good; the alert that says so may be waiting to be sent
};

// NULL: out of memory.
struct usher_tls_session *usher_tls_session_new(const struct usher_tls *tls);

// NULL is allowed.
void usher_tls_session_free(struct usher_tls_session *session);

// Takes bytes of the wire. False: out of memory.
bool usher_tls_session_feed(struct usher_tls_session *session, const char *bytes, size_t length);

// Gives plain bytes of what was fed. OPEN and none: it takes more of the wire.
enum usher_tls_status usher_tls_session_read(struct usher_tls_session *session, char *out, size_t size,
                                             size_t *out_length);

// Encrypts all of the bytes. False: hands have not been shaken, or the session is broken.
bool usher_tls_session_write(struct usher_tls_session *session, const char *bytes, size_t length);

// Tells the peer that nothing more will be written, once. Not for a session that is broken.
void usher_tls_session_finish(struct usher_tls_session *session);

// The bytes that wait for the wire; they stay where they are until the session is used again.
size_t usher_tls_session_output(struct usher_tls_session *session, const char **out_bytes);

// Drops them: they were sent, or copied.
void usher_tls_session_clear_output(struct usher_tls_session *session);

#endif
