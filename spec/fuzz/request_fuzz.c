// SPDX-License-Identifier: MIT
// The request parser: no bytes may harm it, and its verdict may not depend on how they came. Every input is
// parsed whole, and again in pieces whose sizes its first byte gives.
#include "buffer.h"
#include "request_parser.h"
#include "response_writer.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_REPORT_BYTES = 1 << 20, MAX_REQUESTS = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// Small enough that a fuzzer reaches each limit.
static const struct usher_request_limits limits = {512, 1024, 8, 256};

static void write_text(struct usher_buffer *report, struct usher_text text) {
    usher_buffer_append(report, text.bytes, text.length);
    usher_buffer_append(report, "\n", 1);
}

static void write_request(struct usher_buffer *report, const struct usher_request *request) {
    char line[64];
    int length = snprintf(line, sizeof line, "1.%d %d %zu\n", request->minor_version, request->keep_alive,
                          request->field_count);
    usher_buffer_append(report, line, (size_t)length);
    write_text(report, request->method);
    write_text(report, request->path);
    write_text(report, request->query);
    write_text(report, request->body);
    for (size_t i = 0; i < request->field_count; i++) {
        write_text(report, request->fields[i].name);
        write_text(report, request->fields[i].value);
    }
}

// What the parser makes of the bytes, in pieces of `piece` bytes (0: whole), each in memory of its own size
// so that reading beyond it is seen.
static void parse(const uint8_t *data, size_t size, size_t piece, struct usher_buffer *report) {
    struct usher_request_parser *parser = usher_request_parser_new(&limits);
    enum usher_request_phase phase = USHER_REQUEST_IDLE;
    for (size_t at = 0; parser != NULL && at < size && phase != USHER_REQUEST_FAILED;) {
        size_t length = piece > 0 && piece < size - at ? piece : size - at;
        size_t consumed = 0;
        char *bytes = malloc(length);
        memcpy(bytes, data + at, length);
        phase = usher_request_parser_feed(parser, bytes, length, &consumed);
        free(bytes);
        at += consumed;
        if (phase == USHER_REQUEST_COMPLETE) {
            write_request(report, usher_request_parser_request(parser));
            usher_request_parser_reset(parser);
        }
    }
    const char *verdict = usher_error_name(usher_request_parser_error(parser));
    write_text(report, (struct usher_text){verdict, strlen(verdict)});
    usher_request_parser_free(parser);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct usher_buffer whole;
    struct usher_buffer pieces;
    if (size < 1)
        return 0;
    usher_buffer_init(&whole, MAX_REPORT_BYTES);
    usher_buffer_init(&pieces, MAX_REPORT_BYTES);
    parse(data + 1, size - 1, 0, &whole);
    parse(data + 1, size - 1, (size_t)data[0] % 16 + 1, &pieces);
    if (whole.length != pieces.length || memcmp(whole.bytes, pieces.bytes, whole.length) != 0) {
        fprintf(stderr, "whole:\n%.*s\nin pieces:\n%.*s\n", (int)whole.length, whole.bytes,
                (int)pieces.length, pieces.bytes);
        abort();
    }
    usher_buffer_deinit(&whole);
    usher_buffer_deinit(&pieces);
    return 0;
}
