// SPDX-License-Identifier: MIT
#include "random.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/rand.h>

enum usher_error usher_random_bytes(void *out, size_t length) {
    if (length > INT_MAX)
        return USHER_ERROR_LIMIT;
    ERR_set_mark();
    int status = RAND_bytes(out, (int)length);
    ERR_pop_to_mark();
    return status == 1 ? USHER_ERROR_NONE : USHER_ERROR_CRYPTO;
}
