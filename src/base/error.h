// SPDX-License-Identifier: MIT
// The one list of error codes. Lua sees it as `core.errors`; every `err.code` is one of these names.
#ifndef USHER_ERROR_H
#define USHER_ERROR_H

#include <stdbool.h>

// X(enumerator, name seen by Lua, default message, retryable)
// Retryable: the same call, unchanged, may succeed later without anybody acting.
#define USHER_ERROR_LIST(X)                                                                                  \
    X(NONE, "none", "no error", false)                                                                       \
    X(INTERNAL, "internal", "internal error", false)                                                         \
    X(OUT_OF_MEMORY, "out_of_memory", "out of memory", true)                                                 \
    X(INVALID_ARGUMENT, "invalid_argument", "invalid argument", false)                                       \
    X(CLOSED, "closed", "already closed", false)                                                             \
    X(CANCELLED, "cancelled", "cancelled", false)                                                            \
    X(TIMEOUT, "timeout", "timed out", true)                                                                 \
    X(LIMIT, "limit", "over the size limit", false)                                                          \
    /* files and processes */                                                                                \
    X(IO, "io", "input or output failed", true)                                                              \
    X(NO_SPACE, "no_space", "no space left on device", true)                                                 \
    X(PERMISSION, "permission", "permission denied", false)                                                  \
    X(EXISTS, "exists", "already exists", false)                                                             \
    X(NOT_FOUND, "not_found", "not found", false)                                                            \
    X(NOT_A_FILE, "not_a_file", "not a regular file", false)                                                 \
    X(TOO_MANY_FILES, "too_many_files", "too many open files", true)                                         \
    /* encodings and crypto */                                                                               \
    X(BAD_ENCODING, "bad_encoding", "malformed encoding", false)                                             \
    X(BAD_KEY, "bad_key", "key of the wrong size", false)                                                    \
    X(BAD_SEAL, "bad_seal", "sealed data does not open with this key", false)                                \
    X(CRYPTO, "crypto", "the crypto library failed", false)                                                  \
    /* HTTP requests that we refuse */                                                                       \
    X(BAD_REQUEST, "bad_request", "malformed request", false)                                                \
    X(FORBIDDEN, "forbidden", "forbidden", false)                                                            \
    X(UNAUTHORIZED, "unauthorized", "the bearer token is missing or wrong", false)                           \
    X(METHOD_NOT_ALLOWED, "method_not_allowed", "method not allowed", false)                                 \
    X(MISDIRECTED, "misdirected", "unknown host name", false)                                                \
    X(REQUEST_TIMEOUT, "request_timeout", "the request came too slowly", true)                               \
    X(URI_TOO_LONG, "uri_too_long", "request line too long", false)                                          \
    X(HEADERS_TOO_LARGE, "headers_too_large", "header section too large", false)                             \
    X(BODY_TOO_LARGE, "body_too_large", "body too large", false)                                             \
    X(BAD_VERSION, "bad_version", "HTTP version not supported", false)                                       \
    X(NOT_IMPLEMENTED, "not_implemented", "not implemented", false)                                          \
    /* listeners */                                                                                          \
    X(ADDRESS_IN_USE, "address_in_use", "address already in use", false)                                     \
    X(BAD_ADDRESS, "bad_address", "not an address that can be listened on", false)                           \
    X(LISTEN_FAILED, "listen_failed", "cannot listen", true)                                                 \
    /* transfers */                                                                                          \
    X(BAD_URL, "bad_url", "malformed or unsupported URL", false)                                             \
    X(RESOLVE_FAILED, "resolve_failed", "host name could not be resolved", true)                             \
    X(CONNECT_FAILED, "connect_failed", "connection could not be made", true)                                \
    X(TLS_FAILED, "tls_failed", "TLS handshake failed", true)                                                \
    X(CERTIFICATE, "certificate", "the server's certificate was not accepted", true)                         \
    X(CONNECTION_LOST, "connection_lost", "connection lost", true)                                           \
    X(BAD_RESPONSE, "bad_response", "malformed or truncated response", true)                                 \
    X(RESPONSE_TOO_LARGE, "response_too_large", "response too large", true)                                  \
    /* JSON and configuration */                                                                             \
    X(BAD_JSON, "bad_json", "malformed JSON", false)                                                         \
    X(BAD_CONFIGURATION, "bad_configuration", "invalid configuration", false)                                \
    /* the store */                                                                                          \
    X(STORE_LOCKED, "store_locked", "another process is using this store", false)                            \
    X(STORE_FOREIGN, "store_foreign", "not a store of usher", false)                                         \
    X(STORE_CORRUPT, "store_corrupt", "the store is damaged", false)                                         \
    X(STORE_FAILED, "store_failed", "the store failed", true)                                                \
    X(GUARD, "guard", "a condition of the transaction did not hold", false)                                  \
    X(CONFLICT, "conflict", "changed by somebody else meanwhile", true)                                      \
    X(REPEAT, "repeat", "received before", false)                                                            \
    X(HELD, "held", "another attempt is under way", true)                                                    \
    /* the keeper's answers, and what provider scripts report */                                             \
    X(UNKNOWN_ACCOUNT, "unknown_account", "unknown account", false)                                          \
    X(AWAITING_CREDENTIAL, "awaiting_credential", "no credential has been pushed yet", true)                 \
    X(REAUTHORIZATION_REQUIRED, "reauthorization_required", "a person must authorize again", false)          \
    X(BUDGET_EXHAUSTED, "budget_exhausted", "today's request budget is used up", true)                       \
    X(TEMPORARILY_UNAVAILABLE, "temporarily_unavailable", "no valid token right now", true)                  \
    X(NO_GATEWAY, "no_gateway", "no gateway answers", true)

enum usher_error {
#define USHER_ERROR_ENUMERATOR(enumerator, name, message, retryable) USHER_ERROR_##enumerator,
    USHER_ERROR_LIST(USHER_ERROR_ENUMERATOR)
#undef USHER_ERROR_ENUMERATOR
        USHER_ERROR_COUNT
};

// The code's name, "timeout". Never NULL; an unknown value is "internal".
const char *usher_error_name(enum usher_error error);

// The code's default message, a phrase without a full stop. Never NULL.
const char *usher_error_message(enum usher_error error);

bool usher_error_is_retryable(enum usher_error error);

// Maps errno, or a libuv status with its sign removed, to a code; USHER_ERROR_IO where none fits.
enum usher_error usher_error_from_errno(int error_number);

#endif
