// SPDX-License-Identifier: MIT
// Whole files and folders, for what is small and must be right: keys, configuration, state folders. Blocks.
#ifndef USHER_FILE_H
#define USHER_FILE_H

#include "error.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct usher_buffer;

// Appends all of a regular file, read to its end, to `buffer`. LIMIT: it does not fit. NOT_A_FILE: something
// else has that name; nothing is waited for, not even on a pipe. On failure the buffer holds a part. No
// other copy of the bytes is left, as long as the buffer does not grow: where it had room for `max_bytes`.
enum usher_error usher_file_read(const char *path, struct usher_buffer *buffer);

// Creates `path` with exactly `mode` and these bytes. They are on disk, and so is the name, before it
// returns; whoever looks meanwhile sees no file or all of it. EXISTS: there is something of that name, which
// is left as it is. On failure nothing is left behind; what a killed process left in the folder is removed.
enum usher_error usher_file_create(const char *path, const void *bytes, size_t length, mode_t mode);

enum usher_file_type {
    USHER_FILE_REGULAR,
    USHER_FILE_DIRECTORY,
    USHER_FILE_SOCKET,
    USHER_FILE_LINK,
    USHER_FILE_OTHER,
};

struct usher_file_status {
    enum usher_file_type type;
    mode_t mode; // the permission bits, 07777
    int64_t size;
    uid_t uid;
    ino_t inode;
    int64_t modified_ns; // since 1970
};

// Follows symbolic links.
enum usher_error usher_file_status(const char *path, struct usher_file_status *out_status);

// The same of a symbolic link itself.
enum usher_error usher_file_link_status(const char *path, struct usher_file_status *out_status);

// The absolute path without symbolic links, from malloc, the caller's. NULL: *out_error.
char *usher_file_resolve(const char *path, enum usher_error *out_error);

// Creates the folder and each parent that is missing, with exactly `mode`. Folders that exist are left as
// they are. EXISTS: something else has that name.
enum usher_error usher_file_make_directory(const char *path, mode_t mode);

// Gives the file, socket or folder to a group, by its name. NOT_FOUND: there is no such file, or no such
// group.
enum usher_error usher_file_set_group(const char *path, const char *group);

// Gives the file, socket or folder exactly these permission bits.
enum usher_error usher_file_set_mode(const char *path, mode_t mode);

// Removes what usher_file_create left in a folder when it was killed there.
enum usher_error usher_file_sweep(const char *path);

// Makes durable which names the folder of `path` holds.
enum usher_error usher_file_sync_folder_of(const char *path);

// Gives the file another name in the same folder, durably, replacing what had it.
enum usher_error usher_file_rename(const char *path, const char *new_path);

// Removes the file, durably.
enum usher_error usher_file_remove(const char *path);

// Gives the file to the user and the group of another one.
enum usher_error usher_file_copy_owner(const char *path, const char *from);

#endif
