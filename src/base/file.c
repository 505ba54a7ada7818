// SPDX-License-Identifier: MIT
#include "file.h"

#include "buffer.h"
#include "identity.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK_BYTES = 16384, TEMPORARY_BYTES = 32, NUMBER_DIGITS = 16 };

#define TEMPORARY_PREFIX ".usher-"
#define TEMPORARY_SUFFIX ".tmp"

static enum usher_error last_error(void) {
    return usher_error_from_errno(errno);
}

static ssize_t read_some(int fd, char *out, size_t length) {
    ssize_t count;
    do
        count = read(fd, out, length);
    while (count < 0 && errno == EINTR);
    return count;
}

static enum usher_error expect_end(int fd) {
    char byte;
    ssize_t count = read_some(fd, &byte, 1);
    if (count < 0)
        return last_error();
    return count == 0 ? USHER_ERROR_NONE : USHER_ERROR_LIMIT;
}

// Reads to where the bytes stay: what passed through anything else would be left there.
static enum usher_error read_to_end(int fd, struct usher_buffer *buffer) {
    while (buffer->length < buffer->max_bytes) {
        size_t room = buffer->max_bytes - buffer->length;
        enum usher_error error = usher_buffer_reserve(buffer, room < CHUNK_BYTES ? room : CHUNK_BYTES);
        if (error != USHER_ERROR_NONE)
            return error;
        ssize_t count = read_some(fd, buffer->bytes + buffer->length, buffer->capacity - buffer->length);
        if (count < 0)
            return last_error();
        if (count == 0)
            return USHER_ERROR_NONE;
        buffer->length += (size_t)count;
    }
    return expect_end(fd);
}

static enum usher_error check_regular(int fd) {
    struct stat status;
    if (fstat(fd, &status) != 0)
        return last_error();
    return S_ISREG(status.st_mode) ? USHER_ERROR_NONE : USHER_ERROR_NOT_A_FILE;
}

enum usher_error usher_file_read(const char *path, struct usher_buffer *buffer) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return errno == ENXIO ? USHER_ERROR_NOT_A_FILE : last_error(); // a socket
    enum usher_error error = check_regular(fd);
    if (error == USHER_ERROR_NONE)
        error = read_to_end(fd, buffer);
    close(fd);
    return error;
}

// A new file on its way to its name.
struct draft {
    int folder; // open, for the calls that end in "at"
    const char *name;
    char temporary[TEMPORARY_BYTES];
    int fd;
};

