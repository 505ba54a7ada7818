// SPDX-License-Identifier: MIT
// Text and result each end at an unreadable page: one byte too far is a crash. What the codecs do with their
// bytes is spec/core/encoding_spec.lua's.
#include "encoding.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MAX_BYTES = 64 };

static const struct {
    const char *name;
    const struct usher_encoding *encoding;
    const char *cut; // ends inside a group: refused, and not by reading on
} codecs[] = {
    {"hex", &usher_encoding_hex, "0"},
    {"base64", &usher_encoding_base64, "Zg="},
    {"base64url", &usher_encoding_base64url, "Zm9vZ"},
    {"percent", &usher_encoding_percent, "%4"},
};

// The end of a page that is followed by an unreadable one, or NULL.
static char *edge(void) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED || mprotect(pages + page, page, PROT_NONE) != 0)
        return NULL;
    return pages + page;
}

static bool returns(const struct usher_encoding *encoding, size_t length, char *in, char *out) {
    char bytes[MAX_BYTES];
    for (size_t i = 0; i < length; i++)
        bytes[i] = (char)(i * 37 + length);
    memcpy(in - length, bytes, length);
    size_t room = encoding->max_encoded(length);
    size_t text_length = encoding->encode(in - length, length, out - room);
    if (text_length > room)
        return false;
    memmove(in - text_length, out - room, text_length);
    size_t decoded_length = 0;
    return encoding->decode(in - text_length, text_length, out - text_length, &decoded_length) ==
               USHER_ERROR_NONE &&
           decoded_length == length && memcmp(out - text_length, bytes, length) == 0;
}

static bool refuses(const struct usher_encoding *encoding, const char *text, char *in, char *out) {
    size_t length = strlen(text);
    memcpy(in - length, text, length);
    return encoding->decode(in - length, length, out - length, &length) == USHER_ERROR_BAD_ENCODING;
}

int main(void) {
    char *in = edge();
    char *out = edge();
    bool passed = in != NULL && out != NULL;
    size_t count = sizeof codecs / sizeof codecs[0];
    printf("1..%zu\n", count);
    for (size_t i = 0; i < count && passed; i++) {
        for (size_t length = 0; length <= MAX_BYTES; length++)
            passed = passed && returns(codecs[i].encoding, length, in, out);
        passed = passed && refuses(codecs[i].encoding, codecs[i].cut, in, out);
        passed = passed && codecs[i].encoding->max_encoded((size_t)-1) == (size_t)-1;
        printf("%sok %zu - %s stays within its buffers\n", passed ? "" : "not ", i + 1, codecs[i].name);
    }
    return passed ? EXIT_SUCCESS : EXIT_FAILURE;
}
