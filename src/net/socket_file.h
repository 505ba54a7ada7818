// SPDX-License-Identifier: MIT
// The file of a listening Unix socket: never reachable with wider rights than its mode, and removed only
// while it is ours.
#ifndef USHER_SOCKET_FILE_H
#define USHER_SOCKET_FILE_H

#include "error.h"

#include <stdbool.h>
#include <sys/types.h>

// Zeroed: no file.
struct usher_socket_file {
    char *path;
    dev_t device;
    ino_t inode;
};

// Binds a non-blocking stream socket to a new file with exactly `mode`, whatever the umask; it does not
// listen yet, so that nobody can connect before the mode is right. A stale file, one where nobody listens, is
// replaced. Returns the descriptor, the caller's, or -1: ADDRESS_IN_USE (somebody listens there), EXISTS (the
// file is no socket), BAD_ADDRESS (no path for a socket), NOT_FOUND (its folder), PERMISSION, ...
int usher_socket_file_bind(struct usher_socket_file *file, const char *path, mode_t mode,
                           enum usher_error *out_error);

// Whether the file is still in its place. To be asked once the socket listens: until then who starts at the
// same time finds nobody listening, and takes the file for a stale one.
bool usher_socket_file_is_there(const struct usher_socket_file *file);

// Unlinks the file unless another has taken its place. Before the descriptor is closed: it holds the inode,
// whose number could otherwise be given to that other. Harmless when repeated.
void usher_socket_file_remove(struct usher_socket_file *file);

#endif
