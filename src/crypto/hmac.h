// SPDX-License-Identifier: MIT
// Keyed hash (RFC 2104).
#ifndef USHER_HMAC_H
#define USHER_HMAC_H

#include "error.h"

#include <stddef.h>

enum { USHER_HMAC_SHA256_BYTES = 32 };

// A key of any length, not NULL. CRYPTO: OpenSSL refuses.
enum usher_error usher_hmac_sha256(const void *key, size_t key_length, const void *bytes, size_t length,
                                   unsigned char out[USHER_HMAC_SHA256_BYTES]);

#endif
