// SPDX-License-Identifier: MIT
// Numeric socket addresses and how they are written.
#ifndef USHER_ADDRESS_H
#define USHER_ADDRESS_H

#include "error.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

// Room for every address that usher_address_format writes, with its end.
#define USHER_ADDRESS_TEXT_BYTES ((size_t)80)

// Reads "127.0.0.1" or "::1" (no name is resolved). BAD_ADDRESS.
enum usher_error usher_address_read(const char *host, uint16_t port, struct sockaddr_storage *out_address);

// The length that bind() wants.
socklen_t usher_address_length(const struct sockaddr_storage *address);

// Writes "127.0.0.1:8080", "[::1]:8080" or, for a Unix socket, "unix". An IPv4 address mapped into IPv6 is
// written as IPv4, so that one peer has one name.
void usher_address_format(const struct sockaddr_storage *address, char out[USHER_ADDRESS_TEXT_BYTES]);

// Who sends, as far as addresses can tell: an IPv4 address, or the /64 network that one IPv6 host has to
// itself. 0 for a Unix socket.
uint64_t usher_address_source(const struct sockaddr_storage *address);

#endif
