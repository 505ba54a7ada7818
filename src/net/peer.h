// SPDX-License-Identifier: MIT
// Who is at the other end of a Unix socket, as the kernel noted when that end connected.
#ifndef USHER_PEER_H
#define USHER_PEER_H

#include <stddef.h>
#include <sys/types.h>

struct usher_peer {
    uid_t uid;
    gid_t gid;
    size_t group_count; // supplementary groups
    gid_t groups[];
};

// From malloc, the caller's. NULL: no memory, or the kernel does not say.
struct usher_peer *usher_peer_read(int descriptor);

#endif
