// SPDX-License-Identifier: MIT
// Bytes that are cleansed before their memory is given back.
#ifndef USHER_SECRET_H
#define USHER_SECRET_H

#include "error.h"

#include <stdbool.h>
#include <stddef.h>

// A zeroed struct is a closed secret.
struct usher_secret {
    char *bytes; // NULL when closed, also of a secret of length 0 never NULL
    size_t length;
};

// Copies the bytes into a closed secret. OUT_OF_MEMORY: it stays closed.
enum usher_error usher_secret_init(struct usher_secret *secret, const void *bytes, size_t length);

// Moves the value of an environment variable into a closed secret: what the kernel shows of the environment
// no longer holds it, and the variable is unset. NOT_FOUND: it was not set. Not to be called while another
// thread may read the environment.
enum usher_error usher_secret_init_from_environment(struct usher_secret *secret, const char *name);

// Reads all of a regular file of at most `max_bytes` into a closed secret, and leaves no other copy. Fails as
// usher_file_read does.
enum usher_error usher_secret_init_from_file(struct usher_secret *secret, const char *path, size_t max_bytes);

// Decodes base64 (RFC 4648 section 4) into a closed secret, and leaves no other copy. BAD_ENCODING;
// OUT_OF_MEMORY.
enum usher_error usher_secret_init_from_base64(struct usher_secret *secret, const char *text, size_t length);

// The length without one newline, LF or CR LF, at the end. Of an open secret.
size_t usher_secret_line_length(const struct usher_secret *secret);

// Cleanses and closes. Harmless on a closed secret.
void usher_secret_deinit(struct usher_secret *secret);

// Takes the same time for all contents of equal lengths; the lengths themselves are no secret.
bool usher_secret_equal(const void *a, size_t a_length, const void *b, size_t b_length);

#endif
