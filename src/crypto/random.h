// SPDX-License-Identifier: MIT
// Bytes from OpenSSL's generator, which the operating system seeds.
#ifndef USHER_RANDOM_H
#define USHER_RANDOM_H

#include "error.h"

#include <stddef.h>

// CRYPTO: the generator has no entropy; LIMIT: more than INT_MAX bytes. `out` then means nothing.
enum usher_error usher_random_bytes(void *out, size_t length);

#endif
