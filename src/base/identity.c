// SPDX-License-Identifier: MIT
#include "identity.h"

#include <grp.h>
#include <pwd.h>
#include <stddef.h>

enum { ENTRY_BYTES = 65536 };

enum usher_error usher_identity_user(const char *name, uid_t *out_uid) {
    char strings[ENTRY_BYTES];
    struct passwd entry;
    struct passwd *found = NULL;
    int error_number = getpwnam_r(name, &entry, strings, sizeof strings, &found);
    if (error_number != 0)
        return usher_error_from_errno(error_number);
    if (found == NULL)
        return USHER_ERROR_NOT_FOUND;
    *out_uid = entry.pw_uid;
    return USHER_ERROR_NONE;
}

enum usher_error usher_identity_group(const char *name, gid_t *out_gid) {
    char members[ENTRY_BYTES];
    struct group entry;
    struct group *found = NULL;
    int error_number = getgrnam_r(name, &entry, members, sizeof members, &found);
    if (error_number != 0)
        return usher_error_from_errno(error_number);
    if (found == NULL)
        return USHER_ERROR_NOT_FOUND;
    *out_gid = entry.gr_gid;
    return USHER_ERROR_NONE;
}
