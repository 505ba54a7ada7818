// SPDX-License-Identifier: MIT
#include "error.h"

#include <errno.h>
#include <stddef.h>

struct entry {
    const char *name;
    const char *message;
    bool retryable;
};

static const struct entry entries[USHER_ERROR_COUNT] = {
#define USHER_ERROR_ENTRY(enumerator, name, message, retryable)                                              \
    [USHER_ERROR_##enumerator] = {name, message, retryable},
    USHER_ERROR_LIST(USHER_ERROR_ENTRY)
#undef USHER_ERROR_ENTRY
};

static const struct entry *entry_of(enum usher_error error) {
    size_t index = (size_t)error;
    return &entries[index < USHER_ERROR_COUNT ? index : USHER_ERROR_INTERNAL];
}

const char *usher_error_name(enum usher_error error) {
    return entry_of(error)->name;
}

const char *usher_error_message(enum usher_error error) {
    return entry_of(error)->message;
}

bool usher_error_is_retryable(enum usher_error error) {
    return entry_of(error)->retryable;
}

enum usher_error usher_error_from_errno(int error_number) {
    switch (error_number) {
    case 0:
        return USHER_ERROR_NONE;
    case ENOMEM:
        return USHER_ERROR_OUT_OF_MEMORY;
    case EINVAL:
    case ENAMETOOLONG:
    case ELOOP:
        return USHER_ERROR_INVALID_ARGUMENT;
    case ETIMEDOUT:
        return USHER_ERROR_TIMEOUT;
    case ECANCELED:
        return USHER_ERROR_CANCELLED;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return USHER_ERROR_NO_SPACE;
    case EACCES:
    case EPERM:
    case EROFS:
        return USHER_ERROR_PERMISSION;
    case EEXIST:
        return USHER_ERROR_EXISTS;
    case ENOENT:
    case ENOTDIR:
        return USHER_ERROR_NOT_FOUND;
    case EMFILE:
    case ENFILE:
        return USHER_ERROR_TOO_MANY_FILES;
    case EADDRINUSE:
        return USHER_ERROR_ADDRESS_IN_USE;
    case EADDRNOTAVAIL:
        return USHER_ERROR_BAD_ADDRESS;
    case ECONNRESET:
    case EPIPE:
        return USHER_ERROR_CONNECTION_LOST;
    case ECONNREFUSED:
    case ENETUNREACH:
    case EHOSTUNREACH:
        return USHER_ERROR_CONNECT_FAILED;
    default:
        return USHER_ERROR_IO;
    }
}
