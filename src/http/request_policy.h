// SPDX-License-Identifier: MIT
// What we refuse although llhttp takes it: pure checks over a request line and a header section.
#ifndef USHER_REQUEST_POLICY_H
#define USHER_REQUEST_POLICY_H

#include "error.h"
#include "field.h"

#include <stdbool.h>

struct usher_request;

// `line` is a request line, with its CRLF, that llhttp has taken. Sets method, path, query and minor_version,
// which point into it, and `out_authority`, empty unless the target is in absolute form.
enum usher_error usher_request_policy_read_line(struct usher_text line, struct usher_request *request,
                                                struct usher_text *out_authority);

// The field's name and value: no empty name, no control character but HT in the value.
enum usher_error usher_request_policy_check_field(const struct usher_field *field);

// The header section as a whole: Host and framing (RFC 9112 3.2 and 6.1).
enum usher_error usher_request_policy_check_section(const struct usher_request *request);

// Whether the client waits for `100 Continue` before it sends the body (RFC 9110 10.1.1).
bool usher_request_policy_expects_continue(const struct usher_request *request);

// The first field of that lower-case name, or NULL.
const struct usher_field *usher_request_policy_find(const struct usher_request *request, const char *name);

#endif
