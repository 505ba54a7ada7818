// SPDX-License-Identifier: MIT
#include "cbc.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdbool.h>

enum direction { DECRYPT = 0, ENCRYPT = 1 }; // as EVP_CipherInit_ex counts them

static enum usher_error check(const struct usher_cbc *cbc, size_t length) {
    if (cbc->key_length != USHER_CBC_KEY_BYTES)
        return USHER_ERROR_BAD_KEY;
    if (cbc->iv_length != USHER_CBC_BLOCK_BYTES || length % USHER_CBC_BLOCK_BYTES != 0)
        return USHER_ERROR_INVALID_ARGUMENT;
    return length > INT_MAX ? USHER_ERROR_LIMIT : USHER_ERROR_NONE;
}

// Lengths have been checked.
static bool transform(EVP_CIPHER_CTX *cipher, const struct usher_cbc *cbc, enum direction direction,
                      const char *bytes, size_t length, char *out) {
    int written = 0;
    int rest = 0;
    unsigned char *target = (unsigned char *)out;
    return EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), NULL, (const unsigned char *)cbc->key,
                             (const unsigned char *)cbc->iv, (int)direction) == 1 &&
           EVP_CIPHER_CTX_set_padding(cipher, 0) == 1 &&
           EVP_CipherUpdate(cipher, target, &written, (const unsigned char *)bytes, (int)length) == 1 &&
           EVP_CipherFinal_ex(cipher, target + written, &rest) == 1 && (size_t)written == length && rest == 0;
}

static enum usher_error run(const struct usher_cbc *cbc, enum direction direction, const char *bytes,
                            size_t length, char *out) {
    enum usher_error error = check(cbc, length);
    if (error != USHER_ERROR_NONE || length == 0)
        return error;
    ERR_set_mark();
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    bool done = cipher != NULL && transform(cipher, cbc, direction, bytes, length, out);
    EVP_CIPHER_CTX_free(cipher);
    ERR_pop_to_mark();
    return done ? USHER_ERROR_NONE : USHER_ERROR_CRYPTO;
}

enum usher_error usher_cbc_encrypt(const struct usher_cbc *cbc, const char *plaintext, size_t length,
                                   char *out) {
    return run(cbc, ENCRYPT, plaintext, length, out);
}

enum usher_error usher_cbc_decrypt(const struct usher_cbc *cbc, const char *ciphertext, size_t length,
                                   char *out) {
    return run(cbc, DECRYPT, ciphertext, length, out);
}
