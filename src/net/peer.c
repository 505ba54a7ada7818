// SPDX-License-Identifier: MIT
#include "peer.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

// The bytes of the supplementary groups; -1: the kernel does not say.
static ssize_t groups_size(int descriptor) {
    socklen_t size = 0;
    if (getsockopt(descriptor, SOL_SOCKET, SO_PEERGROUPS, NULL, &size) == 0)
        return 0;
    return errno == ERANGE ? (ssize_t)size : -1;
}

struct usher_peer *usher_peer_read(int descriptor) {
    struct ucred credentials;
    socklen_t credentials_size = sizeof credentials;
    ssize_t size = groups_size(descriptor);
    if (size < 0 || getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &credentials_size) != 0)
        return NULL;
    struct usher_peer *peer = malloc(sizeof *peer + (size_t)size);
    if (peer == NULL)
        return NULL;
    socklen_t groups_bytes = (socklen_t)size;
    if (size > 0 && getsockopt(descriptor, SOL_SOCKET, SO_PEERGROUPS, peer->groups, &groups_bytes) != 0) {
        free(peer);
        return NULL;
    }
    peer->uid = credentials.uid;
    peer->gid = credentials.gid;
    peer->group_count = groups_bytes / sizeof peer->groups[0];
    return peer;
}
