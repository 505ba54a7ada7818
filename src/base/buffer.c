// SPDX-License-Identifier: MIT
#include "buffer.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MIN_CAPACITY ((size_t)256)

void usher_buffer_init(struct usher_buffer *buffer, size_t max_bytes) {
    *buffer = (struct usher_buffer){.max_bytes = max_bytes};
}

void usher_buffer_deinit(struct usher_buffer *buffer) {
    free(buffer->bytes);
    usher_buffer_init(buffer, buffer->max_bytes);
}

// Doubling, so that appending n bytes one by one copies O(n); never above the maximum.
static size_t next_capacity(const struct usher_buffer *buffer, size_t needed) {
    size_t capacity = buffer->capacity <= buffer->max_bytes / 2 ? buffer->capacity * 2 : buffer->max_bytes;
    if (capacity < MIN_CAPACITY)
        capacity = MIN_CAPACITY;
    if (capacity < needed)
        capacity = needed;
    return capacity < buffer->max_bytes ? capacity : buffer->max_bytes;
}

enum usher_error usher_buffer_reserve(struct usher_buffer *buffer, size_t extra) {
    if (extra > buffer->max_bytes - buffer->length)
        return USHER_ERROR_LIMIT;
    size_t needed = buffer->length + extra;
    if (needed <= buffer->capacity)
        return USHER_ERROR_NONE;
    if (needed > PTRDIFF_MAX)
        return USHER_ERROR_OUT_OF_MEMORY;
    size_t capacity = next_capacity(buffer, needed);
    char *bytes = realloc(buffer->bytes, capacity);
    if (bytes == NULL)
        return USHER_ERROR_OUT_OF_MEMORY;
    buffer->bytes = bytes;
    buffer->capacity = capacity;
    return USHER_ERROR_NONE;
}

enum usher_error usher_buffer_append(struct usher_buffer *buffer, const void *bytes, size_t length) {
    enum usher_error error = usher_buffer_reserve(buffer, length);
    if (error != USHER_ERROR_NONE || length == 0)
        return error;
    memcpy(buffer->bytes + buffer->length, bytes, length);
    buffer->length += length;
    return USHER_ERROR_NONE;
}

void usher_buffer_consume(struct usher_buffer *buffer, size_t length) {
    if (length >= buffer->length) {
        buffer->length = 0;
        return;
    }
    buffer->length -= length;
    memmove(buffer->bytes, buffer->bytes + length, buffer->length);
}

void usher_buffer_clear(struct usher_buffer *buffer) {
    buffer->length = 0;
}

char *usher_buffer_take(struct usher_buffer *buffer, size_t *out_length) {
    char *bytes = buffer->bytes;
    *out_length = buffer->length;
    usher_buffer_init(buffer, buffer->max_bytes);
    return bytes;
}
