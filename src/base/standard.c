// SPDX-License-Identifier: MIT
#include "standard.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

bool usher_standard_open(void) {
    for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; descriptor++) {
        if (fcntl(descriptor, F_GETFD) >= 0 || errno != EBADF)
            continue;
        // The lowest number that is free is this one.
        if (open("/dev/null", descriptor == STDIN_FILENO ? O_RDONLY : O_WRONLY) != descriptor)
            return false;
    }
    return true;
}

static bool is_writable(void) {
    struct pollfd error = {.fd = STDERR_FILENO, .events = POLLOUT};
    int ready;
    do
        ready = poll(&error, 1, 0);
    while (ready < 0 && errno == EINTR);
    return ready > 0;
}

// A pipe that is ready takes PIPE_BUF bytes without waiting (pipe(7)).
bool usher_standard_write_error(const char *bytes, size_t length) {
    while (length > 0) {
        if (!is_writable())
            return false;
        ssize_t written = write(STDERR_FILENO, bytes, length < PIPE_BUF ? length : PIPE_BUF);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        bytes += written;
        length -= (size_t)written;
    }
    return true;
}
