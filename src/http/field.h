// SPDX-License-Identifier: MIT
// Pieces of bytes as requests and responses hold them, and what may stand in them.
#ifndef USHER_FIELD_H
#define USHER_FIELD_H

#include <stdbool.h>
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

// A token, RFC 9110 5.6.2: what a field name and a method are made of.
bool usher_text_is_token_character(char c);
bool usher_text_is_token(struct usher_text text); // not empty

// No control character but HT; bytes above 127 may stand in a value (RFC 9110 5.5).
bool usher_text_is_field_value(struct usher_text text);

// Letters of ASCII in either case.
bool usher_text_is_any_case(struct usher_text text, const char *word);

#endif
