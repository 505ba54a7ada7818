// SPDX-License-Identifier: MIT
// A listener that drains while a response is owed to a connection that has gone.
#include "listener.h"
#include "loop.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int cases;
static struct usher_connection *owed;
static int told;

static void check(bool holds, const char *title) {
    printf("%s %d - %s\n", holds ? "ok" : "not ok", ++cases, title);
}

static void on_request(struct usher_connection *connection, const struct usher_request *request, void *arg) {
    (void)request, (void)arg;
    owed = connection;
}

static void on_drained(void *arg) {
    (void)arg;
    told++;
}

static int ask(const char *path) {
    static const char request[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    union {
        struct sockaddr any;
        struct sockaddr_un local;
    } address = {.local = {.sun_family = AF_UNIX}};
    int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
    memcpy(address.local.sun_path, path, strlen(path) + 1);
    if (connect(descriptor, &address.any, sizeof address.local) != 0 ||
        write(descriptor, request, sizeof request - 1) != sizeof request - 1)
        perror("# a request");
    return descriptor;
}

static struct usher_listener *open_listener(struct usher_loop *loop, const char *path) {
    struct usher_listener_options options = {
        .path = path,
        .mode = 0600,
        .headers_timeout_ms = 5000,
        .body_timeout_ms = 5000,
        .idle_timeout_ms = 5000,
        .write_timeout_ms = 5000,
        .max_connections = 2,
        .limits = {.line_bytes = 100, .headers_bytes = 100, .fields = 5, .body_bytes = 100},
        .on_request = on_request,
    };
    enum usher_error error;
    return usher_listener_open(loop, &options, &error);
}

// Three, so that what closes in one is told of in the next.
static void turn(struct usher_loop *loop) {
    for (int i = 0; i < 3; i++)
        usher_loop_run(loop, USHER_LOOP_POLL);
}

int main(void) {
    char path[64];
    struct usher_loop *loop = usher_loop_new();
    snprintf(path, sizeof path, "/tmp/usher-drain-%d", (int)getpid());
    struct usher_listener *listener = open_listener(loop, path);
    int descriptor = ask(path);
    while (owed == NULL)
        usher_loop_run(loop, USHER_LOOP_ONCE);
    usher_listener_drain(listener, 60000, on_drained, NULL);
    turn(loop);
    usher_connection_close(owed);
    turn(loop);
    check(told == 0, "nobody is told while a response is owed");
    usher_connection_send(owed, false);
    check(told == 0, "nor from inside the call that gives it");
    usher_listener_drain(listener, 60000, on_drained, NULL);
    turn(loop);
    check(told == 1, "but in the loop's next turn, whatever time is set meanwhile");
    usher_listener_drain(listener, 0, on_drained, NULL);
    turn(loop);
    check(told == 2, "and once for each call of it");
    usher_listener_close(listener);
    usher_loop_free(loop);
    close(descriptor);
    printf("1..%d\n", cases);
    return 0;
}
