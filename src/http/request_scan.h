// SPDX-License-Identifier: MIT
// The raw scan before llhttp: cuts the bytes where a region of the request ends, where a limit is reached,
// before a folded line (obs-fold, RFC 9112 5.2) and before a bare LF that llhttp would take for the end of a
// section, so that what llhttp sees does not depend on how they came.
#ifndef USHER_REQUEST_SCAN_H
#define USHER_REQUEST_SCAN_H

#include "error.h"

#include <stdbool.h>
#include <stddef.h>

struct usher_request_limits;

enum usher_request_region {
    USHER_REQUEST_REGION_LINE,
    USHER_REQUEST_REGION_FIELDS,
    USHER_REQUEST_REGION_BODY,
    USHER_REQUEST_REGION_TRAILER,
};

// A zeroed struct is at the start of a request line.
struct usher_request_scan {
    enum usher_request_region region;
    enum { USHER_REQUEST_AT_LINE_START, USHER_REQUEST_AFTER_CR, USHER_REQUEST_IN_LINE } position;
    size_t region_bytes; // of the region so far
};

// How many of the bytes llhttp may have next. `refusal`: why it may not have the byte after them, NONE where
// the region ended or the bytes did.
struct usher_request_piece {
    size_t length;
    enum usher_error refusal;
};

// The next piece; never empty without a refusal, where `length` is above 0. The scan has moved over it.
struct usher_request_piece usher_request_scan_next(struct usher_request_scan *scan,
                                                   const struct usher_request_limits *limits,
                                                   const char *bytes, size_t length);

void usher_request_scan_enter(struct usher_request_scan *scan, enum usher_request_region region);

#endif
