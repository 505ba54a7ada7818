// SPDX-License-Identifier: MIT
#include "request_parser.h"
#include "buffer.h"
#include "request_policy.h"
#include "request_scan.h"

#include <llhttp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// A client may send an empty line before a request (RFC 9112 2.2); more than a few is noise.
enum { MAX_EMPTY_LINES = 4 };

// A part of `text`, which moves while it grows.
struct span {
    size_t start;
    size_t length;
};

struct stored_field {
    struct span name;
    struct span value;
};

struct usher_request_parser {
    llhttp_t llhttp;
    struct usher_request_limits limits;
    enum usher_request_phase phase;
    enum usher_error error;

    struct usher_request_scan scan;
    size_t line_length;    // of the request line
    unsigned empty_lines;  // before it
    bool is_in_empty_line; // its CR was seen

    struct usher_buffer text; // the raw request line, then names and values
    struct usher_buffer body;
    struct stored_field current;
    struct stored_field *stored;
    struct usher_field *fields;  // one more than the limit, for an authority that stands in for Host
    struct usher_text authority; // of a target in absolute form
    bool expects_continue;
    struct usher_request request;
};

const struct usher_request_limits usher_request_default_limits = {8192, 16384, 64, 65536};

// For llhttp's callbacks: -1 makes llhttp_execute fail.
static int refuse(struct usher_request_parser *parser, enum usher_error error) {
    if (parser->phase != USHER_REQUEST_FAILED)
        parser->error = error;
    parser->phase = USHER_REQUEST_FAILED;
    return -1;
}

static struct usher_text text_of(const struct usher_request_parser *parser, struct span span) {
    if (span.length == 0)
        return (struct usher_text){"", 0};
    return (struct usher_text){parser->text.bytes + span.start, span.length};
}

static struct usher_field field_of(const struct usher_request_parser *parser, struct stored_field stored) {
    return (struct usher_field){text_of(parser, stored.name), text_of(parser, stored.value)};
}

static int append_text(struct usher_request_parser *parser, struct span *span, const char *bytes,
                       size_t length) {
    if (parser->scan.region == USHER_REQUEST_REGION_TRAILER)
        return 0;
    if (span->length == 0)
        span->start = parser->text.length;
    enum usher_error error = usher_buffer_append(&parser->text, bytes, length);
    if (error != USHER_ERROR_NONE)
        return refuse(parser, error);
    span->length += length;
    return 0;
}

static int on_name(llhttp_t *llhttp, const char *bytes, size_t length) {
    struct usher_request_parser *parser = llhttp->data;
    return append_text(parser, &parser->current.name, bytes, length);
}

static int on_value(llhttp_t *llhttp, const char *bytes, size_t length) {
    struct usher_request_parser *parser = llhttp->data;
    return append_text(parser, &parser->current.value, bytes, length);
}

// Names in lower case, values without the white space around them: llhttp leaves what follows.
static void normalize(struct usher_request_parser *parser, struct stored_field *stored) {
    char *text = parser->text.bytes;
    for (size_t i = stored->name.start; i < stored->name.start + stored->name.length; i++)
        if (text[i] >= 'A' && text[i] <= 'Z')
            text[i] = (char)(text[i] + ('a' - 'A'));
    struct span *value = &stored->value;
    while (value->length > 0 &&
           (text[value->start + value->length - 1] == ' ' || text[value->start + value->length - 1] == '\t'))
        value->length--;
}

static int on_field_complete(llhttp_t *llhttp) {
    struct usher_request_parser *parser = llhttp->data;
    if (parser->scan.region == USHER_REQUEST_REGION_TRAILER)
        return 0;
    struct usher_field field = field_of(parser, parser->current);
    enum usher_error error = usher_request_policy_check_field(&field);
    if (error == USHER_ERROR_NONE && parser->request.field_count == parser->limits.fields)
        error = USHER_ERROR_HEADERS_TOO_LARGE;
    if (error != USHER_ERROR_NONE)
        return refuse(parser, error);
    normalize(parser, &parser->current);
    parser->stored[parser->request.field_count++] = parser->current;
    parser->current = (struct stored_field){{0, 0}, {0, 0}};
    return 0;
}

static enum usher_error read_line(struct usher_request_parser *parser) {
    struct usher_text line = text_of(parser, (struct span){0, parser->line_length});
    return usher_request_policy_read_line(line, &parser->request, &parser->authority);
}

// The server must go by the authority of an absolute form and ignore Host (RFC 9112 3.2.2).
static void use_authority(struct usher_request_parser *parser) {
    struct usher_request *request = &parser->request;
    const struct usher_field *host = usher_request_policy_find(request, "host");
    size_t index = host != NULL ? (size_t)(host - parser->fields) : request->field_count++;
    parser->fields[index] = (struct usher_field){{"host", 4}, parser->authority};
}

