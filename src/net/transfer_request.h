// SPDX-License-Identifier: MIT
// An outgoing HTTP request in plain values, and what libcurl is told of it: every option that decides what is
// sent, to whom, and what of the environment counts (nothing).
#ifndef USHER_TRANSFER_REQUEST_H
#define USHER_TRANSFER_REQUEST_H

#include "error.h"
#include "field.h"

#include <stdbool.h>
#include <stddef.h>

struct curl_slist;

struct usher_transfer_request {
    const char *method; // usher_transfer_request_is_method
    struct usher_text url;
    const struct usher_field *fields; // usher_transfer_request_is_field
    size_t field_count;
    struct usher_text body; // bytes NULL: none. Not with HEAD
    long timeout_ms;        // above 0
    const char *ca_file;    // NULL: the system's certificates
    size_t max_body_bytes;
};

// One to 16 capital letters, and not CONNECT.
bool usher_transfer_request_is_method(struct usher_text method);

// Whether the field may be sent: a token for the name, no control character but HT in the value, and none of
// those that govern the connection or the length of the body, which are libcurl's.
bool usher_transfer_request_is_field(const struct usher_field *field);

// Sets all of it on the libcurl handle `easy`, but for the callbacks and their data. *out_fields must outlive
// the transfer and be freed with curl_slist_free_all whatever is returned. BAD_URL, OUT_OF_MEMORY, INTERNAL
// (this libcurl lacks an option).
enum usher_error usher_transfer_request_apply(const struct usher_transfer_request *request, void *easy,
                                              struct curl_slist **out_fields);

#endif
