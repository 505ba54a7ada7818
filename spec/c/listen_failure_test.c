// SPDX-License-Identifier: MIT
// A listener where the system refuses: this program's listen() fails in a way that we have no code for. And
// where listen() comes too late: another has found nobody there, and put a socket of its own in the place.
#include "listener.h"
#include "loop.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

static const char *taken; // the path where another does so

__attribute__((visibility("default"))) int listen(int descriptor, int backlog) {
    union {
        struct sockaddr any;
        struct sockaddr_un local;
    } address = {.local = {.sun_family = AF_UNIX}};
    if (taken == NULL) {
        errno = EIO;
        return -1;
    }
    strncpy(address.local.sun_path, taken, sizeof address.local.sun_path - 1);
    unlink(taken);
    bind(socket(AF_UNIX, SOCK_STREAM, 0), &address.any, sizeof address.local);
    return (int)syscall(SYS_listen, descriptor, backlog);
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
    struct rlimit limit;
    struct usher_loop *loop = usher_loop_new();
    snprintf(path, sizeof path, "/tmp/usher-listen-%d", (int)getpid());
    check(error_of(loop, NULL) == USHER_ERROR_LISTEN_FAILED, "a socket that cannot listen");
    check(error_of(loop, path) == USHER_ERROR_LISTEN_FAILED, "a Unix socket that cannot listen");
    check(access(path, F_OK) != 0, "leaves no file behind");
    taken = path;
    check(error_of(loop, path) == USHER_ERROR_ADDRESS_IN_USE, "a Unix socket whose place another has taken");
    check(access(path, F_OK) == 0, "is left to that one");
    unlink(path);
    taken = NULL;
    getrlimit(RLIMIT_NOFILE, &limit);
    const struct rlimit none = {3, limit.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
    check(error_of(loop, NULL) == USHER_ERROR_TOO_MANY_FILES, "no descriptor is left");
    setrlimit(RLIMIT_NOFILE, &limit); // a leak checker needs some
    usher_loop_free(loop);
    printf("1..%d\n", cases);
    return 0;
}
