// SPDX-License-Identifier: MIT
#include "field.h"

#include <string.h>
#include <strings.h>

bool usher_text_is_token_character(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

bool usher_text_is_token(struct usher_text text) {
    for (size_t i = 0; i < text.length; i++)
        if (!usher_text_is_token_character(text.bytes[i]))
            return false;
    return text.length > 0;
}

bool usher_text_is_field_value(struct usher_text text) {
    for (size_t i = 0; i < text.length; i++) {
        unsigned char c = (unsigned char)text.bytes[i];
        if ((c < ' ' && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

bool usher_text_is_any_case(struct usher_text text, const char *word) {
    return text.length == strlen(word) && strncasecmp(text.bytes, word, text.length) == 0;
}
