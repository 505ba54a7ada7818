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

// Whether libcurl's text may be shown with the error: it then speaks of host, port, certificate or time only,
// and comes from before the peer knew anything of the request.
bool usher_transfer_error_is_explained(enum usher_error error);

#endif
