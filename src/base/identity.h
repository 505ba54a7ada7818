// SPDX-License-Identifier: MIT
// Users and groups of the system by their names. Blocks: the system may have to ask a directory service.
#ifndef USHER_IDENTITY_H
#define USHER_IDENTITY_H

#include "error.h"

#include <sys/types.h>

// NOT_FOUND: there is nobody of that name.
enum usher_error usher_identity_user(const char *name, uid_t *out_uid);

// NOT_FOUND: there is no group of that name.
enum usher_error usher_identity_group(const char *name, gid_t *out_gid);

#endif
