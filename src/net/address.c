// SPDX-License-Identifier: MIT
#include "address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

// One storage seen as each family; copying through it keeps aliasing rules.
union address {
    struct sockaddr_storage storage;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

enum usher_error usher_address_read(const char *host, uint16_t port, struct sockaddr_storage *out_address) {
    union address address;
    memset(&address, 0, sizeof address);
    if (uv_ip4_addr(host, port, &address.v4) != 0) {
        memset(&address, 0, sizeof address);
        if (uv_ip6_addr(host, port, &address.v6) != 0)
            return USHER_ERROR_BAD_ADDRESS;
    }
    *out_address = address.storage;
    return USHER_ERROR_NONE;
}

socklen_t usher_address_length(const struct sockaddr_storage *address) {
    return address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

// An IPv4 address mapped into IPv6 is that IPv4 address.
static union address unmapped(const struct sockaddr_storage *address) {
    union address from = {*address};
    if (from.storage.ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&from.v6.sin6_addr)) {
        struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = from.v6.sin6_port};
        memcpy(&v4.sin_addr, from.v6.sin6_addr.s6_addr + 12, sizeof v4.sin_addr);
        from.v4 = v4;
    }
    return from;
}

void usher_address_format(const struct sockaddr_storage *address, char out[USHER_ADDRESS_TEXT_BYTES]) {
    union address from = unmapped(address);
    char host[INET6_ADDRSTRLEN] = "";
    if (from.storage.ss_family == AF_INET) {
        inet_ntop(AF_INET, &from.v4.sin_addr, host, sizeof host);
        snprintf(out, USHER_ADDRESS_TEXT_BYTES, "%s:%u", host, (unsigned)ntohs(from.v4.sin_port));
    } else if (from.storage.ss_family == AF_INET6) {
        inet_ntop(AF_INET6, &from.v6.sin6_addr, host, sizeof host);
        snprintf(out, USHER_ADDRESS_TEXT_BYTES, "[%s]:%u", host, (unsigned)ntohs(from.v6.sin6_port));
    } else {
        snprintf(out, USHER_ADDRESS_TEXT_BYTES, "unix");
    }
}

// No host has an address of the network that IPv4 ones are put into here, 0:ffff::/32.
uint64_t usher_address_source(const struct sockaddr_storage *address) {
    union address from = unmapped(address);
    uint64_t source = 0;
    if (from.storage.ss_family == AF_INET)
        return (UINT64_C(0xffff) << 32) | ntohl(from.v4.sin_addr.s_addr);
    if (from.storage.ss_family == AF_INET6)
        for (size_t i = 0; i < sizeof source; i++)
            source = source << 8 | from.v6.sin6_addr.s6_addr[i];
    return source;
}
