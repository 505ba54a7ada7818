// SPDX-License-Identifier: MIT
#include "response_writer.h"
#include "buffer.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

// Room for the status line and our own fields.
enum { MAX_OWN_BYTES = 256 };

static bool is_own(struct usher_text name) {
    static const char *const own[] = {"content-length", "connection", "date", "transfer-encoding"};
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        if (usher_text_is_any_case(name, own[i]))
            return true;
    return false;
}

bool usher_response_is_field_valid(const struct usher_field *field) {
    return usher_text_is_token(field->name) && !is_own(field->name) &&
           usher_text_is_field_value(field->value);
}

const char *usher_response_reason(int status) {
    static const struct {
        int status;
        const char *reason;
    } reasons[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {417, "Expectation Failed"},
        {421, "Misdirected Request"},
        {422, "Unprocessable Content"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
    };
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "";
}

int usher_response_status_of(enum usher_error error) {
    switch (error) {
    case USHER_ERROR_BAD_REQUEST:
        return 400;
    case USHER_ERROR_REQUEST_TIMEOUT:
        return 408;
    case USHER_ERROR_BODY_TOO_LARGE:
        return 413;
    case USHER_ERROR_URI_TOO_LONG:
        return 414;
    case USHER_ERROR_HEADERS_TOO_LARGE:
        return 431;
    case USHER_ERROR_NOT_IMPLEMENTED:
        return 501;
    case USHER_ERROR_BAD_VERSION:
        return 505;
    default:
        return 500;
    }
}

// IMF-fixdate (RFC 9110 5.6.7). Not strftime: its names follow the host's locale.
static void format_date(char *out, size_t size, int64_t date) {
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t seconds = (time_t)date;
    struct tm tm;
    if (date <= 0 || gmtime_r(&seconds, &tm) == NULL) {
        *out = '\0';
        return;
    }
    snprintf(out, size, "Date: %s, %02d %s %04d %02d:%02d:%02d GMT\r\n", days[tm.tm_wday], tm.tm_mday,
             months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static const char *connection_line(const struct usher_response *response) {
    if (!response->keep_alive)
        return "Connection: close\r\n";
    return response->minor_version == 0 ? "Connection: keep-alive\r\n" : "";
}

// A response that never has content (RFC 9110 15.3.5, 15.4.5) has no Content-Length either.
static bool has_content(int status) {
    return status != 204 && status != 304;
}

static enum usher_error check(const struct usher_response *response) {
    if (response->status < 200 || response->status > 599)
        return USHER_ERROR_INVALID_ARGUMENT;
    for (size_t i = 0; i < response->field_count; i++)
        if (!usher_response_is_field_valid(&response->fields[i]))
            return USHER_ERROR_INVALID_ARGUMENT;
    return USHER_ERROR_NONE;
}

// The bytes that were reserved; nothing here can fail.
static void add(struct usher_buffer *out, const char *bytes, size_t length) {
    if (length > 0)
        memcpy(out->bytes + out->length, bytes, length);
    out->length += length;
}

static void add_field(struct usher_buffer *out, const struct usher_field *field) {
    add(out, field->name.bytes, field->name.length);
    add(out, ": ", 2);
    add(out, field->value.bytes, field->value.length);
    add(out, "\r\n", 2);
}

static size_t format_own(char *own, const struct usher_response *response) {
    char date[64], length[64] = "";
    format_date(date, sizeof date, response->date);
    if (has_content(response->status))
        snprintf(length, sizeof length, "Content-Length: %zu\r\n", response->body.length);
    int written = snprintf(own, MAX_OWN_BYTES, "HTTP/1.1 %d %s\r\n%s%s%s", response->status,
                           usher_response_reason(response->status), date, length, connection_line(response));
    return (size_t)written;
}

enum usher_error usher_response_write(struct usher_buffer *out, const struct usher_response *response) {
    enum usher_error error = check(response);
    if (error != USHER_ERROR_NONE)
        return error;
    char own[MAX_OWN_BYTES];
    size_t own_length = format_own(own, response);
    bool sends_body = has_content(response->status) && !response->is_head;
    size_t body_length = sends_body ? response->body.length : 0;
    size_t total = own_length + 2 + body_length;
    for (size_t i = 0; i < response->field_count; i++)
        total += response->fields[i].name.length + response->fields[i].value.length + 4;
    error = usher_buffer_reserve(out, total);
    if (error != USHER_ERROR_NONE)
        return error;
    add(out, own, own_length);
    for (size_t i = 0; i < response->field_count; i++)
        add_field(out, &response->fields[i]);
    add(out, "\r\n", 2);
    add(out, response->body.bytes, body_length);
    return USHER_ERROR_NONE;
}