// From here on `text` does not move.
static enum usher_error finish_section(struct usher_request_parser *parser) {
    struct usher_request *request = &parser->request;
    enum usher_error error = read_line(parser);
    if (error != USHER_ERROR_NONE)
        return error;
    for (size_t i = 0; i < request->field_count; i++)
        parser->fields[i] = field_of(parser, parser->stored[i]);
    error = usher_request_policy_check_section(request);
    if (error == USHER_ERROR_NONE && parser->authority.length > 0)
        use_authority(parser);
    return error;
}

static int on_section_complete(llhttp_t *llhttp) {
    struct usher_request_parser *parser = llhttp->data;
    llhttp->upgrade = 0;
    enum usher_error error = finish_section(parser);
    bool has_length = (llhttp->flags & F_CONTENT_LENGTH) != 0;
    if (error == USHER_ERROR_NONE && has_length && llhttp->content_length > parser->limits.body_bytes)
        error = USHER_ERROR_BODY_TOO_LARGE;
    if (error != USHER_ERROR_NONE)
        return refuse(parser, error);
    parser->request.keep_alive =
        llhttp_should_keep_alive(llhttp) != 0 && (llhttp->flags & F_CONNECTION_CLOSE) == 0;
    parser->expects_continue = usher_request_policy_expects_continue(&parser->request);
    parser->phase = USHER_REQUEST_BODY;
    usher_request_scan_enter(&parser->scan, USHER_REQUEST_REGION_BODY);
    return 0;
}

// Refuses a chunk when its size is known. The last one is followed by the trailer section, which has its own
// rules: pausing makes the piece end here.
static int on_chunk_header(llhttp_t *llhttp) {
    struct usher_request_parser *parser = llhttp->data;
    if (llhttp->content_length > parser->limits.body_bytes - parser->body.length)
        return refuse(parser, USHER_ERROR_BODY_TOO_LARGE);
    if (llhttp->content_length > 0)
        return 0;
    usher_request_scan_enter(&parser->scan, USHER_REQUEST_REGION_TRAILER);
    return HPE_PAUSED;
}

static int on_body(llhttp_t *llhttp, const char *bytes, size_t length) {
    struct usher_request_parser *parser = llhttp->data;
    enum usher_error error = usher_buffer_append(&parser->body, bytes, length);
    if (error == USHER_ERROR_NONE)
        return 0;
    return refuse(parser, error == USHER_ERROR_LIMIT ? USHER_ERROR_BODY_TOO_LARGE : error);
}

static int on_message_complete(llhttp_t *llhttp) {
    struct usher_request_parser *parser = llhttp->data;
    parser->request.body = (struct usher_text){parser->body.bytes, parser->body.length};
    parser->phase = USHER_REQUEST_COMPLETE;
    return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
    .on_header_field = on_name,
    .on_header_value = on_value,
    .on_header_value_complete = on_field_complete,
    .on_headers_complete = on_section_complete,
    .on_chunk_header = on_chunk_header,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};

// llhttp's verdict as ours. `at` is the byte it stopped at.
static enum usher_error error_of(const struct usher_request_parser *parser, llhttp_errno_t result, char at) {
    uint8_t major = parser->llhttp.http_major, minor = parser->llhttp.http_minor;
    switch (result) {
    case HPE_INVALID_METHOD:
        return usher_text_is_token_character(at) ? USHER_ERROR_NOT_IMPLEMENTED : USHER_ERROR_BAD_REQUEST;
    case HPE_INVALID_VERSION:
        return major == 1 && minor <= 1 ? USHER_ERROR_BAD_REQUEST : USHER_ERROR_BAD_VERSION;
    case HPE_PAUSED_H2_UPGRADE:
        return USHER_ERROR_BAD_VERSION;
    default:
        return USHER_ERROR_BAD_REQUEST;
    }
}

// Gives a piece to llhttp; returns how much of it was taken, less than all where a callback paused.
static size_t execute(struct usher_request_parser *parser, const char *bytes, size_t length) {
    if (length == 0)
        return 0;
    llhttp_errno_t result = llhttp_execute(&parser->llhttp, bytes, length);
    if (result == HPE_OK)
        return length;
    const char *at = llhttp_get_error_pos(&parser->llhttp);
    bool is_inside = at != NULL && at >= bytes && at < bytes + length;
    size_t taken = is_inside ? (size_t)(at - bytes) : length;
    if (result == HPE_PAUSED)
        llhttp_resume(&parser->llhttp);
    else
        refuse(parser, error_of(parser, result, is_inside ? *at : '\0'));
    return taken;
}

static size_t take_line(struct usher_request_parser *parser, const char *bytes, size_t length) {
    enum usher_error error = usher_buffer_append(&parser->text, bytes, length);
    if (error != USHER_ERROR_NONE) {
        refuse(parser, error);
        return 0;
    }
    parser->line_length += length;
    size_t taken = execute(parser, bytes, length);
    if (parser->phase == USHER_REQUEST_FAILED || length == 0 || bytes[length - 1] != '\n')
        return taken;
    error = read_line(parser);
    if (error != USHER_ERROR_NONE)
        refuse(parser, error);
    else
        usher_request_scan_enter(&parser->scan, USHER_REQUEST_REGION_FIELDS);
    return taken;
}

