// SPDX-License-Identifier: MIT
// AES-256-CBC (NIST SP 800-38A) without padding: whole blocks in, whole blocks out. It hides a text and
// protects it against nothing else: whoever uses it verifies a signature first, and sees to the padding.
#ifndef USHER_CBC_H
#define USHER_CBC_H

#include "error.h"

#include <stddef.h>

enum { USHER_CBC_KEY_BYTES = 32, USHER_CBC_BLOCK_BYTES = 16 };

struct usher_cbc {
    const char *key; // 32 bytes
    size_t key_length;
    const char *iv; // one block
    size_t iv_length;
};

// Writes `length` bytes to `out`, which is not the plaintext's memory. BAD_KEY; INVALID_ARGUMENT: an IV of
// another size, or a length that is no multiple of the block; LIMIT: INT_MAX bytes; CRYPTO: OpenSSL refuses.
enum usher_error usher_cbc_encrypt(const struct usher_cbc *cbc, const char *plaintext, size_t length,
                                   char *out);

// The same the other way.
enum usher_error usher_cbc_decrypt(const struct usher_cbc *cbc, const char *ciphertext, size_t length,
                                   char *out);

#endif
