// SPDX-License-Identifier: MIT
#include <stddef.h>
typedef size_t usher_crypto_placeholder;
