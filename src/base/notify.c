// SPDX-License-Identifier: MIT
#include "notify.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

union address {
    struct sockaddr any;
    struct sockaddr_un local;
};

// The address's length; 0: it is none.
static socklen_t read_address(const char *text, union address *out) {
    size_t length = strlen(text);
    if ((text[0] != '/' && text[0] != '@') || length < 2 || length >= sizeof out->local.sun_path)
        return 0;
    *out = (union address){.local = {.sun_family = AF_UNIX}};
    memcpy(out->local.sun_path, text, length);
    if (text[0] == '@')
        out->local.sun_path[0] = '\0';
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
}

enum usher_error usher_notify(const char *address, const char *text, size_t length) {
    union address to;
    socklen_t to_length = read_address(address, &to);
    if (to_length == 0)
        return USHER_ERROR_BAD_ADDRESS;
    int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return usher_error_from_errno(errno);
    ssize_t sent = sendto(descriptor, text, length, MSG_NOSIGNAL, &to.any, to_length);
    enum usher_error error = USHER_ERROR_NONE;
    if (sent < 0)
        error = errno == ECONNREFUSED ? USHER_ERROR_CONNECT_FAILED : usher_error_from_errno(errno);
    close(descriptor);
    return error;
}
