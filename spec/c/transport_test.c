// SPDX-License-Identifier: MIT
// A transport over a TLS session that is made up: what it has to say is this program's, and so is write().
#include "loop.h"
#include "tls_session.h"
#include "transport.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static int cases;
static int empty_writes;
static char output[200000];
static size_t output_length;
static bool is_closed;

__attribute__((visibility("default"))) ssize_t write(int descriptor, const void *bytes, size_t length) {
    empty_writes += length == 0;
    return syscall(SYS_write, descriptor, bytes, length);
}

// The session ------------------------------------------------------------------------------------------

void usher_tls_session_free(struct usher_tls_session *session) {
    (void)session;
}

bool usher_tls_session_feed(struct usher_tls_session *session, const char *bytes, size_t length) {
    (void)session, (void)bytes, (void)length;
    return true;
}

enum usher_tls_status usher_tls_session_read(struct usher_tls_session *session, char *out, size_t size,
                                             size_t *out_length) {
    (void)session, (void)out, (void)size;
    *out_length = 0;
    return USHER_TLS_OPEN;
}

// Says more than a transport keeps for a peer that does not read.
bool usher_tls_session_write(struct usher_tls_session *session, const char *bytes, size_t length) {
    (void)session, (void)bytes, (void)length;
    output_length = sizeof output;
    return true;
}

void usher_tls_session_finish(struct usher_tls_session *session) {
    (void)session;
}

size_t usher_tls_session_output(struct usher_tls_session *session, const char **out_bytes) {
    (void)session;
    *out_bytes = output;
    return output_length;
}

void usher_tls_session_clear_output(struct usher_tls_session *session) {
    (void)session;
    output_length = 0;
}

// ------------------------------------------------------------------------------------------------------

static void check(bool holds, const char *title) {
    printf("%s %d - %s\n", holds ? "ok" : "not ok", ++cases, title);
}

static void on_read(void *arg, const char *bytes, size_t length) {
    (void)arg, (void)bytes, (void)length;
}

static void on_end(void *arg, bool flag) {
    (void)arg, (void)flag;
}

static void on_closed(void *arg) {
    (void)arg;
    is_closed = true;
}

int main(void) {
    static const struct usher_transport_handlers handlers = {on_read, on_end, on_end, on_closed};
    static struct usher_transport_scratch scratch;
    static char session;
    static const int small = 4096;
    int sockets[2];
    struct usher_loop *loop = usher_loop_new();
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sockets) != 0)
        return 1;
    setsockopt(sockets[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    struct usher_transport *transport = usher_transport_open(
        loop, sockets[0], true, (struct usher_tls_session *)&session, &scratch, &handlers, NULL);
    check(usher_transport_read(transport, true), "a connection that is whole is read from");
    send(sockets[1], "x", 1, 0);
    usher_loop_run(loop, USHER_LOOP_ONCE);
    check(empty_writes == 0, "nothing is written where there is nothing to say");
    usher_transport_write_now(transport, "y", 1);
    check(!usher_transport_read(transport, true), "a connection that a write broke is not read from");
    usher_transport_close(transport);
    while (!is_closed)
        usher_loop_run(loop, USHER_LOOP_POLL);
    usher_loop_free(loop);
    close(sockets[1]);
    printf("1..%d\n", cases);
    return 0;
}
