// SPDX-License-Identifier: MIT
#include "secret.h"

#include "buffer.h"
#include "encoding.h"
#include "file.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum usher_error usher_secret_init(struct usher_secret *secret, const void *bytes, size_t length) {
    char *copy = malloc(length > 0 ? length : 1);
    if (copy == NULL)
        return USHER_ERROR_OUT_OF_MEMORY;
    if (length > 0)
        memcpy(copy, bytes, length);
    secret->bytes = copy;
    secret->length = length;
    return USHER_ERROR_NONE;
}

void usher_secret_deinit(struct usher_secret *secret) {
    if (secret->bytes != NULL)
        OPENSSL_cleanse(secret->bytes, secret->length);
    free(secret->bytes);
    *secret = (struct usher_secret){0};
}

// An environment may hold a name more than once: getenv sees the first, /proc/PID/environ all.
static void cleanse_variable(const char *name) {
    size_t length = strlen(name);
    for (char **entry = environ; *entry != NULL; entry++) {
        if (strncmp(*entry, name, length) == 0 && (*entry)[length] == '=')
            OPENSSL_cleanse(*entry + length + 1, strlen(*entry + length + 1));
    }
}

enum usher_error usher_secret_init_from_environment(struct usher_secret *secret, const char *name) {
    const char *value = getenv(name);
    if (value == NULL)
        return USHER_ERROR_NOT_FOUND;
    enum usher_error error = usher_secret_init(secret, value, strlen(value));
    if (error != USHER_ERROR_NONE)
        return error;
    cleanse_variable(name);
    unsetenv(name);
    return USHER_ERROR_NONE;
}

enum usher_error usher_secret_init_from_file(struct usher_secret *secret, const char *path,
                                             size_t max_bytes) {
    struct usher_buffer buffer;
    usher_buffer_init(&buffer, max_bytes);
    enum usher_error error = usher_buffer_reserve(&buffer, max_bytes);
    if (error == USHER_ERROR_NONE)
        error = usher_file_read(path, &buffer);
    if (error == USHER_ERROR_NONE)
        error = usher_secret_init(secret, buffer.bytes, buffer.length);
    if (buffer.bytes != NULL)
        OPENSSL_cleanse(buffer.bytes, buffer.capacity);
    usher_buffer_deinit(&buffer);
    return error;
}

enum usher_error usher_secret_init_from_base64(struct usher_secret *secret, const char *text, size_t length) {
    size_t decoded = 0;
    char *bytes = malloc(length > 0 ? length : 1);
    if (bytes == NULL)
        return USHER_ERROR_OUT_OF_MEMORY;
    enum usher_error error = usher_encoding_base64.decode(text, length, bytes, &decoded);
    if (error != USHER_ERROR_NONE) {
        OPENSSL_cleanse(bytes, length);
        free(bytes);
        return error;
    }
    secret->bytes = bytes;
    secret->length = decoded;
    return USHER_ERROR_NONE;
}

size_t usher_secret_line_length(const struct usher_secret *secret) {
    size_t length = secret->length;
    if (length == 0 || secret->bytes[length - 1] != '\n')
        return length;
    return length > 1 && secret->bytes[length - 2] == '\r' ? length - 2 : length - 1;
}

bool usher_secret_equal(const void *a, size_t a_length, const void *b, size_t b_length) {
    return a_length == b_length && CRYPTO_memcmp(a, b, a_length) == 0;
}
