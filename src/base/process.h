// SPDX-License-Identifier: MIT
// Settings of the whole process: for the gateway's own process, never for a host that merely loads usher.
#ifndef USHER_PROCESS_H
#define USHER_PROCESS_H

#include "error.h"

// umask 077, no core files, memory and environment closed to other processes of the same user; a file over
// its size limit fails a write instead of ending the process. As many descriptors as may be had; programs
// that are forked from here have the limit that there was before.
enum usher_error usher_process_harden(void);

#endif
