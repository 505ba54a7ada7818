// SPDX-License-Identifier: MIT
// Becoming another program.
#ifndef USHER_LAUNCH_H
#define USHER_LAUNCH_H

#include <stdbool.h>

// Replaces this process by the program argv[0], found along PATH (argv ends with NULL), with one variable
// more in its environment. `is_pipe_default`: SIGPIPE ends the program as usual, whatever this process does
// about it. Returns only where that fails: an errno; the variable is unset then, and SIGPIPE as before.
int usher_launch(char *const argv[], const char *name, const char *value, bool is_pipe_default);

#endif