static enum usher_error open_folder(struct draft *draft, const char *path) {
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t length = slash != NULL ? (size_t)(slash - path) + 1 : 0;
    draft->name = path + length;
    if (*draft->name == '\0' || length >= sizeof folder)
        return USHER_ERROR_INVALID_ARGUMENT;
    memcpy(folder, path, length);
    folder[length] = '\0';
    draft->folder = open(length > 0 ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return draft->folder >= 0 ? USHER_ERROR_NONE : last_error();
}

// Whoever makes a draft holds its lock until it is published or dead. A file system without locks has none
// to lose.
static bool lock_draft(int fd) {
    struct stat status;
    return (flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) && fstat(fd, &status) == 0 &&
           status.st_nlink > 0;
}

static enum usher_error open_temporary(struct draft *draft) {
    for (;;) {
        uint64_t number;
        if (getrandom(&number, sizeof number, 0) != sizeof number)
            return last_error();
        snprintf(draft->temporary, sizeof draft->temporary, TEMPORARY_PREFIX "%016" PRIx64 TEMPORARY_SUFFIX,
                 number);
        draft->fd = openat(draft->folder, draft->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (draft->fd < 0 && errno != EEXIST)
            return last_error();
        if (draft->fd >= 0 && lock_draft(draft->fd))
            return USHER_ERROR_NONE;
        if (draft->fd >= 0) // swept as soon as it was made
            close(draft->fd);
    }
}

static bool is_temporary(const char *name) {
    size_t prefix = strlen(TEMPORARY_PREFIX);
    return strncmp(name, TEMPORARY_PREFIX, prefix) == 0 &&
           strspn(name + prefix, "0123456789abcdef") == NUMBER_DIGITS &&
           strcmp(name + prefix + NUMBER_DIGITS, TEMPORARY_SUFFIX) == 0;
}

static void sweep_one(int folder, const char *name) {
    struct stat status;
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && flock(fd, LOCK_EX | LOCK_NB) == 0)
        unlinkat(folder, name, 0);
    close(fd);
}

// Removes drafts whose makers were killed: a key may be in them.
static void sweep(int folder) {
    int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *names = fd >= 0 ? fdopendir(fd) : NULL;
    if (names == NULL) {
        if (fd >= 0)
            close(fd);
        return;
    }
    const struct dirent *entry;
    while ((entry = readdir(names)) != NULL)
        if (is_temporary(entry->d_name))
            sweep_one(folder, entry->d_name);
    closedir(names);
}

static enum usher_error write_all(int fd, const char *bytes, size_t length) {
    while (length > 0) {
        ssize_t count = write(fd, bytes, length);
        if (count < 0 && errno != EINTR)
            return last_error();
        if (count > 0) {
            bytes += count;
            length -= (size_t)count;
        }
    }
    return USHER_ERROR_NONE;
}

static enum usher_error fill(int fd, const char *bytes, size_t length, mode_t mode) {
    enum usher_error error = write_all(fd, bytes, length);
    if (error == USHER_ERROR_NONE && (fchmod(fd, mode) != 0 || fsync(fd) != 0))
        error = last_error();
    return error;
}

// A link, not a rename: it fails where the name is taken, on every file system that has owners. The temporary
// name is gone before the folder is synced, so that a crash afterwards cannot bring it back.
static enum usher_error publish(const struct draft *draft) {
    if (linkat(draft->folder, draft->temporary, draft->folder, draft->name, 0) != 0)
        return last_error();
    if (unlinkat(draft->folder, draft->temporary, 0) == 0 && fsync(draft->folder) == 0)
        return USHER_ERROR_NONE;
    enum usher_error error = last_error();
    unlinkat(draft->folder, draft->name, 0);
    return error;
}

enum usher_error usher_file_create(const char *path, const void *bytes, size_t length, mode_t mode) {
    struct draft draft = {.folder = -1, .fd = -1};
    enum usher_error error = open_folder(&draft, path);
    if (error != USHER_ERROR_NONE)
        return error;
    sweep(draft.folder);
    error = open_temporary(&draft);
    if (error == USHER_ERROR_NONE) {
        error = fill(draft.fd, bytes, length, mode);
        if (error == USHER_ERROR_NONE)
            error = publish(&draft);
        if (error != USHER_ERROR_NONE)
            unlinkat(draft.folder, draft.temporary, 0);
        close(draft.fd);
    }
    close(draft.folder);
    return error;
}

static enum usher_file_type type_of(mode_t mode) {
    if (S_ISREG(mode))
        return USHER_FILE_REGULAR;
    if (S_ISDIR(mode))
        return USHER_FILE_DIRECTORY;
    if (S_ISLNK(mode))
        return USHER_FILE_LINK;
    return S_ISSOCK(mode) ? USHER_FILE_SOCKET : USHER_FILE_OTHER;
}

static struct usher_file_status status_of(const struct stat *status) {
    return (struct usher_file_status){
        .type = type_of(status->st_mode),
        .mode = status->st_mode & 07777,
        .size = status->st_size,
        .uid = status->st_uid,
        .inode = status->st_ino,
        .modified_ns = (int64_t)status->st_mtim.tv_sec * 1000000000 + status->st_mtim.tv_nsec,
    };
}

enum usher_error usher_file_status(const char *path, struct usher_file_status *out_status) {
    struct stat status;
    if (stat(path, &status) != 0)
        return last_error();
    *out_status = status_of(&status);
    return USHER_ERROR_NONE;
}

enum usher_error usher_file_link_status(const char *path, struct usher_file_status *out_status) {
    struct stat status;
    if (lstat(path, &status) != 0)
        return last_error();
    *out_status = status_of(&status);
    return USHER_ERROR_NONE;
}

char *usher_file_resolve(const char *path, enum usher_error *out_error) {
    char *resolved = realpath(path, NULL);
    *out_error = resolved != NULL ? USHER_ERROR_NONE : last_error();
    return resolved;
}

// chmod, because mkdir subtracts the umask.
static enum usher_error make_one(const char *path, mode_t mode) {
    if (mkdir(path, mode) == 0)
        return chmod(path, mode) == 0 ? USHER_ERROR_NONE : last_error();
    return errno == EEXIST ? USHER_ERROR_NONE : last_error();
}

enum usher_error usher_file_make_directory(const char *path, mode_t mode) {
    char part[PATH_MAX];
    struct usher_file_status status = {.type = USHER_FILE_OTHER};
    size_t length = strlen(path);
    enum usher_error error = USHER_ERROR_NONE;
    if (length == 0 || length >= sizeof part)
        return USHER_ERROR_INVALID_ARGUMENT;
    for (size_t end = 1; end <= length && error == USHER_ERROR_NONE; end++) {
        if (end < length && path[end] != '/')
            continue;
        memcpy(part, path, end);
        part[end] = '\0';
        error = make_one(part, mode);
    }
    if (error == USHER_ERROR_NONE)
        error = usher_file_status(path, &status);
    if (error == USHER_ERROR_NONE && status.type != USHER_FILE_DIRECTORY)
        error = USHER_ERROR_EXISTS;
    return error;
}

enum usher_error usher_file_set_group(const char *path, const char *group) {
    gid_t gid;
    enum usher_error error = usher_identity_group(group, &gid);
    if (error != USHER_ERROR_NONE)
        return error;
    return lchown(path, (uid_t)-1, gid) == 0 ? USHER_ERROR_NONE : last_error();
}

enum usher_error usher_file_set_mode(const char *path, mode_t mode) {
    return chmod(path, mode) == 0 ? USHER_ERROR_NONE : last_error();
}

enum usher_error usher_file_sync_folder_of(const char *path) {
    struct draft place = {.folder = -1, .fd = -1};
    enum usher_error error = open_folder(&place, path);
    if (error != USHER_ERROR_NONE)
        return error;
    if (fsync(place.folder) != 0)
        error = last_error();
    close(place.folder);
    return error;
}

enum usher_error usher_file_rename(const char *path, const char *new_path) {
    return rename(path, new_path) == 0 ? usher_file_sync_folder_of(new_path) : last_error();
}

enum usher_error usher_file_remove(const char *path) {
    return unlink(path) == 0 ? usher_file_sync_folder_of(path) : last_error();
}

enum usher_error usher_file_copy_owner(const char *path, const char *from) {
    struct stat wanted;
    struct stat status;
    if (stat(from, &wanted) != 0 || lstat(path, &status) != 0)
        return last_error();
    if (wanted.st_uid == status.st_uid && wanted.st_gid == status.st_gid)
        return USHER_ERROR_NONE;
    return lchown(path, wanted.st_uid, wanted.st_gid) == 0 ? USHER_ERROR_NONE : last_error();
}

enum usher_error usher_file_sweep(const char *path) {
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return last_error();
    sweep(folder);
    close(folder);
    return USHER_ERROR_NONE;
}
