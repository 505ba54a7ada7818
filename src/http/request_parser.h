// SPDX-License-Identifier: MIT
// Requests out of bytes, as they come: llhttp in strict mode, then our own refusals. Knows no socket.
// The verdict, error code included, does not depend on how the bytes were cut into pieces.
#ifndef USHER_REQUEST_PARSER_H
#define USHER_REQUEST_PARSER_H

#include "error.h"
#include "field.h"

#include <stdbool.h>
#include <stddef.h>

struct usher_request_parser;

// Each at most 1 GiB.
struct usher_request_limits {
    size_t line_bytes;    // request line with its CRLF: uri_too_long
    size_t headers_bytes; // header section with its last CRLF: headers_too_large
    size_t fields;        // headers_too_large
    size_t body_bytes;    // decoded: body_too_large
};

// 8 KiB, 16 KiB, 64, 64 KiB.
extern const struct usher_request_limits usher_request_default_limits;

// A complete request. `path` and `query` (without the `?`) are as sent, not decoded. For a target in absolute
// form (RFC 9112 3.2.2) they are those of the URL, and its authority is the value of the field `host`.
struct usher_request {
    struct usher_text method;
    struct usher_text path;
    struct usher_text query;
    struct usher_text body;
    const struct usher_field *fields; // in the order sent, names in lower case; trailer fields are dropped
    size_t field_count;
    int minor_version; // 0 or 1
    bool keep_alive;   // what the request allows
};

enum usher_request_phase {
    USHER_REQUEST_IDLE,     // no byte of a request yet (empty lines before it do not count)
    USHER_REQUEST_HEADERS,  // in the request line or the header section
    USHER_REQUEST_BODY,     // the header section is complete, the body is not
    USHER_REQUEST_COMPLETE, // usher_request_parser_request gives it; feed takes nothing more before reset
    USHER_REQUEST_FAILED,   // for good: answer usher_request_parser_error and close
};

// NULL when out of memory. `limits` is copied.
struct usher_request_parser *usher_request_parser_new(const struct usher_request_limits *limits);
void usher_request_parser_free(struct usher_request_parser *parser); // NULL is fine

// Takes bytes up to the end of the request; `out_consumed` says how many, and the rest belongs to the next
// request. All bytes are consumed unless the phase returned is COMPLETE or FAILED.
enum usher_request_phase usher_request_parser_feed(struct usher_request_parser *parser, const char *bytes,
                                                   size_t length, size_t *out_consumed);

enum usher_request_phase usher_request_parser_phase(const struct usher_request_parser *parser);

// Why it failed; NONE otherwise.
enum usher_error usher_request_parser_error(const struct usher_request_parser *parser);

// True once per request: in phase BODY, when the client waits for `100 Continue` and has sent no byte of it.
bool usher_request_parser_take_expect(struct usher_request_parser *parser);

// The request in phase COMPLETE, valid until reset or free; NULL in any other phase.
const struct usher_request *usher_request_parser_request(const struct usher_request_parser *parser);

// Ready for the next request on the connection. No effect after FAILED.
void usher_request_parser_reset(struct usher_request_parser *parser);

#endif
