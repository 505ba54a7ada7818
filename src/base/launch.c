// SPDX-License-Identifier: MIT
#include "launch.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

int usher_launch(char *const argv[], const char *name, const char *value, const char *removed,
                 bool is_pipe_default) {
    if ((removed != NULL && unsetenv(removed) != 0) || setenv(name, value, 1) != 0)
        return errno;
    void (*before)(int) = is_pipe_default ? signal(SIGPIPE, SIG_DFL) : SIG_ERR;
    execvp(argv[0], argv);
    int failure = errno;
    if (before != SIG_ERR)
        signal(SIGPIPE, before);
    unsetenv(name);
    return failure;
}
