// SPDX-License-Identifier: MIT
// The parser against an unreadable page: reading one byte past what it was given ends the program.
#include "request_parser.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct sample {
    const char *name;
    const char *bytes;
    enum usher_request_phase phase;
    enum usher_error error;
};

#define HEAD "POST /p?q HTTP/1.1\r\nHost: a\r\n"

static const struct sample samples[] = {
    {"a request", "GET / HTTP/1.1\r\nHost: a\r\nX-Empty:\r\nX: \t b \t\r\n\r\n", USHER_REQUEST_COMPLETE,
     USHER_ERROR_NONE},
    {"a body by length", HEAD "Content-Length: 5\r\n\r\nhello", USHER_REQUEST_COMPLETE, USHER_ERROR_NONE},
    {"chunks and a trailer",
     HEAD "Transfer-Encoding: chunked\r\n\r\n2;x=\"y\"\r\nhe\r\n3\r\nllo\r\n0\r\nT: u\r\n\r\n",
     USHER_REQUEST_COMPLETE, USHER_ERROR_NONE},
    {"an absolute target", "GET http://b/ HTTP/1.0\r\n\r\n", USHER_REQUEST_COMPLETE, USHER_ERROR_NONE},
    {"empty lines first", "\r\n\r\nGET / HTTP/1.0\r\n\r\n", USHER_REQUEST_COMPLETE, USHER_ERROR_NONE},
    {"half a request", "GET / HTTP/1.1\r\nHost: a\r\n\r", USHER_REQUEST_HEADERS, USHER_ERROR_NONE},
    {"half a body", HEAD "Content-Length: 5\r\n\r\nhell", USHER_REQUEST_BODY, USHER_ERROR_NONE},
    {"half a trailer", HEAD "Transfer-Encoding: chunked\r\n\r\n0\r\nT", USHER_REQUEST_BODY, USHER_ERROR_NONE},
    {"an empty line", "\r\n", USHER_REQUEST_IDLE, USHER_ERROR_NONE},
    {"a folded line", "GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", USHER_REQUEST_FAILED,
     USHER_ERROR_BAD_REQUEST},
    {"an unknown method", "BREW / HTTP/1.1\r\n", USHER_REQUEST_FAILED, USHER_ERROR_NOT_IMPLEMENTED},
    {"another version", "GET / HTTP/7.3\r\n", USHER_REQUEST_FAILED, USHER_ERROR_BAD_VERSION},
    {"a bad chunk", HEAD "Transfer-Encoding: chunked\r\n\r\n2\r\nhelp\r\n", USHER_REQUEST_FAILED,
     USHER_ERROR_BAD_REQUEST},
};
enum { SAMPLES = sizeof samples / sizeof samples[0] };

static int number;
static int failures;
static char *guard; // the first unreadable byte

static void check(bool condition, const char *what, const char *name) {
    printf("%sok %d - %s: %s\n", condition ? "" : "not ", ++number, name, what);
    failures += condition ? 0 : 1;
}

static bool set_guard(void) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED || mprotect(pages + page, page, PROT_NONE) != 0)
        return false;
    guard = pages + page;
    return true;
}

static enum usher_request_phase feed(struct usher_request_parser *parser, const char *bytes, size_t length) {
    size_t consumed;
    memcpy(guard - length, bytes, length);
    return usher_request_parser_feed(parser, guard - length, length, &consumed);
}

static bool ends_as(const struct usher_request_parser *parser, const struct sample *sample) {
    return usher_request_parser_phase(parser) == sample->phase &&
           usher_request_parser_error(parser) == sample->error;
}

// Pieces of `step` bytes after a first one of `first`.
static bool verdict_holds(const struct sample *sample, size_t first, size_t step) {
    struct usher_request_parser *parser = usher_request_parser_new(&usher_request_default_limits);
    size_t length = strlen(sample->bytes);
    for (size_t at = 0; parser != NULL && at < length;) {
        size_t piece = at == 0 ? first : step;
        piece = piece < length - at ? piece : length - at;
        feed(parser, sample->bytes + at, piece);
        at += piece;
    }
    bool holds = parser != NULL && ends_as(parser, sample);
    usher_request_parser_free(parser);
    return holds;
}

static void test_splits(void) {
    for (size_t i = 0; i < SAMPLES; i++) {
        const struct sample *sample = &samples[i];
        size_t length = strlen(sample->bytes);
        check(verdict_holds(sample, length, 1), "whole", sample->name);
        check(verdict_holds(sample, 1, 1), "byte by byte", sample->name);
        bool all = true;
        for (size_t cut = 1; cut < length; cut++)
            all = all && verdict_holds(sample, cut, length);
        check(all, "cut anywhere", sample->name);
    }
}

static void test_expect(void) {
    static const char head[] = HEAD "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n";
    const char *name = "Expect: 100-continue";
    struct usher_request_parser *parser = usher_request_parser_new(&usher_request_default_limits);
    feed(parser, head, sizeof head - 2);
    check(!usher_request_parser_take_expect(parser), "not before the headers are complete", name);
    feed(parser, "\n", 1);
    check(usher_request_parser_take_expect(parser), "once they are", name);
    check(!usher_request_parser_take_expect(parser), "only once", name);
    check(feed(parser, "hello", 5) == USHER_REQUEST_COMPLETE, "the body follows", name);
    usher_request_parser_reset(parser);
    feed(parser, head, sizeof head - 1);
    feed(parser, "h", 1);
    check(!usher_request_parser_take_expect(parser), "not when the body has begun", name);
    usher_request_parser_free(parser);
}

static void test_pipeline(void) {
    static const char bytes[] = HEAD "Content-Length: 2\r\n\r\nhiGET /b HTTP/1.1\r\nHost: a\r\n\r\nG";
    const char *name = "requests that follow each other";
    struct usher_request_parser *parser = usher_request_parser_new(&usher_request_default_limits);
    size_t length = sizeof bytes - 1, taken, more;
    usher_request_parser_feed(parser, bytes, length, &taken);
    check(usher_request_parser_phase(parser) == USHER_REQUEST_COMPLETE && bytes[taken] == 'G',
          "the first ends where the second begins", name);
    usher_request_parser_feed(parser, bytes + taken, length - taken, &more);
    check(more == 0, "nothing is taken before reset", name);
    usher_request_parser_reset(parser);
    check(usher_request_parser_phase(parser) == USHER_REQUEST_IDLE &&
              usher_request_parser_request(parser) == NULL,
          "reset is idle", name);
    usher_request_parser_feed(parser, bytes + taken, length - taken, &more);
    const struct usher_request *request = usher_request_parser_request(parser);
    check(request != NULL && request->path.length == 2 && request->body.length == 0 &&
              taken + more == length - 1,
          "the second is a request of its own", name);
    usher_request_parser_free(parser);
}

int main(void) {
    if (!set_guard()) {
        printf("Bail out! no guard page\n");
        return 1;
    }
    test_splits();
    test_expect();
    test_pipeline();
    printf("1..%d\n", number);
    return failures == 0 ? 0 : 1;
}
