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

// Leaves a quarter of the process's descriptors, at most 64, to transfers, the store and everything else.
int usher_admission_max_descriptor(void);

// Whether nobody can come in: the group is full, and everybody is being answered.
bool usher_admission_is_closed(const struct usher_admission *admission,
                               const struct usher_connection_group *group);

// Makes room for a connection that was accepted, by closing one where it must. False: there is none to be had
// for this source.
bool usher_admission_make_room(const struct usher_admission *admission,
                               const struct usher_connection_group *group, uint64_t source, int descriptor);

#endif
