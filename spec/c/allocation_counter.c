// SPDX-License-Identifier: MIT
#include "allocation_counter.h"

#include <curl/curl.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

enum { PATIENCE_SECONDS = 60 }; // from one arming to the next

static atomic_uint armed; // whose allocations; 0: nobody's
static atomic_llong seen;
static atomic_llong failed;
static atomic_llong live;
static long long first_to_fail;
static long long last_to_fail;

static void on_alarm(int number) {
    (void)number;
    dprintf(STDERR_FILENO, "allocation %lld: still not at its end\n", first_to_fail);
    _exit(EXIT_FAILURE);
}

void allocation_arm(unsigned whose, long long first, long long count) {
    first_to_fail = first;
    last_to_fail = first + count - 1;
    signal(SIGALRM, on_alarm);
    alarm(PATIENCE_SECONDS);
    atomic_store(&seen, 0);
    atomic_store(&failed, 0);
    atomic_store(&armed, whose);
}

bool allocation_disarm(void) {
    atomic_store(&armed, 0);
    return atomic_load(&failed) > 0;
}

bool allocation_fails(unsigned whose) {
    if ((atomic_load(&armed) & whose) == 0)
        return false;
    long long position = atomic_fetch_add(&seen, 1) + 1;
    if (position < first_to_fail || position > last_to_fail)
        return false;
    atomic_fetch_add(&failed, 1);
    return true;
}

long long allocation_live(void) {
    return atomic_load(&live);
}

// the core's own, by the linker's --wrap ---------------------------------------------------------------

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
void __real_free(void *block);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);
void *__wrap_reallocarray(void *block, size_t count, size_t size);
char *__wrap_strdup(const char *text);
void __wrap_free(void *block);

static void *count_block(void *block) {
    atomic_fetch_add(&live, block != NULL ? 1 : 0);
    return block;
}

void *__wrap_malloc(size_t size) {
    return allocation_fails(ALLOCATION_CORE) ? NULL : count_block(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size) {
    return allocation_fails(ALLOCATION_CORE) ? NULL : count_block(__real_calloc(count, size));
}

void *__wrap_realloc(void *block, size_t size) {
    if (block == NULL)
        return __wrap_malloc(size);
    return allocation_fails(ALLOCATION_CORE) ? NULL : __real_realloc(block, size);
}

void *__wrap_reallocarray(void *block, size_t count, size_t size) {
    return size != 0 && count > SIZE_MAX / size ? NULL : __wrap_realloc(block, count * size);
}

char *__wrap_strdup(const char *text) {
    size_t size = strlen(text) + 1;
    char *copy = __wrap_malloc(size);
    return copy != NULL ? memcpy(copy, text, size) : NULL;
}

void __wrap_free(void *block) {
    atomic_fetch_sub(&live, block != NULL ? 1 : 0);
    __real_free(block);
}

// Lua takes it for granted that a block can shrink.
void *allocation_for_lua(void *arg, void *block, size_t old_size, size_t new_size) {
    (void)arg;
    if (new_size == 0) {
        __real_free(block);
        return NULL;
    }
    bool grows = block == NULL || new_size > old_size;
    return grows && allocation_fails(ALLOCATION_LUA) ? NULL : __real_realloc(block, new_size);
}

// the libraries', by their hooks ------------------------------------------------------------------------

#define FAMILY(name, whose)                                                                                  \
    static void *name##_malloc(size_t size) {                                                                \
        return allocation_fails(whose) ? NULL : __real_malloc(size);                                         \
    }                                                                                                        \
    static void *name##_calloc(size_t count, size_t size) {                                                  \
        return allocation_fails(whose) ? NULL : __real_calloc(count, size);                                  \
    }                                                                                                        \
    static void *name##_realloc(void *block, size_t size) {                                                  \
        return allocation_fails(whose) ? NULL : __real_realloc(block, size);                                 \
    }

FAMILY(uv, ALLOCATION_UV)
FAMILY(curl, ALLOCATION_CURL)

static char *curl_copy(const char *text) {
    size_t size = strlen(text) + 1;
    char *copy = curl_malloc(size);
    return copy != NULL ? memcpy(copy, text, size) : NULL;
}

static void *openssl_malloc(size_t size, const char *file, int line) {
    (void)file, (void)line;
    return size == 0 || allocation_fails(ALLOCATION_OPENSSL) ? NULL : __real_malloc(size);
}

static void *openssl_realloc(void *block, size_t size, const char *file, int line) {
    (void)file, (void)line;
    if (size == 0)
        __real_free(block);
    return size == 0 || allocation_fails(ALLOCATION_OPENSSL) ? NULL : __real_realloc(block, size);
}

static void openssl_free(void *block, const char *file, int line) {
    (void)file, (void)line;
    __real_free(block);
}

static sqlite3_mem_methods sqlite_original;

static void *sqlite_malloc(int size) {
    return allocation_fails(ALLOCATION_SQLITE) ? NULL : sqlite_original.xMalloc(size);
}

static void *sqlite_realloc(void *block, int size) {
    return allocation_fails(ALLOCATION_SQLITE) ? NULL : sqlite_original.xRealloc(block, size);
}

bool allocation_hook_libraries(void) {
    bool hooked = CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free) == 1 &&
                  sqlite3_config(SQLITE_CONFIG_GETMALLOC, &sqlite_original) == SQLITE_OK;
    sqlite3_mem_methods methods = sqlite_original;
    methods.xMalloc = sqlite_malloc;
    methods.xRealloc = sqlite_realloc;
    return hooked && sqlite3_config(SQLITE_CONFIG_MALLOC, &methods) == SQLITE_OK &&
           uv_replace_allocator(uv_malloc, uv_realloc, uv_calloc, __real_free) == 0 &&
           curl_global_init_mem(CURL_GLOBAL_DEFAULT, curl_malloc, __real_free, curl_realloc, curl_copy,
                                curl_calloc) == CURLE_OK;
}
