// SPDX-License-Identifier: MIT
#include "digest.h"

#include <openssl/err.h>
#include <openssl/evp.h>

static enum usher_error digest(const EVP_MD *algorithm, const void *bytes, size_t length,
                               unsigned char *out) {
    ERR_set_mark();
    int status = EVP_Digest(bytes, length, out, NULL, algorithm, NULL);
    ERR_pop_to_mark();
    return status == 1 ? USHER_ERROR_NONE : USHER_ERROR_CRYPTO;
}

enum usher_error usher_digest_md5(const void *bytes, size_t length,
                                  unsigned char out[USHER_DIGEST_MD5_BYTES]) {
    return digest(EVP_md5(), bytes, length, out);
}

enum usher_error usher_digest_sha1(const void *bytes, size_t length,
                                   unsigned char out[USHER_DIGEST_SHA1_BYTES]) {
    return digest(EVP_sha1(), bytes, length, out);
}

enum usher_error usher_digest_sha256(const void *bytes, size_t length,
                                     unsigned char out[USHER_DIGEST_SHA256_BYTES]) {
    return digest(EVP_sha256(), bytes, length, out);
}
