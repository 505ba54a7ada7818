// SPDX-License-Identifier: MIT
#include "process.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

// Soft limits of 1024 are for programs that call select().
static void raise_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

enum usher_error usher_process_harden(void) {
    const struct rlimit none = {0, 0};
    umask(S_IRWXG | S_IRWXO);
    raise_descriptor_limit();
    // A write beyond the limit of a file's size is to fail like one on a full disk.
    signal(SIGXFSZ, SIG_IGN);
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || setrlimit(RLIMIT_CORE, &none) != 0)
        return usher_error_from_errno(errno);
    return USHER_ERROR_NONE;
}
