// SPDX-License-Identifier: MIT
// What Lua's sockets cannot have: an address in Linux's abstract namespace.
#include "notify.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const char message[] = "READY=1";

// A bound socket, with the name by which it is notified; -1: none.
static int bind_abstract(char *out_name, size_t name_bytes) {
    union {
        struct sockaddr any;
        struct sockaddr_un local;
    } address = {.local = {.sun_family = AF_UNIX}};
    int length = snprintf(out_name, name_bytes, "@usher-notify-test-%ld", (long)getpid());
    memcpy(address.local.sun_path + 1, out_name + 1, (size_t)length - 1);
    int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)length);
    return descriptor >= 0 && bind(descriptor, &address.any, size) == 0 ? descriptor : -1;
}

int main(void) {
    char name[64];
    char received[64];
    int descriptor = bind_abstract(name, sizeof name);
    enum usher_error error = usher_notify(name, message, sizeof message - 1);
    ssize_t length = recv(descriptor, received, sizeof received, 0);
    int reached = error == USHER_ERROR_NONE && length == (ssize_t)sizeof message - 1 &&
                  memcmp(received, message, sizeof message - 1) == 0;
    close(descriptor);
    printf("1..1\n%sok 1 - an abstract address is reached\n", reached ? "" : "not ");
    return reached ? EXIT_SUCCESS : EXIT_FAILURE;
}
