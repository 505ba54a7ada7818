// SPDX-License-Identifier: MIT
#include "aead.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <string.h>

enum direction { OPEN = 0, SEAL = 1 }; // as EVP_CipherInit_ex counts them

static enum usher_error check(const struct usher_aead *aead, size_t length) {
    if (aead->key_length != USHER_AEAD_KEY_BYTES)
        return USHER_ERROR_BAD_KEY;
    if (aead->nonce_length != USHER_AEAD_NONCE_BYTES)
        return USHER_ERROR_INVALID_ARGUMENT;
    if (aead->associated_length > INT_MAX || length > INT_MAX)
        return USHER_ERROR_LIMIT;
    return USHER_ERROR_NONE;
}

// `out` NULL: the bytes are associated data. Lengths have been checked.
static bool update(EVP_CIPHER_CTX *cipher, const char *bytes, size_t length, char *out) {
    int written = 0;
    if (length == 0)
        return true;
    return EVP_CipherUpdate(cipher, (unsigned char *)out, &written, (const unsigned char *)bytes,
                            (int)length) == 1 &&
           (size_t)written == length;
}

static bool start(EVP_CIPHER_CTX *cipher, const struct usher_aead *aead, enum direction direction) {
    return EVP_CipherInit_ex(cipher, EVP_aes_256_gcm(), NULL, (const unsigned char *)aead->key,
                             (const unsigned char *)aead->nonce, (int)direction) == 1 &&
           update(cipher, aead->associated, aead->associated_length, NULL);
}

// GCM has nothing left to write at the end; OpenSSL wants a place for it all the same.
static bool finish(EVP_CIPHER_CTX *cipher) {
    unsigned char rest[EVP_MAX_BLOCK_LENGTH];
    int written = 0;
    return EVP_CipherFinal_ex(cipher, rest, &written) == 1 && written == 0;
}

enum usher_error usher_aead_seal(const struct usher_aead *aead, const char *plaintext, size_t length,
                                 char *out) {
    enum usher_error error = check(aead, length);
    if (error != USHER_ERROR_NONE)
        return error;
    ERR_set_mark();
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    bool sealed = cipher != NULL && start(cipher, aead, SEAL) && update(cipher, plaintext, length, out) &&
                  finish(cipher) &&
                  EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, USHER_AEAD_TAG_BYTES, out + length) == 1;
    EVP_CIPHER_CTX_free(cipher);
    ERR_pop_to_mark();
    return sealed ? USHER_ERROR_NONE : USHER_ERROR_CRYPTO;
}

static enum usher_error decrypt(EVP_CIPHER_CTX *cipher, const struct usher_aead *aead, const char *sealed,
                                size_t length, char *out) {
    char tag[USHER_AEAD_TAG_BYTES];
    memcpy(tag, sealed + length, sizeof tag);
    if (!start(cipher, aead, OPEN) || !update(cipher, sealed, length, out) ||
        EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, sizeof tag, tag) != 1)
        return USHER_ERROR_CRYPTO;
    return finish(cipher) ? USHER_ERROR_NONE : USHER_ERROR_BAD_SEAL;
}

enum usher_error usher_aead_open(const struct usher_aead *aead, const char *sealed, size_t length,
                                 char *out) {
    enum usher_error error = check(aead, length);
    if (error != USHER_ERROR_NONE)
        return error;
    if (length < USHER_AEAD_TAG_BYTES)
        return USHER_ERROR_BAD_SEAL;
    length -= USHER_AEAD_TAG_BYTES;
    ERR_set_mark();
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    error = cipher != NULL ? decrypt(cipher, aead, sealed, length, out) : USHER_ERROR_CRYPTO;
    EVP_CIPHER_CTX_free(cipher);
    ERR_pop_to_mark();
    if (error != USHER_ERROR_NONE)
        OPENSSL_cleanse(out, length);
    return error;
}
