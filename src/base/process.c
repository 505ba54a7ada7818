// SPDX-License-Identifier: MIT
#include "process.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

// Of the process, as the limit itself is: what forks has no context to look into.
static struct rlimit descriptors_before;

static void give_descriptor_limit_back(void) {
    setrlimit(RLIMIT_NOFILE, &descriptors_before);
}

// Soft limits of 1024 are for programs that call select(), as those may that are started from here.
static void raise_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max)
        return;
    descriptors_before = limit;
    limit.rlim_cur = limit.rlim_max;
    if (pthread_atfork(NULL, NULL, give_descriptor_limit_back) == 0)
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
