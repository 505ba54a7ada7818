// SPDX-License-Identifier: MIT
#include "socket_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

union address {
    struct sockaddr any;
    struct sockaddr_un local;
};

static int new_socket(void) {
    return socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

// 0, or the errno of a connect() that tells whether somebody listens.
static int probe(const union address *address) {
    int descriptor = new_socket();
    if (descriptor < 0)
        return errno;
    int error_number = connect(descriptor, &address->any, sizeof address->local) == 0 ? 0 : errno;
    close(descriptor);
    return error_number;
}

// NONE: the path is free now.
static enum usher_error remove_stale(const union address *address) {
    const char *path = address->local.sun_path;
    struct stat before;
    struct stat after;
    if (lstat(path, &before) != 0)
        return errno == ENOENT ? USHER_ERROR_NONE : usher_error_from_errno(errno);
    if (!S_ISSOCK(before.st_mode))
        return USHER_ERROR_EXISTS;
    int error_number = probe(address);
    if (error_number == EACCES)
        return USHER_ERROR_PERMISSION;
    if (error_number != ECONNREFUSED)
        return USHER_ERROR_ADDRESS_IN_USE;
    // Not the file that was probed any more: somebody else has just put a socket there.
    if (lstat(path, &after) == 0 && (after.st_dev != before.st_dev || after.st_ino != before.st_ino))
        return USHER_ERROR_ADDRESS_IN_USE;
    if (unlink(path) != 0 && errno != ENOENT)
        return usher_error_from_errno(errno);
    return USHER_ERROR_NONE;
}

static enum usher_error bind_free(int descriptor, const union address *address) {
    if (bind(descriptor, &address->any, sizeof address->local) == 0)
        return USHER_ERROR_NONE;
    if (errno != EADDRINUSE)
        return usher_error_from_errno(errno);
    enum usher_error error = remove_stale(address);
    if (error != USHER_ERROR_NONE)
        return error;
    return bind(descriptor, &address->any, sizeof address->local) == 0 ? USHER_ERROR_NONE
                                                                       : usher_error_from_errno(errno);
}

// bind() made the file with the socket's own mode less the umask, so never wider; this adds what the umask
// took.
static enum usher_error claim(struct usher_socket_file *file, mode_t mode) {
    struct stat status;
    if (lstat(file->path, &status) != 0 || !S_ISSOCK(status.st_mode))
        return USHER_ERROR_ADDRESS_IN_USE;
    file->device = status.st_dev;
    file->inode = status.st_ino;
    if ((status.st_mode & 07777) != mode && chmod(file->path, mode) != 0)
        return usher_error_from_errno(errno);
    return USHER_ERROR_NONE;
}

static enum usher_error make(struct usher_socket_file *file, int descriptor, const union address *address,
                             mode_t mode) {
    if (fchmod(descriptor, mode) != 0)
        return usher_error_from_errno(errno);
    enum usher_error error = bind_free(descriptor, address);
    if (error != USHER_ERROR_NONE)
        return error;
    error = claim(file, mode);
    if (error != USHER_ERROR_NONE)
        usher_socket_file_remove(file);
    return error;
}

int usher_socket_file_bind(struct usher_socket_file *file, const char *path, mode_t mode,
                           enum usher_error *out_error) {
    union address address = {.local = {.sun_family = AF_UNIX}};
    size_t length = strlen(path);
    *out_error = USHER_ERROR_BAD_ADDRESS;
    if (length == 0 || length >= sizeof address.local.sun_path)
        return -1;
    memcpy(address.local.sun_path, path, length + 1);
    *file = (struct usher_socket_file){.path = strdup(path)};
    *out_error = USHER_ERROR_OUT_OF_MEMORY;
    if (file->path == NULL)
        return -1;
    int descriptor = new_socket();
    *out_error = descriptor < 0 ? usher_error_from_errno(errno) : make(file, descriptor, &address, mode);
    if (*out_error == USHER_ERROR_NONE)
        return descriptor;
    if (descriptor >= 0)
        close(descriptor);
    free(file->path);
    *file = (struct usher_socket_file){.path = NULL};
    return -1;
}

bool usher_socket_file_is_there(const struct usher_socket_file *file) {
    struct stat status;
    return file->path != NULL && lstat(file->path, &status) == 0 && S_ISSOCK(status.st_mode) &&
           status.st_dev == file->device && status.st_ino == file->inode;
}

void usher_socket_file_remove(struct usher_socket_file *file) {
    if (file->path == NULL)
        return;
    if (usher_socket_file_is_there(file))
        unlink(file->path);
    free(file->path);
    *file = (struct usher_socket_file){.path = NULL};
}
