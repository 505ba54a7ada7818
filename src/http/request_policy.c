// SPDX-License-Identifier: MIT
#include "request_policy.h"
#include "request_parser.h"

#include <string.h>
#include <strings.h>

static bool text_is(struct usher_text text, const char *word) {
    return text.length == strlen(word) && memcmp(text.bytes, word, text.length) == 0;
}

static struct usher_text text_between(const char *start, const char *end) {
    return (struct usher_text){start, (size_t)(end - start)};
}

// The position of the first of the characters in the text, or its end.
static const char *text_find(struct usher_text text, const char *characters) {
    size_t at = 0;
    while (at < text.length && (text.bytes[at] == '\0' || strchr(characters, text.bytes[at]) == NULL))
        at++;
    return text.bytes + at;
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// HTTP/1.0 and 1.1. Another version that is well formed gets its own answer; ICE and RTSP, which llhttp takes
// too, are no version at all.
static enum usher_error read_version(struct usher_text version, struct usher_request *request) {
    if (text_is(version, "HTTP/1.1") || text_is(version, "HTTP/1.0")) {
        request->minor_version = version.bytes[7] - '0';
        return USHER_ERROR_NONE;
    }
    bool is_well_formed = version.length == 8 && memcmp(version.bytes, "HTTP/", 5) == 0 &&
                          is_digit(version.bytes[5]) && version.bytes[6] == '.' && is_digit(version.bytes[7]);
    return is_well_formed ? USHER_ERROR_BAD_VERSION : USHER_ERROR_BAD_REQUEST;
}

// The characters of uri-host and port, RFC 3986 3.2.2 and 3.2.3. No `@`: user information is refused.
static bool is_authority(struct usher_text text) {
    for (size_t i = 0; i < text.length; i++) {
        char c = text.bytes[i];
        bool is_alphanumeric = is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_alphanumeric && (c == '\0' || strchr("-._~!$&'()*+,;=%:[]", c) == NULL))
            return false;
    }
    return true;
}

static bool is_visible_ascii(struct usher_text text) {
    for (size_t i = 0; i < text.length; i++)
        if (text.bytes[i] <= ' ' || text.bytes[i] >= 0x7f)
            return false;
    return true;
}

static void split_query(struct usher_text target, struct usher_request *request) {
    const char *end = target.bytes + target.length;
    const char *mark = text_find(target, "?");
    request->path = text_between(target.bytes, mark);
    request->query = text_between(mark < end ? mark + 1 : end, end);
}

static enum usher_error read_absolute_form(struct usher_text target, struct usher_request *request,
                                           struct usher_text *out_authority) {
    size_t scheme_length = 0;
    if (target.length > 7 && strncasecmp(target.bytes, "http://", 7) == 0)
        scheme_length = 7;
    else if (target.length > 8 && strncasecmp(target.bytes, "https://", 8) == 0)
        scheme_length = 8;
    else
        return USHER_ERROR_BAD_REQUEST;
    struct usher_text rest = {target.bytes + scheme_length, target.length - scheme_length};
    struct usher_text authority = text_between(rest.bytes, text_find(rest, "/?"));
    if (authority.length == 0 || !is_authority(authority))
        return USHER_ERROR_BAD_REQUEST;
    *out_authority = authority;
    split_query(text_between(authority.bytes + authority.length, target.bytes + target.length), request);
    if (request->path.length == 0)
        request->path = (struct usher_text){"/", 1};
    return USHER_ERROR_NONE;
}

static enum usher_error read_target(struct usher_text target, struct usher_request *request,
                                    struct usher_text *out_authority) {
    if (target.length == 0 || !is_visible_ascii(target) || memchr(target.bytes, '#', target.length) != NULL)
        return USHER_ERROR_BAD_REQUEST;
    if (target.bytes[0] != '/' && !text_is(target, "*"))
        return read_absolute_form(target, request, out_authority);
    if (target.bytes[0] == '*' && !text_is(request->method, "OPTIONS"))
        return USHER_ERROR_BAD_REQUEST;
    split_query(target, request);
    return USHER_ERROR_NONE;
}

enum usher_error usher_request_policy_read_line(struct usher_text line, struct usher_request *request,
                                                struct usher_text *out_authority) {
    *out_authority = (struct usher_text){"", 0};
    if (line.length < 2 || line.bytes[line.length - 2] != '\r')
        return USHER_ERROR_BAD_REQUEST;
    const char *end = line.bytes + line.length - 2;
    const char *first = memchr(line.bytes, ' ', line.length);
    const char *last = memrchr(line.bytes, ' ', line.length);
    if (first == NULL || first == last)
        return USHER_ERROR_BAD_REQUEST;
    request->method = text_between(line.bytes, first);
    enum usher_error error = read_version(text_between(last + 1, end), request);
    if (error != USHER_ERROR_NONE)
        return error;
    if (text_is(request->method, "CONNECT"))
        return USHER_ERROR_NOT_IMPLEMENTED;
    return read_target(text_between(first + 1, last), request, out_authority);
}

enum usher_error usher_request_policy_check_field(const struct usher_field *field) {
    bool is_acceptable = field->name.length > 0 && usher_text_is_field_value(field->value);
    return is_acceptable ? USHER_ERROR_NONE : USHER_ERROR_BAD_REQUEST;
}

const struct usher_field *usher_request_policy_find(const struct usher_request *request, const char *name) {
    for (size_t i = 0; i < request->field_count; i++)
        if (text_is(request->fields[i].name, name))
            return &request->fields[i];
    return NULL;
}

static size_t count_fields(const struct usher_request *request, const char *name) {
    size_t count = 0;
    for (size_t i = 0; i < request->field_count; i++)
        count += text_is(request->fields[i].name, name);
    return count;
}

// `chunked` alone is decoded; a body in any other coding would reach the handler encoded.
static enum usher_error check_transfer_encoding(const struct usher_request *request) {
    size_t count = count_fields(request, "transfer-encoding");
    if (count == 0)
        return USHER_ERROR_NONE;
    if (request->minor_version == 0 || usher_request_policy_find(request, "content-length") != NULL)
        return USHER_ERROR_BAD_REQUEST;
    const struct usher_field *field = usher_request_policy_find(request, "transfer-encoding");
    return count == 1 && usher_text_is_any_case(field->value, "chunked") ? USHER_ERROR_NONE
                                                                         : USHER_ERROR_NOT_IMPLEMENTED;
}

enum usher_error usher_request_policy_check_section(const struct usher_request *request) {
    size_t hosts = count_fields(request, "host");
    if (hosts > 1 || (hosts == 0 && request->minor_version == 1))
        return USHER_ERROR_BAD_REQUEST;
    if (hosts == 1 && !is_authority(usher_request_policy_find(request, "host")->value))
        return USHER_ERROR_BAD_REQUEST;
    if (count_fields(request, "content-length") > 1)
        return USHER_ERROR_BAD_REQUEST;
    return check_transfer_encoding(request);
}

bool usher_request_policy_expects_continue(const struct usher_request *request) {
    const struct usher_field *expect = usher_request_policy_find(request, "expect");
    return request->minor_version == 1 && expect != NULL &&
           usher_text_is_any_case(expect->value, "100-continue");
}
