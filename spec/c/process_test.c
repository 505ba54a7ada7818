// SPDX-License-Identifier: MIT
#include "process.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

int main(void) {
    int before = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
    enum usher_error error = usher_process_harden();
    int after = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
    int hardened = error == USHER_ERROR_NONE && before == 1 && after == 0;
    printf("1..1\n%sok 1 - a hardened process is not dumpable\n", hardened ? "" : "not ");
    return hardened ? EXIT_SUCCESS : EXIT_FAILURE;
}
