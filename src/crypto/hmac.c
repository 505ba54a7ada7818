// SPDX-License-Identifier: MIT
#include "hmac.h"

#include <openssl/err.h>
#include <openssl/evp.h>

enum usher_error usher_hmac_sha256(const void *key, size_t key_length, const void *bytes, size_t length,
                                   unsigned char out[USHER_HMAC_SHA256_BYTES]) {
    size_t written = 0;
    ERR_set_mark();
    const unsigned char *mac = EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, key, key_length, bytes, length,
                                         out, USHER_HMAC_SHA256_BYTES, &written);
    ERR_pop_to_mark();
    return mac != NULL && written == USHER_HMAC_SHA256_BYTES ? USHER_ERROR_NONE : USHER_ERROR_CRYPTO;
}
