// SPDX-License-Identifier: MIT
// Becoming another program.
#ifndef USHER_LAUNCH_H
#define USHER_LAUNCH_H

#include <stdbool.h>

// Replaces this process by the program argv[0], found along PATH (argv ends with NULL), with one variable
// more in its environment, and without the variable `removed` (NULL: without none). `is_pipe_default`:
// SIGPIPE ends the program as usual, whatever this process does about it. Returns only where that fails: an
// errno; both variables are unset then, and SIGPIPE is as before.
int usher_launch(char *const argv[], const char *name, const char *value, const char *removed,
                 bool is_pipe_default);

#endif
