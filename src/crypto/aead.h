// SPDX-License-Identifier: MIT
// AES-256-GCM (NIST SP 800-38D) with one size of key, nonce and tag.
#ifndef USHER_AEAD_H
#define USHER_AEAD_H

#include "error.h"

#include <stddef.h>

enum { USHER_AEAD_KEY_BYTES = 32, USHER_AEAD_NONCE_BYTES = 12, USHER_AEAD_TAG_BYTES = 16 };

// What sealing and opening have in common. The pointers are borrowed for the call.
struct usher_aead {
    const char *key; // USHER_AEAD_KEY_BYTES, else BAD_KEY
    size_t key_length;
    const char *nonce; // USHER_AEAD_NONCE_BYTES, else INVALID_ARGUMENT; never twice under one key
    size_t nonce_length;
    const char *associated; // authenticated, not encrypted
    size_t associated_length;
};

// Writes the ciphertext and the tag, length + USHER_AEAD_TAG_BYTES in all, to `out`. LIMIT: an input over
// INT_MAX bytes; CRYPTO: OpenSSL refuses. `out` means nothing then.
enum usher_error usher_aead_seal(const struct usher_aead *aead, const char *plaintext, size_t length,
                                 char *out);

// Writes the plaintext, length - USHER_AEAD_TAG_BYTES, to `out`, which has room for `length` bytes. BAD_SEAL:
// the tag is missing or does not verify; as on every other failure `out` then holds no plaintext.
enum usher_error usher_aead_open(const struct usher_aead *aead, const char *sealed, size_t length, char *out);

#endif
