// SPDX-License-Identifier: MIT
#include "launch.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static int failures;

static void check(int number, int is_right, const char *what) {
    printf("%sok %d - %s\n", is_right ? "" : "not ", number, what);
    failures += is_right ? 0 : 1;
}

int main(void) {
    char program[] = "/nowhere/program";
    char *words[] = {program, NULL};
    puts("1..4");
    signal(SIGPIPE, SIG_IGN);
    setenv("USHER_API_TOKEN", "b3arer", 1);
    check(1, usher_launch(words, "USHER_TOKEN", "t0ken", "USHER_API_TOKEN", true) == ENOENT,
          "a missing program is told");
    check(2, getenv("USHER_TOKEN") == NULL, "the variable is not left behind");
    check(3, getenv("USHER_API_TOKEN") == NULL, "the other one is gone");
    check(4, signal(SIGPIPE, SIG_DFL) == SIG_IGN, "SIGPIPE is as before");
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