// One piece; returns how many bytes were taken. A refusal by the scan stands only if llhttp, and with it the
// request, goes on where the piece ends.
static size_t take_piece(struct usher_request_parser *parser, const char *bytes, size_t length) {
    enum usher_request_region region = parser->scan.region;
    struct usher_request_piece piece = usher_request_scan_next(&parser->scan, &parser->limits, bytes, length);
    size_t taken = region == USHER_REQUEST_REGION_LINE ? take_line(parser, bytes, piece.length)
                                                       : execute(parser, bytes, piece.length);
    bool goes_on = parser->phase == USHER_REQUEST_HEADERS || parser->phase == USHER_REQUEST_BODY;
    if (goes_on && parser->scan.region == region && piece.refusal != USHER_ERROR_NONE)
        refuse(parser, piece.refusal);
    return taken;
}

// Takes the byte if it belongs to an empty line before the request.
static bool take_empty_line(struct usher_request_parser *parser, char byte) {
    char expected = parser->is_in_empty_line ? '\n' : '\r';
    if (byte == expected && parser->empty_lines < MAX_EMPTY_LINES) {
        parser->is_in_empty_line = byte == '\r';
        parser->empty_lines += byte == '\n';
        return true;
    }
    if (parser->is_in_empty_line || byte == '\r' || byte == '\n')
        refuse(parser, USHER_ERROR_BAD_REQUEST);
    else
        parser->phase = USHER_REQUEST_HEADERS;
    return false;
}

enum usher_request_phase usher_request_parser_feed(struct usher_request_parser *parser, const char *bytes,
                                                   size_t length, size_t *out_consumed) {
    size_t taken = 0;
    while (taken < length && parser->phase != USHER_REQUEST_COMPLETE &&
           parser->phase != USHER_REQUEST_FAILED) {
        if (parser->phase == USHER_REQUEST_IDLE)
            taken += take_empty_line(parser, bytes[taken]);
        else
            taken += take_piece(parser, bytes + taken, length - taken);
    }
    *out_consumed = taken;
    return parser->phase;
}

enum usher_request_phase usher_request_parser_phase(const struct usher_request_parser *parser) {
    return parser->phase;
}

enum usher_error usher_request_parser_error(const struct usher_request_parser *parser) {
    return parser->error;
}

bool usher_request_parser_take_expect(struct usher_request_parser *parser) {
    bool is_waiting =
        parser->expects_continue && parser->phase == USHER_REQUEST_BODY && parser->scan.region_bytes == 0;
    parser->expects_continue = parser->expects_continue && !is_waiting;
    return is_waiting;
}

const struct usher_request *usher_request_parser_request(const struct usher_request_parser *parser) {
    return parser->phase == USHER_REQUEST_COMPLETE ? &parser->request : NULL;
}

static void start(struct usher_request_parser *parser) {
    llhttp_init(&parser->llhttp, HTTP_REQUEST, &settings);
    parser->llhttp.data = parser;
    parser->phase = USHER_REQUEST_IDLE;
    parser->scan = (struct usher_request_scan){.region = USHER_REQUEST_REGION_LINE};
    parser->line_length = 0;
    parser->empty_lines = 0;
    parser->is_in_empty_line = false;
    parser->current = (struct stored_field){{0, 0}, {0, 0}};
    parser->expects_continue = false;
    parser->request = (struct usher_request){.fields = parser->fields};
}

void usher_request_parser_reset(struct usher_request_parser *parser) {
    if (parser->phase == USHER_REQUEST_FAILED)
        return;
    usher_buffer_clear(&parser->text);
    // An idle connection keeps no memory of a large body.
    usher_buffer_deinit(&parser->body);
    start(parser);
}

struct usher_request_parser *usher_request_parser_new(const struct usher_request_limits *limits) {
    struct usher_request_parser *parser = calloc(1, sizeof *parser);
    if (parser == NULL)
        return NULL;
    parser->limits = *limits;
    usher_buffer_init(&parser->text, limits->line_bytes + limits->headers_bytes);
    usher_buffer_init(&parser->body, limits->body_bytes);
    parser->stored = calloc(limits->fields + 1, sizeof *parser->stored);
    parser->fields = calloc(limits->fields + 1, sizeof *parser->fields);
    if (parser->stored == NULL || parser->fields == NULL) {
        usher_request_parser_free(parser);
        return NULL;
    }
    start(parser);
    return parser;
}

void usher_request_parser_free(struct usher_request_parser *parser) {
    if (parser == NULL)
        return;
    usher_buffer_deinit(&parser->text);
    usher_buffer_deinit(&parser->body);
    free(parser->stored);
    free(parser->fields);
    free(parser);
}
