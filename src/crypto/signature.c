// SPDX-License-Identifier: MIT
#include "signature.h"

#include <limits.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

enum { P256_BYTES = 32, RSA_MIN_BITS = 2048, MAX_DER_BYTES = 80, MAX_CURVE_NAME = 32 };

typedef EVP_PKEY *(*key_reader)(BIO *bio, EVP_PKEY **key, pem_password_cb *passphrase, void *context);

// OpenSSL's own would ask on the terminal.
static int no_passphrase(char *buffer, int size, int is_writing, void *context) {
    (void)buffer;
    (void)size;
    (void)is_writing;
    (void)context;
    return -1;
}

static bool fits(const EVP_PKEY *key, enum usher_signature_algorithm algorithm) {
    char curve[MAX_CURVE_NAME];
    size_t length;
    if (algorithm == USHER_SIGNATURE_RS256)
        return EVP_PKEY_is_a(key, "RSA") && EVP_PKEY_get_bits(key) >= RSA_MIN_BITS;
    return EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_group_name(key, curve, sizeof curve, &length) == 1 &&
           strcmp(curve, SN_X9_62_prime256v1) == 0;
}

static enum usher_error read_key(struct usher_signature_key source, key_reader read,
                                 enum usher_signature_algorithm algorithm, EVP_PKEY **out) {
    if (source.length > INT_MAX)
        return USHER_ERROR_LIMIT;
    BIO *bio = BIO_new_mem_buf(source.pem, (int)source.length);
    if (bio == NULL)
        return USHER_ERROR_OUT_OF_MEMORY;
    EVP_PKEY *key = read(bio, NULL, no_passphrase, NULL);
    BIO_free(bio);
    if (key == NULL)
        return USHER_ERROR_BAD_KEY;
    if (!fits(key, algorithm)) {
        EVP_PKEY_free(key);
        return USHER_ERROR_BAD_KEY;
    }
    *out = key;
    return USHER_ERROR_NONE;
}

// OpenSSL writes ECDSA signatures as DER, JSON Web Algorithms as two numbers of fixed length.
static bool raw_of_der(const unsigned char *der, size_t length, unsigned char *out) {
    ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &der, (long)length);
    bool written = signature != NULL &&
                   BN_bn2binpad(ECDSA_SIG_get0_r(signature), out, P256_BYTES) == P256_BYTES &&
                   BN_bn2binpad(ECDSA_SIG_get0_s(signature), out + P256_BYTES, P256_BYTES) == P256_BYTES;
    ECDSA_SIG_free(signature);
    return written;
}

// Gives the length of the DER form, 0 where there is none.
static size_t der_of_raw(const unsigned char *raw, unsigned char out[MAX_DER_BYTES]) {
    int length = 0;
    ECDSA_SIG *signature = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(raw, P256_BYTES, NULL);
    BIGNUM *s = BN_bin2bn(raw + P256_BYTES, P256_BYTES, NULL);
    if (signature != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(signature, r, s) == 1) {
        length = i2d_ECDSA_SIG(signature, &out);
    } else {
        BN_free(r);
        BN_free(s);
    }
    ECDSA_SIG_free(signature);
    return length > 0 ? (size_t)length : 0;
}

static enum usher_error sign(EVP_PKEY *key, enum usher_signature_algorithm algorithm, const void *bytes,
                             size_t length, unsigned char *out, size_t *out_length) {
    unsigned char der[MAX_DER_BYTES];
    bool is_raw = algorithm == USHER_SIGNATURE_RS256;
    *out_length = is_raw ? USHER_SIGNATURE_MAX_BYTES : sizeof der;
    if ((size_t)EVP_PKEY_get_size(key) > *out_length)
        return USHER_ERROR_LIMIT;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool is_signed = context != NULL && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
                     EVP_DigestSign(context, is_raw ? out : der, out_length, bytes, length) == 1;
    EVP_MD_CTX_free(context);
    if (is_signed && !is_raw) {
        is_signed = raw_of_der(der, *out_length, out);
        *out_length = 2 * (size_t)P256_BYTES;
    }
    return is_signed ? USHER_ERROR_NONE : USHER_ERROR_CRYPTO;
}

enum usher_error usher_signature_sign(enum usher_signature_algorithm algorithm,
                                      struct usher_signature_key key, const void *bytes, size_t length,
                                      unsigned char out[USHER_SIGNATURE_MAX_BYTES], size_t *out_length) {
    EVP_PKEY *private_key = NULL;
    ERR_set_mark();
    enum usher_error error = read_key(key, PEM_read_bio_PrivateKey, algorithm, &private_key);
    if (error == USHER_ERROR_NONE)
        error = sign(private_key, algorithm, bytes, length, out, out_length);
    EVP_PKEY_free(private_key);
    ERR_pop_to_mark();
    return error;
}

static bool verify(EVP_PKEY *key, const void *bytes, size_t length, const unsigned char *signature,
                   size_t signature_length) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool is_valid = context != NULL && EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
                    EVP_DigestVerify(context, signature, signature_length, bytes, length) == 1;
    EVP_MD_CTX_free(context);
    return is_valid;
}

enum usher_error usher_signature_verify(enum usher_signature_algorithm algorithm,
                                        struct usher_signature_key key, const void *bytes, size_t length,
                                        const unsigned char *signature, size_t signature_length,
                                        bool *out_is_valid) {
    unsigned char der[MAX_DER_BYTES];
    EVP_PKEY *public_key = NULL;
    *out_is_valid = false;
    ERR_set_mark();
    enum usher_error error = read_key(key, PEM_read_bio_PUBKEY, algorithm, &public_key);
    if (error == USHER_ERROR_NONE && algorithm == USHER_SIGNATURE_RS256) {
        *out_is_valid = verify(public_key, bytes, length, signature, signature_length);
    } else if (error == USHER_ERROR_NONE && signature_length == 2 * (size_t)P256_BYTES) {
        *out_is_valid = verify(public_key, bytes, length, der, der_of_raw(signature, der));
    }
    EVP_PKEY_free(public_key);
    ERR_pop_to_mark();
    return error;
}
