// SPDX-License-Identifier: MIT
#include "request_scan.h"
#include "request_parser.h"

#include <string.h>

// On the wire a body may be larger than its content, by this factor and a header section: enough for chunks
// of one byte, and an end to chunk extensions.
enum { CHUNK_OVERHEAD = 8 };

static struct usher_request_piece piece_within(size_t length, size_t room, enum usher_error refusal) {
    if (length <= room)
        return (struct usher_request_piece){length, USHER_ERROR_NONE};
    return (struct usher_request_piece){room, refusal};
}

static struct usher_request_piece next_of_line(struct usher_request_scan *scan, size_t max_bytes,
                                               const char *bytes, size_t length) {
    size_t room = max_bytes - scan->region_bytes;
    const char *end = memchr(bytes, '\n', length < room ? length : room);
    if (end != NULL)
        length = (size_t)(end - bytes) + 1;
    return piece_within(length, room, USHER_ERROR_URI_TOO_LONG);
}

static struct usher_request_piece next_of_section(struct usher_request_scan *scan, size_t max_bytes,
                                                  const char *bytes, size_t length) {
    size_t room = max_bytes - scan->region_bytes;
    size_t reach = length < room ? length : room;
    for (size_t i = 0; i < reach; i++) {
        bool is_at_start = scan->position == USHER_REQUEST_AT_LINE_START;
        if (is_at_start && (bytes[i] == ' ' || bytes[i] == '\t' || bytes[i] == '\n'))
            return (struct usher_request_piece){i, USHER_ERROR_BAD_REQUEST};
        if (scan->position == USHER_REQUEST_AFTER_CR && bytes[i] == '\n')
            return (struct usher_request_piece){i + 1, USHER_ERROR_NONE};
        if (bytes[i] == '\n')
            scan->position = USHER_REQUEST_AT_LINE_START;
        else
            scan->position = is_at_start && bytes[i] == '\r' ? USHER_REQUEST_AFTER_CR : USHER_REQUEST_IN_LINE;
    }
    return piece_within(length, room, USHER_ERROR_HEADERS_TOO_LARGE);
}

static struct usher_request_piece next_of_region(struct usher_request_scan *scan,
                                                 const struct usher_request_limits *limits, const char *bytes,
                                                 size_t length) {
    if (scan->region == USHER_REQUEST_REGION_LINE)
        return next_of_line(scan, limits->line_bytes, bytes, length);
    if (scan->region != USHER_REQUEST_REGION_BODY)
        return next_of_section(scan, limits->headers_bytes, bytes, length);
    size_t max_bytes = limits->body_bytes * CHUNK_OVERHEAD + limits->headers_bytes;
    return piece_within(length, max_bytes - scan->region_bytes, USHER_ERROR_BODY_TOO_LARGE);
}

struct usher_request_piece usher_request_scan_next(struct usher_request_scan *scan,
                                                   const struct usher_request_limits *limits,
                                                   const char *bytes, size_t length) {
    struct usher_request_piece piece = next_of_region(scan, limits, bytes, length);
    scan->region_bytes += piece.length;
    return piece;
}

void usher_request_scan_enter(struct usher_request_scan *scan, enum usher_request_region region) {
    *scan = (struct usher_request_scan){.region = region};
}
