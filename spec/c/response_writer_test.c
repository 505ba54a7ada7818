// SPDX-License-Identifier: MIT
// What Lua cannot ask of the response writer: HEAD, HTTP/1.0, the date, a full buffer.
#include "buffer.h"
#include "response_writer.h"

#include <stdio.h>
#include <string.h>

static int number;
static int failures;

static void check(bool condition, const char *name) {
    printf("%sok %d - %s\n", condition ? "" : "not ", ++number, name);
    failures += condition ? 0 : 1;
}

static bool writes(const struct usher_response *response, const char *expected) {
    struct usher_buffer out;
    usher_buffer_init(&out, 4096);
    bool holds = usher_response_write(&out, response) == USHER_ERROR_NONE && out.length == strlen(expected) &&
                 memcmp(out.bytes, expected, out.length) == 0;
    usher_buffer_deinit(&out);
    return holds;
}

static void test_frame(void) {
    struct usher_response response = {
        .status = 200, .body = {"hello", 5}, .keep_alive = true, .minor_version = 1};
    response.is_head = true;
    check(writes(&response, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"), "HEAD has the length, no body");
    response.is_head = false;
    response.minor_version = 0;
    check(writes(&response, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\nhello"),
          "1.0 is told that the connection stays");
    response.minor_version = 1;
    response.date = 784111777;
    check(writes(&response, "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                            "Content-Length: 5\r\n\r\nhello"),
          "the date of RFC 9110 5.6.7");
    response.status = 299;
    response.date = 0;
    check(writes(&response, "HTTP/1.1 299 \r\nContent-Length: 5\r\n\r\nhello"), "a status without a phrase");
}

static void test_failure(void) {
    struct usher_field field = {{"X", 1}, {"a\nb", 3}};
    struct usher_response response = {.status = 200, .fields = &field, .field_count = 1};
    struct usher_buffer out;
    usher_buffer_init(&out, 16);
    check(usher_response_write(&out, &response) == USHER_ERROR_INVALID_ARGUMENT && out.length == 0,
          "a bad field appends nothing");
    response.field_count = 0;
    check(usher_response_write(&out, &response) == USHER_ERROR_LIMIT && out.length == 0,
          "what does not fit appends nothing");
    response.status = 100;
    check(usher_response_write(&out, &response) == USHER_ERROR_INVALID_ARGUMENT, "1xx is no response");
    usher_buffer_deinit(&out);
}

int main(void) {
    test_frame();
    test_failure();
    printf("1..%d\n", number);
    return failures == 0 ? 0 : 1;
}
