// SPDX-License-Identifier: MIT
// Signatures with a key pair, as JSON Web Algorithms (RFC 7518) name and write them.
#ifndef USHER_SIGNATURE_H
#define USHER_SIGNATURE_H

#include "error.h"

#include <stdbool.h>
#include <stddef.h>

enum usher_signature_algorithm {
    USHER_SIGNATURE_ES256, // ECDSA on P-256 with SHA-256: r and s, 32 bytes each
    USHER_SIGNATURE_RS256, // RSASSA-PKCS1-v1_5 with SHA-256, a modulus of at least 2048 bits
};

enum { USHER_SIGNATURE_MAX_BYTES = 2048 };

// A key in PEM, borrowed for the call. One that is encrypted is refused, since nobody could be asked for its
// passphrase.
struct usher_signature_key {
    const char *pem;
    size_t length;
};

// Writes the signature. BAD_KEY: not a private key, or of another kind than the algorithm's; LIMIT: a key
// over INT_MAX bytes, or a modulus whose signatures are too long; CRYPTO: OpenSSL refuses.
enum usher_error usher_signature_sign(enum usher_signature_algorithm algorithm,
                                      struct usher_signature_key key, const void *bytes, size_t length,
                                      unsigned char out[USHER_SIGNATURE_MAX_BYTES], size_t *out_length);

// Says whether the signature is one of these bytes by the private half of a public key. Errors as above.
enum usher_error usher_signature_verify(enum usher_signature_algorithm algorithm,
                                        struct usher_signature_key key, const void *bytes, size_t length,
                                        const unsigned char *signature, size_t signature_length,
                                        bool *out_is_valid);

#endif
