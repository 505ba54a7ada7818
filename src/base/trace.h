// SPDX-License-Identifier: MIT
// Lines on standard error for whoever debugs usher itself, switched by area. Never a secret, never a body.
#ifndef USHER_TRACE_H
#define USHER_TRACE_H

#include <stdbool.h>

// X(enumerator, name in a selection)
#define USHER_TRACE_LIST(X)                                                                                  \
    X(NET, "net")                                                                                            \
    X(HTTP, "http")                                                                                          \
    X(STORE, "store")

enum usher_trace_area {
#define USHER_TRACE_ENUMERATOR(enumerator, name) USHER_TRACE_##enumerator,
    USHER_TRACE_LIST(USHER_TRACE_ENUMERATOR)
#undef USHER_TRACE_ENUMERATOR
        USHER_TRACE_COUNT
};

// A zeroed struct has every area off. Not changed once threads look at it.
struct usher_trace {
    unsigned areas; // bit 1 << area
};

// Switches areas on, or off after a minus, from left to right: "net,store", "all,-http". Unknown names have
// no effect; NULL is an empty selection.
void usher_trace_select(struct usher_trace *trace, const char *selection);

static inline bool usher_trace_is_on(const struct usher_trace *trace, enum usher_trace_area area) {
    return (trace->areas >> area & 1) != 0;
}

// Writes one line, cut at 512 bytes. Called through USHER_TRACE.
void usher_trace_write(enum usher_trace_area area, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

// The arguments are evaluated only where the area is on.
#define USHER_TRACE(trace, area, ...)                                                                        \
    do {                                                                                                     \
        if (usher_trace_is_on((trace), (area)))                                                              \
            usher_trace_write((area), __VA_ARGS__);                                                          \
    } while (0)

#endif
