// SPDX-License-Identifier: MIT
#include "process.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum usher_error usher_process_harden(void) {
    const struct rlimit none = {0, 0};
    umask(S_IRWXG | S_IRWXO);
    if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return usher_error_from_errno(errno);
    return USHER_ERROR_NONE;
}
