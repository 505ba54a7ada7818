// SPDX-License-Identifier: MIT
// A file layer beneath SQLite, over the real one, whose n-th write or sync fails.
#ifndef USHER_SQLITE_FAULTS_H
#define USHER_SQLITE_FAULTS_H

#include <sqlite3.h>
#include <stdbool.h>

enum sqlite_fault {
    SQLITE_FAULT_NONE,
    SQLITE_FAULT_WRITE,
    SQLITE_FAULT_GROWTH, // a write beyond the file's end, as on a full disk
    SQLITE_FAULT_SYNC
};

struct sqlite_faults {
    enum sqlite_fault kind;
    int code;      // what the failing call returns
    int countdown; // calls of that kind that still succeed
    bool lasts;    // every later call fails too
    bool has_struck;
    int syncs;
};

// Makes the layer SQLite's default; returns the struct that steers it.
struct sqlite_faults *sqlite_faults_install(void);

#endif
