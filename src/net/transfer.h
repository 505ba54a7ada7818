// SPDX-License-Identifier: MIT
// HTTP exchanges with servers elsewhere: a request goes out once, and one outcome comes back. At most
// USHER_TRANSFER_MAX_ACTIVE are under way; more wait in order, and their time-out starts when they do.
// No redirect is followed, nothing is decoded, and a request of which bytes have left is never repeated.
#ifndef USHER_TRANSFER_H
#define USHER_TRANSFER_H

#include "error.h"
#include "transfer_request.h"

#include <stdbool.h>
#include <stddef.h>

#define USHER_TRANSFER_MAX_ACTIVE 32
// Of all header sections together, interim ones and trailers included. libcurl finds a field by going through
// those before it: the work grows with the square of their number.
#define USHER_TRANSFER_MAX_HEADER_BYTES 65536
#define USHER_TRANSFER_MAX_HEADER_LINES 512

struct usher_loop;
struct usher_transfer;
struct usher_transfer_pool;

// The transfer has ended, for good or bad: the accessors below tell how. It is freed when this returns.
typedef void (*usher_transfer_fn)(struct usher_transfer *transfer, void *arg);

// NULL: out of memory or descriptors.
struct usher_transfer_pool *usher_transfer_pool_new(struct usher_loop *loop);

// Drops every transfer without a word to its owner, and closes all connections. NULL is allowed.
void usher_transfer_pool_free(struct usher_transfer_pool *pool);

// Starts a transfer; everything in `request` is copied. on_done is called exactly once, from the loop, unless
// the pool is freed first. NULL: *out_error is BAD_URL, OUT_OF_MEMORY or INTERNAL, and on_done is not called.
struct usher_transfer *usher_transfer_start(struct usher_transfer_pool *pool,
                                            const struct usher_transfer_request *request,
                                            usher_transfer_fn on_done, void *arg,
                                            enum usher_error *out_error);

// Stops it at once; on_done then tells of CANCELLED. No effect on one that has ended.
void usher_transfer_cancel(struct usher_transfer *transfer);

// The outcome, for on_done: NONE when there is a response.
enum usher_error usher_transfer_error(const struct usher_transfer *transfer);

// Words on the error for people, without anything of the request but the host; NULL: the code's own will do.
const char *usher_transfer_message(const struct usher_transfer *transfer);

// Whether bytes of the request left; false also where only the TLS handshake failed.
bool usher_transfer_is_sent(const struct usher_transfer *transfer);

// The response: 200 .. 999.
int usher_transfer_status(const struct usher_transfer *transfer);
struct usher_text usher_transfer_body(const struct usher_transfer *transfer);

// The next header field of the response, in the order sent; *cursor is NULL for the first. False: no more.
bool usher_transfer_next_field(const struct usher_transfer *transfer, void **cursor,
                               struct usher_field *out_field);

#endif
