// SPDX-License-Identifier: MIT
// Who may come in where a listener is full, and who goes for it: those who want nothing of us right now,
// oldest first, then those who have not asked yet. Never one whose request has been taken.
#ifndef USHER_ADMISSION_H
#define USHER_ADMISSION_H

#include "connection.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct usher_admission {
    size_t max_connections;
    size_t max_per_source; // 0: any number
    int max_descriptor;    // from this one on the process has none to spare
};

// Leaves that many descriptors to whatever else needs some; of few a part, as of 256.
int usher_admission_max_descriptor(size_t spare);

// Whether nobody can come in: the group is full, and everybody is being answered.
bool usher_admission_is_closed(const struct usher_admission *admission,
                               const struct usher_connection_group *group);

// Makes room for a connection that was accepted, by closing one where it must. Gives the descriptor, maybe as
// another number; -1: there is no room to be had for this source, and the descriptor was closed.
int usher_admission_admit(const struct usher_admission *admission, const struct usher_connection_group *group,
                          uint64_t source, int descriptor);

#endif
