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

// Where a write does not wait. A terminal that is ready may take less than it is given, and wait with the
// rest: opened once more it need not, and whoever shares the other description notices nothing.
static int open_error(void) {
    int terminal = -1;
    if (isatty(STDERR_FILENO))
        terminal = open("/proc/self/fd/2", O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    return terminal >= 0 ? terminal : STDERR_FILENO;
}

static bool is_writable(int descriptor) {
    struct pollfd error = {.fd = descriptor, .events = POLLOUT};
    int ready;
    do
        ready = poll(&error, 1, 0);
    while (ready < 0 && errno == EINTR);
    return ready > 0;
}

// A pipe that is ready takes PIPE_BUF bytes without waiting (pipe(7)).
static bool write_ready(int descriptor, const char *bytes, size_t length) {
    while (length > 0) {
        if (!is_writable(descriptor))
            return false;
        ssize_t written = write(descriptor, bytes, length < PIPE_BUF ? length : PIPE_BUF);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        bytes += written;
        length -= (size_t)written;
    }
    return true;
}

bool usher_standard_write_error(const char *bytes, size_t length) {
    int descriptor = open_error();
    bool is_complete = write_ready(descriptor, bytes, length);
    if (descriptor != STDERR_FILENO)
        close(descriptor);
    return is_complete;
}
