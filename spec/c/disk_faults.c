// SPDX-License-Identifier: MIT
// Preloaded into a program under test: counts its calls on the files of one folder, and has the n-th kill it,
// or those of one name fail for as long as a file says so.
//   DISK_FAULTS_FOLDER   whose files count
//   DISK_FAULTS_KILL_AT  the call before which the process is killed, 1 the first
//   DISK_FAULTS_CONTROL  a file with lines "fsync 5": calls of that name fail with that errno
//   DISK_FAULTS_LOG      a file that gets a line "fsync 7 5" for each call, its descriptor and errno
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { DESCRIPTORS = 4096, LINE_BYTES = 64 };

#define PUBLIC __attribute__((visibility("default")))
// ISO C knows no way from an object pointer to a function's.
#define NEXT(variable, name) (*(void **)&(variable) = dlsym(RTLD_NEXT, name))

static bool is_ours[DESCRIPTORS];
static long calls;

static bool is_in_folder(const char *path) {
    const char *folder = getenv("DISK_FAULTS_FOLDER");
    return folder != NULL && path != NULL && strncmp(path, folder, strlen(folder)) == 0;
}

static bool is_our_descriptor(int fd) {
    return fd >= 0 && fd < DESCRIPTORS && is_ours[fd];
}

// The whole of a small file, by system calls that nothing counts.
static void read_control(char *text, size_t size) {
    const char *path = getenv("DISK_FAULTS_CONTROL");
    text[0] = '\0';
    if (path == NULL)
        return;
    long fd = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    long count = syscall(SYS_read, fd, text, size - 1);
    text[count > 0 ? count : 0] = '\0';
    syscall(SYS_close, fd);
}

static int fault_of(const char *name) {
    char text[256];
    char wanted[LINE_BYTES];
    read_control(text, sizeof text);
    snprintf(wanted, sizeof wanted, "%s ", name);
    for (char *line = text; line != NULL && *line != '\0'; line = strchr(line, '\n')) {
        line += *line == '\n' ? 1 : 0;
        if (strncmp(line, wanted, strlen(wanted)) == 0)
            return (int)strtol(line + strlen(wanted), NULL, 10);
    }
    return 0;
}

static void note(const char *name, int fd, int fault) {
    const char *path = getenv("DISK_FAULTS_LOG");
    char line[LINE_BYTES];
    if (path == NULL)
        return;
    int length = snprintf(line, sizeof line, "%s %d %d\n", name, fd, fault);
    long log = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    syscall(SYS_write, log, line, length);
    syscall(SYS_close, log);
}

// True: the call is to fail, errno is set.
static bool strikes(const char *name, int fd) {
    const char *kill_at = getenv("DISK_FAULTS_KILL_AT");
    long call = __atomic_add_fetch(&calls, 1, __ATOMIC_SEQ_CST);
    if (kill_at != NULL && call == strtol(kill_at, NULL, 10))
        kill(getpid(), SIGKILL);
    int fault = fault_of(name);
    note(name, fd, fault);
    if (fault != 0)
        errno = fault;
    return fault != 0;
}

static int opened(int fd) {
    if (fd >= 0 && fd < DESCRIPTORS)
        is_ours[fd] = true;
    return fd;
}

PUBLIC int open64(const char *path, int flags, ...) {
    int (*next)(const char *, int, ...);
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    NEXT(next, "open64");
    if (!is_in_folder(path))
        return next(path, flags, mode);
    return strikes("open", -1) ? -1 : opened(next(path, flags, mode));
}

PUBLIC int open(const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return open64(path, flags, mode);
}

// Below a folder that counts, everything does.
PUBLIC int openat(int folder, const char *path, int flags, ...) {
    int (*next)(int, const char *, int, ...);
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    NEXT(next, "openat");
    if (!is_our_descriptor(folder) && !is_in_folder(path))
        return next(folder, path, flags, mode);
    return strikes("open", -1) ? -1 : opened(next(folder, path, flags, mode));
}

PUBLIC int close(int fd) {
    int (*next)(int);
    NEXT(next, "close");
    if (is_our_descriptor(fd)) {
        note("close", fd, 0);
        is_ours[fd] = false;
    }
    return next(fd);
}

PUBLIC ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) {
    ssize_t (*next)(int, const void *, size_t, off64_t);
    NEXT(next, "pwrite64");
    if (is_our_descriptor(fd) && strikes("pwrite", fd))
        return -1;
    return next(fd, bytes, length, offset);
}

PUBLIC ssize_t write(int fd, const void *bytes, size_t length) {
    ssize_t (*next)(int, const void *, size_t);
    NEXT(next, "write");
    if (is_our_descriptor(fd) && strikes("write", fd))
        return -1;
    return next(fd, bytes, length);
}

PUBLIC int fsync(int fd) {
    int (*next)(int);
    NEXT(next, "fsync");
    return is_our_descriptor(fd) && strikes("fsync", fd) ? -1 : next(fd);
}

// Whether SQLite uses the one or the other is its affair.
PUBLIC int fdatasync(int fd) {
    int (*next)(int);
    NEXT(next, "fdatasync");
    return is_our_descriptor(fd) && strikes("fsync", fd) ? -1 : next(fd);
}

PUBLIC int rename(const char *path, const char *new_path) {
    int (*next)(const char *, const char *);
    NEXT(next, "rename");
    return is_in_folder(path) && strikes("rename", -1) ? -1 : next(path, new_path);
}

PUBLIC int unlink(const char *path) {
    int (*next)(const char *);
    NEXT(next, "unlink");
    return is_in_folder(path) && strikes("unlink", -1) ? -1 : next(path);
}

PUBLIC int unlinkat(int folder, const char *path, int flags) {
    int (*next)(int, const char *, int);
    NEXT(next, "unlinkat");
    return is_our_descriptor(folder) && strikes("unlink", -1) ? -1 : next(folder, path, flags);
}

PUBLIC int link(const char *path, const char *new_path) {
    int (*next)(const char *, const char *);
    NEXT(next, "link");
    return is_in_folder(path) && strikes("link", -1) ? -1 : next(path, new_path);
}

PUBLIC int linkat(int folder, const char *path, int new_folder, const char *new_path, int flags) {
    int (*next)(int, const char *, int, const char *, int);
    NEXT(next, "linkat");
    if (is_our_descriptor(folder) && strikes("link", -1))
        return -1;
    return next(folder, path, new_folder, new_path, flags);
}
