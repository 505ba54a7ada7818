// SPDX-License-Identifier: MIT
// A listener where the system refuses: this program's listen() fails in a way that we have no code for.
#include "listener.h"
#include "loop.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

__attribute__((visibility("default"))) int listen(int descriptor, int backlog) {
    (void)descriptor, (void)backlog;
    errno = EIO;
    return -1;
}

static int cases;

static void check(bool holds, const char *title) {
    printf("%s %d - %s\n", holds ? "ok" : "not ok", ++cases, title);
}

static enum usher_error error_of(struct usher_loop *loop, const char *path) {
    struct usher_listener_options options = {
        .path = path, .host = path == NULL ? "127.0.0.1" : NULL, .mode = 0600, .max_connections = 1};
    enum usher_error error = USHER_ERROR_NONE;
    struct usher_listener *listener = usher_listener_open(loop, &options, &error);
    return listener == NULL ? error : USHER_ERROR_NONE;
}

int main(void) {
    char path[64];
    const struct rlimit none = {3, 3};
    struct usher_loop *loop = usher_loop_new();
    snprintf(path, sizeof path, "/tmp/usher-listen-%d", (int)getpid());
    check(error_of(loop, NULL) == USHER_ERROR_LISTEN_FAILED, "a socket that cannot listen");
    check(error_of(loop, path) == USHER_ERROR_LISTEN_FAILED, "a Unix socket that cannot listen");
    check(access(path, F_OK) != 0, "leaves no file behind");
    setrlimit(RLIMIT_NOFILE, &none);
    check(error_of(loop, NULL) == USHER_ERROR_TOO_MANY_FILES, "no descriptor is left");
    usher_loop_free(loop);
    printf("1..%d\n", cases);
    return 0;
}
