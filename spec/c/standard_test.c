// SPDX-License-Identifier: MIT
#include "standard.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINE_BYTES = 100 }; // less than what a terminal takes at once

static int failures;

static void check(int number, bool is_right, const char *what) {
    printf("%sok %d - %s\n", is_right ? "" : "not ", number, what);
    failures += is_right ? 0 : 1;
}

static bool is_null_device(int descriptor) {
    struct stat status, null_status;
    return fstat(descriptor, &status) == 0 && stat("/dev/null", &null_status) == 0 &&
           status.st_rdev == null_status.st_rdev;
}

// Standard error as a pipe that nobody reads from.
static int take_pipe(void) {
    int ends[2];
    if (pipe(ends) != 0 || dup2(ends[1], STDERR_FILENO) < 0)
        exit(EXIT_FAILURE);
    close(ends[1]);
    return ends[0];
}

// Standard error as a terminal that nobody reads from.
static int take_terminal(void) {
    int reader = posix_openpt(O_RDWR | O_NOCTTY);
    const char *name = reader >= 0 && grantpt(reader) == 0 && unlockpt(reader) == 0 ? ptsname(reader) : NULL;
    int terminal = name != NULL ? open(name, O_RDWR | O_NOCTTY) : -1;
    if (terminal < 0 || dup2(terminal, STDERR_FILENO) < 0)
        exit(EXIT_FAILURE);
    close(terminal);
    return reader;
}

static size_t drain(int descriptor) {
    static char bytes[1 << 17];
    ssize_t length = read(descriptor, bytes, sizeof bytes);
    return length < 0 ? 0 : (size_t)length;
}

int main(void) {
    static char line[5000];
    puts("1..8");
    alarm(10); // for a write that waits
    close(STDIN_FILENO);
    close(STDERR_FILENO);
    check(1, usher_standard_open() && is_null_device(STDIN_FILENO) && is_null_device(STDERR_FILENO),
          "what is closed is opened on /dev/null");
    check(2, !is_null_device(STDOUT_FILENO), "what is open stays as it is");

    int reader = take_pipe();
    memset(line, 'x', sizeof line);
    size_t lines = 0;
    while (lines < 1000 && usher_standard_write_error(line, sizeof line))
        lines++;
    check(3, lines > 2 && lines < 1000, "a pipe that nobody reads takes what it holds, and no wait follows");
    check(4, !usher_standard_write_error("y", 1), "nor later");
    check(5, drain(reader) >= lines * sizeof line && usher_standard_write_error(line, sizeof line),
          "it takes more once somebody has read");

    reader = take_terminal();
    line[LINE_BYTES - 1] = '\n';
    for (lines = 0; lines < 1000 && usher_standard_write_error(line, LINE_BYTES);)
        lines++;
    check(6, lines > 2 && lines < 1000,
          "a terminal that nobody reads takes what it holds, and no wait follows");
    int flags = fcntl(STDERR_FILENO, F_GETFL);
    check(7, drain(reader) > 0 && (flags & O_NONBLOCK) == 0, "those who share it notice nothing");
    close(STDERR_FILENO);
    check(8, !usher_standard_write_error("y", 1), "nothing can be written to what is closed");
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
