// SPDX-License-Identifier: MIT
// libcurl's result codes in terms of our own error list, one by one.
#ifndef USHER_TRANSFER_ERROR_H
#define USHER_TRANSFER_ERROR_H

#include "error.h"

#include <curl/curl.h>
#include <stdbool.h>

// What `code` means for an HTTP exchange whose URL was checked before. `detail` is libcurl's error text, ""
// where it has none. NONE for CURLE_OK; INTERNAL for what cannot come from such an exchange.
enum usher_error usher_transfer_error_from_code(CURLcode code, const char *detail);

// Whether it is an error of finding, reaching or identifying the peer, which then knows nothing of the
// request. Such an error's text speaks of host, port and certificate only.
bool usher_transfer_error_is_before_request(enum usher_error error);

#endif
