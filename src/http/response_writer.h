// SPDX-License-Identifier: MIT
// Responses into bytes. Content-Length, Connection and Date are written here and nowhere else.
#ifndef USHER_RESPONSE_WRITER_H
#define USHER_RESPONSE_WRITER_H

#include "error.h"
#include "field.h"

#include <stdbool.h>
#include <stdint.h>

struct usher_buffer;

#define USHER_RESPONSE_CONTINUE "HTTP/1.1 100 Continue\r\n\r\n"

struct usher_response {
    int status;                       // 200 .. 599
    const struct usher_field *fields; // without Content-Length, Connection, Date, Transfer-Encoding
    size_t field_count;
    struct usher_text body; // not sent for 204 and 304, nor to HEAD
    bool keep_alive;
    bool is_head;      // answers a HEAD request
    int minor_version; // of the request: 1.0 must be told that the connection stays
    int64_t date;      // Unix seconds; 0: no Date field
};

// Whether the field may be sent: a token for a name (RFC 9110 5.6.2), not one of those written here, and no
// control character but HT in the value.
bool usher_response_is_field_valid(const struct usher_field *field);

// Appends the response. INVALID_ARGUMENT for a status or field that may not be sent, LIMIT, OUT_OF_MEMORY;
// then nothing was appended.
enum usher_error usher_response_write(struct usher_buffer *out, const struct usher_response *response);

// The status that answers an error of the request parser, 400 .. 505; 500 for any other error.
int usher_response_status_of(enum usher_error error);

// "Not Found"; "" for a status without a phrase. Never NULL.
const char *usher_response_reason(int status);

#endif
