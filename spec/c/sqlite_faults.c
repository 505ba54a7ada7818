// SPDX-License-Identifier: MIT
#include "sqlite_faults.h"

#include <string.h>

struct file {
    sqlite3_file base;
    sqlite3_file *real; // follows this struct in memory
};

static struct sqlite_faults faults;
static sqlite3_vfs *real_vfs;
static sqlite3_vfs vfs;

static int strike(enum sqlite_fault kind) {
    if (faults.kind != kind)
        return SQLITE_OK;
    if (faults.countdown > 0) {
        faults.countdown--;
        return SQLITE_OK;
    }
    if (faults.has_struck && !faults.lasts)
        return SQLITE_OK;
    faults.has_struck = true;
    return faults.code;
}

static sqlite3_file *real_of(sqlite3_file *file) {
    return ((struct file *)(void *)file)->real;
}

static int on_close(sqlite3_file *file) {
    return real_of(file)->pMethods->xClose(real_of(file));
}

static int on_read(sqlite3_file *file, void *bytes, int length, sqlite3_int64 offset) {
    return real_of(file)->pMethods->xRead(real_of(file), bytes, length, offset);
}

static bool grows(sqlite3_file *file, sqlite3_int64 end) {
    sqlite3_int64 size = 0;
    return real_of(file)->pMethods->xFileSize(real_of(file), &size) == SQLITE_OK && end > size;
}

static int on_write(sqlite3_file *file, const void *bytes, int length, sqlite3_int64 offset) {
    int code = strike(SQLITE_FAULT_WRITE);
    if (code == SQLITE_OK && grows(file, offset + length))
        code = strike(SQLITE_FAULT_GROWTH);
    return code != SQLITE_OK ? code : real_of(file)->pMethods->xWrite(real_of(file), bytes, length, offset);
}

static int on_truncate(sqlite3_file *file, sqlite3_int64 size) {
    return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int on_sync(sqlite3_file *file, int flags) {
    faults.syncs++;
    int code = strike(SQLITE_FAULT_SYNC);
    return code != SQLITE_OK ? code : real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int on_file_size(sqlite3_file *file, sqlite3_int64 *size) {
    return real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int on_lock(sqlite3_file *file, int level) {
    return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int on_unlock(sqlite3_file *file, int level) {
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int on_check_lock(sqlite3_file *file, int *out_result) {
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), out_result);
}

static int on_control(sqlite3_file *file, int operation, void *arg) {
    if (operation == SQLITE_FCNTL_SIZE_HINT && grows(file, *(sqlite3_int64 *)arg)) {
        int code = strike(SQLITE_FAULT_GROWTH);
        if (code != SQLITE_OK)
            return code;
    }
    return real_of(file)->pMethods->xFileControl(real_of(file), operation, arg);
}

static int on_sector_size(sqlite3_file *file) {
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int on_characteristics(sqlite3_file *file) {
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = on_close,
    .xRead = on_read,
    .xWrite = on_write,
    .xTruncate = on_truncate,
    .xSync = on_sync,
    .xFileSize = on_file_size,
    .xLock = on_lock,
    .xUnlock = on_unlock,
    .xCheckReservedLock = on_check_lock,
    .xFileControl = on_control,
    .xSectorSize = on_sector_size,
    .xDeviceCharacteristics = on_characteristics,
};

static int on_open(sqlite3_vfs *self, sqlite3_filename name, sqlite3_file *file, int flags, int *out_flags) {
    struct file *opened = (struct file *)(void *)file;
    (void)self;
    opened->real = (sqlite3_file *)(void *)(opened + 1);
    int code = real_vfs->xOpen(real_vfs, name, opened->real, flags, out_flags);
    opened->base.pMethods = opened->real->pMethods != NULL ? &methods : NULL;
    return code;
}

struct sqlite_faults *sqlite_faults_install(void) {
    real_vfs = sqlite3_vfs_find(NULL);
    memcpy(&vfs, real_vfs, sizeof vfs);
    vfs.zName = "faults";
    vfs.pNext = NULL;
    vfs.szOsFile += (int)sizeof(struct file);
    vfs.xOpen = on_open;
    sqlite3_vfs_register(&vfs, 1);
    return &faults;
}
