// SPDX-License-Identifier: MIT
// Bytes as text and back: hex, base64 and base64url (RFC 4648), percent (RFC 3986). Decoders are strict: one
// text for one value, but for the case of hex digits and for what need not be percent-encoded.
#ifndef USHER_ENCODING_H
#define USHER_ENCODING_H

#include "error.h"

#include <stddef.h>

struct usher_encoding {
    // The most that `encode` writes for `length` bytes; SIZE_MAX where no size is large enough.
    size_t (*max_encoded)(size_t length);

    // Writes to `out`, which has room for max_encoded(length); returns how many bytes it wrote.
    size_t (*encode)(const char *bytes, size_t length, char *out);

    // Writes to `out`, which has room for `length` bytes: no text decodes to more than itself. BAD_ENCODING:
    // what `out` holds then means nothing.
    enum usher_error (*decode)(const char *text, size_t length, char *out, size_t *out_length);
};

extern const struct usher_encoding usher_encoding_hex;       // encodes to lower case, decodes either case
extern const struct usher_encoding usher_encoding_base64;    // RFC 4648 section 4: padding required
extern const struct usher_encoding usher_encoding_base64url; // RFC 4648 section 5: padding refused
extern const struct usher_encoding usher_encoding_percent;   // all but RFC 3986's unreserved; `+` stays `+`

#endif
