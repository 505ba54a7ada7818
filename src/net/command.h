// SPDX-License-Identifier: MIT
// A program that runs to its end: without input, in a session of its own, with the environment it is given
// and no other. What it writes to standard output is kept, its standard error is not. Whatever it leaves
// running ends with it. All descriptors of this process but the standard three are marked not to be
// inherited, neither by it nor by any later program.
#ifndef USHER_COMMAND_H
#define USHER_COMMAND_H

#include "error.h"

#include <stddef.h>
#include <stdint.h>

struct usher_loop;
struct usher_command;

struct usher_command_request {
    const char *const *words;       // ends with NULL; the first is the program's path
    const char *const *environment; // "NAME=value", ends with NULL
    uint64_t timeout_ms;
    size_t max_bytes; // of output
};

struct usher_command_result {
    enum usher_error error; // NONE, TIMEOUT, LIMIT: more output than that, CANCELLED
    int64_t exit_status;    // where it ended by itself
    int signal;             // that ended it; 0: none
    const char *output;     // until on_done returns
    size_t length;
};

typedef void (*usher_command_fn)(const struct usher_command_result *result, void *arg);

// Starts the program. on_done is called exactly once, from the loop, unless the command is freed first. NULL:
// *out_error is NOT_FOUND, PERMISSION, OUT_OF_MEMORY, IO (our descriptors cannot be kept from it) or the
// like, and on_done is not called.
struct usher_command *usher_command_start(struct usher_loop *loop,
                                          const struct usher_command_request *request,
                                          usher_command_fn on_done, void *arg, enum usher_error *out_error);

// Kills it; on_done then tells of CANCELLED.
void usher_command_cancel(struct usher_command *command);

// Kills it without a word to its owner, and waits for the moment that its end takes. After on_done the
// command has freed itself. NULL is allowed.
void usher_command_free(struct usher_command *command);

#endif
