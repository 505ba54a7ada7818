// SPDX-License-Identifier: MIT
// Message digests. MD5 is for protocols that demand it, never for a decision of ours.
#ifndef USHER_DIGEST_H
#define USHER_DIGEST_H

#include "error.h"

#include <stddef.h>

enum { USHER_DIGEST_MD5_BYTES = 16, USHER_DIGEST_SHA1_BYTES = 20, USHER_DIGEST_SHA256_BYTES = 32 };

// RFC 1321. CRYPTO: OpenSSL refuses (no memory, or its policy forbids MD5).
enum usher_error usher_digest_md5(const void *bytes, size_t length,
                                  unsigned char out[USHER_DIGEST_MD5_BYTES]);

// FIPS 180-4. CRYPTO as above.
enum usher_error usher_digest_sha1(const void *bytes, size_t length,
                                   unsigned char out[USHER_DIGEST_SHA1_BYTES]);

// FIPS 180-4. CRYPTO as above.
enum usher_error usher_digest_sha256(const void *bytes, size_t length,
                                     unsigned char out[USHER_DIGEST_SHA256_BYTES]);

#endif
