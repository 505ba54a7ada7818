// SPDX-License-Identifier: MIT
#include "buffer.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int number;
static int failures;

static void check(bool condition, const char *name) {
    printf("%sok %d - %s\n", condition ? "" : "not ", ++number, name);
    failures += condition ? 0 : 1;
}

static bool holds(const struct usher_buffer *buffer, const char *text) {
    return buffer->length == strlen(text) &&
           (buffer->length == 0 || memcmp(buffer->bytes, text, buffer->length) == 0);
}

static void test_append_and_consume(void) {
    struct usher_buffer buffer;
    usher_buffer_init(&buffer, 1024);
    check(buffer.bytes == NULL && buffer.capacity == 0, "init allocates nothing");
    check(usher_buffer_append(&buffer, NULL, 0) == USHER_ERROR_NONE && holds(&buffer, ""),
          "nothing can be appended");
    usher_buffer_append(&buffer, "hello ", 6);
    usher_buffer_append(&buffer, "world", 5);
    check(holds(&buffer, "hello world"), "append adds to the end");
    usher_buffer_consume(&buffer, 6);
    check(holds(&buffer, "world"), "consume drops from the front");
    usher_buffer_consume(&buffer, SIZE_MAX);
    check(holds(&buffer, ""), "consume drops at most what is there");
    usher_buffer_consume(&buffer, 1);
    check(holds(&buffer, ""), "an empty buffer can be consumed");
    usher_buffer_append(&buffer, "again", 5);
    size_t capacity = buffer.capacity;
    usher_buffer_clear(&buffer);
    check(holds(&buffer, "") && buffer.capacity == capacity, "clear keeps the memory");
    usher_buffer_deinit(&buffer);
    usher_buffer_deinit(&buffer);
    check(buffer.bytes == NULL && buffer.max_bytes == 1024, "deinit may be repeated and keeps the maximum");
}

static void test_limit(void) {
    struct usher_buffer buffer;
    usher_buffer_init(&buffer, 1000);
    bool all = true;
    for (int i = 0; i < 1000; i++)
        all = all && usher_buffer_append(&buffer, "x", 1) == USHER_ERROR_NONE;
    check(all && buffer.length == 1000, "the maximum can be used to the last byte");
    check(buffer.capacity == 1000, "the capacity does not exceed the maximum");
    check(usher_buffer_append(&buffer, "x", 1) == USHER_ERROR_LIMIT && buffer.length == 1000,
          "one byte more is refused");
    check(usher_buffer_reserve(&buffer, SIZE_MAX) == USHER_ERROR_LIMIT, "a sum beyond SIZE_MAX is refused");
    usher_buffer_consume(&buffer, 400);
    check(usher_buffer_append(&buffer, "0123456789", 10) == USHER_ERROR_NONE && buffer.length == 610,
          "room that was consumed can be used again");
    usher_buffer_deinit(&buffer);
    usher_buffer_init(&buffer, 0);
    check(usher_buffer_append(&buffer, "x", 1) == USHER_ERROR_LIMIT, "a maximum of 0 takes nothing");
    usher_buffer_init(&buffer, SIZE_MAX);
    usher_buffer_append(&buffer, "x", 1);
    check(usher_buffer_reserve(&buffer, SIZE_MAX - 1) == USHER_ERROR_OUT_OF_MEMORY && holds(&buffer, "x"),
          "out of memory leaves the buffer as it was");
    usher_buffer_deinit(&buffer);
}

static void test_reserve_and_take(void) {
    struct usher_buffer buffer;
    size_t length = 7;
    usher_buffer_init(&buffer, 100);
    check(usher_buffer_take(&buffer, &length) == NULL && length == 0, "an empty buffer has nothing to take");
    usher_buffer_reserve(&buffer, 100);
    memset(buffer.bytes, 'y', 100);
    buffer.length = 100;
    char *bytes = usher_buffer_take(&buffer, &length);
    check(bytes != NULL && length == 100 && bytes[99] == 'y', "take hands over what was written in place");
    check(buffer.bytes == NULL && buffer.length == 0 && buffer.max_bytes == 100,
          "and leaves an empty buffer");
    free(bytes);
    usher_buffer_deinit(&buffer);
}

int main(void) {
    test_append_and_consume();
    test_limit();
    test_reserve_and_take();
    printf("1..%d\n", number);
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
