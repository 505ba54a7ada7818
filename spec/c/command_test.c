// SPDX-License-Identifier: MIT
// A program's start and end where the system has no close_range() that this could use, as before Linux 5.11.
#include "command.h"
#include "loop.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NUMBER = 77 }; // of a descriptor that would be inherited

static int cases;
static bool has_no_folder;
static char output[4096];

__attribute__((visibility("default"))) int close_range(unsigned first, unsigned last, int flags) {
    (void)first, (void)last, (void)flags;
    errno = EINVAL;
    return -1;
}

__attribute__((visibility("default"))) DIR *opendir(const char *path) {
    if (!has_no_folder)
        return fdopendir(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    errno = ENOENT;
    return NULL;
}

static void check(bool holds, const char *title) {
    printf("%s %d - %s\n", holds ? "ok" : "not ok", ++cases, title);
}

static void on_done(const struct usher_command_result *result, void *arg) {
    (void)arg;
    snprintf(output, sizeof output, "%.*s", (int)result->length, result->output);
}

static struct usher_command *start(struct usher_loop *loop, const char *script, enum usher_error *out_error) {
    const char *const words[] = {"/bin/sh", "-c", script, NULL};
    const char *const environment[] = {NULL};
    const struct usher_command_request request = {words, environment, 10000, sizeof output - 1};
    return usher_command_start(loop, &request, on_done, NULL, out_error);
}

int main(void) {
    enum usher_error error;
    struct usher_loop *loop = usher_loop_new();
    dup2(STDOUT_FILENO, NUMBER);
    start(loop, "test -e /proc/self/fd/77 && echo inherited || echo kept", &error);
    usher_loop_run(loop, USHER_LOOP_UNTIL_DONE);
    check(strcmp(output, "kept\n") == 0, "a program gets no descriptor");
    check(fcntl(NUMBER, F_GETFD) == 0, "and those of the host are as they were");
    has_no_folder = true;
    check(start(loop, "echo", &error) == NULL && error == USHER_ERROR_IO,
          "a program is not started where they cannot be kept from it");
    has_no_folder = false;
    usher_command_free(start(loop, "exec sleep 60", &error));
    check(error == USHER_ERROR_NONE && waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD,
          "one that is killed leaves no zombie");
    usher_loop_free(loop);
    printf("1..%d\n", cases);
    return 0;
}
