// SPDX-License-Identifier: MIT
// Pieces of bytes as requests and responses hold them.
#ifndef USHER_FIELD_H
#define USHER_FIELD_H

#include <stddef.h>

// Bytes that belong to somebody else; not terminated.
struct usher_text {
    const char *bytes;
    size_t length;
};

// One line of a header section.
struct usher_field {
    struct usher_text name;
    struct usher_text value;
};

#endif
