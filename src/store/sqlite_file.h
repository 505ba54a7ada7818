// SPDX-License-Identifier: MIT
// The store's file before it is opened: whether it is one of ours, and its creation, whole or not at all.
#ifndef USHER_SQLITE_FILE_H
#define USHER_SQLITE_FILE_H

#include "sqlite_failure.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { USHER_SQLITE_PATH_BYTES = 4096 };

struct usher_sqlite_options {
    const char *path;
    uint32_t application_id;   // of the file
    const char *const *create; // statements that make a new file
    size_t create_count;
    bool may_create; // false: a missing file is not_found
};

// Writes the absolute path, so that it means the same file whatever the working folder becomes later. LIMIT:
// longer than USHER_SQLITE_PATH_BYTES allows.
enum usher_error usher_sqlite_file_resolve(const char *path, char out_path[USHER_SQLITE_PATH_BYTES],
                                           struct usher_sqlite_failure *failure);

// Only reads. NOT_FOUND; STORE_FOREIGN: empty, no SQLite file, or another application_id; STORE_CORRUPT: of a
// version that we never write; PERMISSION, ...
enum usher_error usher_sqlite_file_inspect(const char *path, uint32_t application_id,
                                           struct usher_sqlite_failure *failure);

// Builds the file, mode 0600, under another name in the same folder and links it to its own once it is
// durable. NONE also where another process was faster. STORE_CORRUPT: only the file's companions are there.
enum usher_error usher_sqlite_file_create(const struct usher_sqlite_options *options,
                                          struct usher_sqlite_failure *failure);

// Removes what a creation that was killed left beside an existing file.
void usher_sqlite_file_sweep(const char *path);

#endif
