// SPDX-License-Identifier: MIT
#include "trace.h"

#include "clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { LINE_BYTES = 512 };

static const char *const names[USHER_TRACE_COUNT] = {
#define USHER_TRACE_NAME(enumerator, name) [USHER_TRACE_##enumerator] = (name),
    USHER_TRACE_LIST(USHER_TRACE_NAME)
#undef USHER_TRACE_NAME
};

static bool is_name(const char *word, size_t length, const char *name) {
    return strlen(name) == length && memcmp(word, name, length) == 0;
}

static unsigned areas_of(const char *word, size_t length) {
    unsigned areas = 0;
    for (unsigned area = 0; area < USHER_TRACE_COUNT; area++) {
        if (is_name(word, length, names[area]) || is_name(word, length, "all"))
            areas |= 1U << area;
    }
    return areas;
}

void usher_trace_select(struct usher_trace *trace, const char *selection) {
    while (selection != NULL && *selection != '\0') {
        size_t length = strcspn(selection, ",");
        bool off = *selection == '-';
        unsigned areas = areas_of(selection + off, length - off);
        trace->areas = off ? trace->areas & ~areas : trace->areas | areas;
        selection += length + (selection[length] == ',');
    }
}

void usher_trace_write(enum usher_trace_area area, const char *format, ...) {
    char text[LINE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    // clang-tidy loses sight of va_start when it checks several files in one process.
    vsnprintf(text, sizeof text, format, arguments); // NOLINT(clang-analyzer-valist.Uninitialized)
    va_end(arguments);
    fprintf(stderr, "usher %.6f %s: %s\n", (double)usher_clock_boot_us() / 1e6, names[area], text);
}
