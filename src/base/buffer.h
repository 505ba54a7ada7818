// SPDX-License-Identifier: MIT
// A growing array of bytes that never exceeds the maximum given at init.
#ifndef USHER_BUFFER_H
#define USHER_BUFFER_H

#include "error.h"

#include <stddef.h>

struct usher_buffer {
    char *bytes;   // NULL until the first byte is reserved
    size_t length; // in use, from the front
    size_t capacity;
    size_t max_bytes;
};

// Allocates nothing.
void usher_buffer_init(struct usher_buffer *buffer, size_t max_bytes);

// Frees the bytes and leaves an empty buffer with the same maximum. Harmless when repeated.
void usher_buffer_deinit(struct usher_buffer *buffer);

// Makes room for `extra` bytes after those in use: the caller may write them at bytes + length and then raise
// `length`. LIMIT: the maximum would be exceeded; OUT_OF_MEMORY. The buffer is unchanged on failure.
enum usher_error usher_buffer_reserve(struct usher_buffer *buffer, size_t extra);

// Copies `length` bytes to the end. `bytes` must not lie inside the buffer; it may be NULL where length is 0.
// Fails as usher_buffer_reserve does, with nothing appended.
enum usher_error usher_buffer_append(struct usher_buffer *buffer, const void *bytes, size_t length);

// Drops `length` bytes, at most those in use, from the front.
void usher_buffer_consume(struct usher_buffer *buffer, size_t length);

// Drops all bytes; keeps the memory.
void usher_buffer_clear(struct usher_buffer *buffer);

// Moves the bytes out to the caller, who frees them; the buffer is empty afterwards. NULL: there was no
// memory to move, and *out_length is 0.
char *usher_buffer_take(struct usher_buffer *buffer, size_t *out_length);

#endif
