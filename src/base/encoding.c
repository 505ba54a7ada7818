// SPDX-License-Identifier: MIT
#include "encoding.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static size_t times(size_t length, size_t factor) {
    return length <= SIZE_MAX / factor ? length * factor : SIZE_MAX;
}

// hex

static const char lower_digits[] = "0123456789abcdef";
static const char upper_digits[] = "0123456789ABCDEF";

static size_t hex_max(size_t length) {
    return times(length, 2);
}

static char *put_hex(char *out, char byte, const char *digits) {
    *out++ = digits[(uint8_t)byte >> 4];
    *out++ = digits[(uint8_t)byte & 15];
    return out;
}

static size_t hex_encode(const char *bytes, size_t length, char *out) {
    const char *start = out;
    for (size_t i = 0; i < length; i++)
        out = put_hex(out, bytes[i], lower_digits);
    return (size_t)(out - start);
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static bool get_hex(const char *text, char *out) {
    int high = hex_digit(text[0]);
    int low = hex_digit(text[1]);
    if (high < 0 || low < 0)
        return false;
    *out = (char)(high << 4 | low);
    return true;
}

static enum usher_error hex_decode(const char *text, size_t length, char *out, size_t *out_length) {
    if (length % 2 != 0)
        return USHER_ERROR_BAD_ENCODING;
    for (size_t i = 0; i < length / 2; i++) {
        if (!get_hex(text + 2 * i, out + i))
            return USHER_ERROR_BAD_ENCODING;
    }
    *out_length = length / 2;
    return USHER_ERROR_NONE;
}

const struct usher_encoding usher_encoding_hex = {hex_max, hex_encode, hex_decode};

// base64: a group is 3 bytes or 4 characters, a tail is the 1 or 2 bytes after the last whole group

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

static const char standard_alphabet[] = LETTERS "+/";
static const char url_alphabet[] = LETTERS "-_";

static size_t base64_max(size_t length) {
    return times(length / 3 + (length % 3 != 0), 4);
}

static char *put_characters(char *out, uint32_t group, int count, const char *alphabet) {
    for (int i = 0; i < count; i++)
        *out++ = alphabet[group >> (18 - 6 * i) & 63];
    return out;
}

static size_t encode_groups(const char *bytes, size_t length, char *out, const char *alphabet) {
    const char *start = out;
    const uint8_t *at = (const uint8_t *)bytes;
    for (; length >= 3; length -= 3, at += 3)
        out = put_characters(out, (uint32_t)at[0] << 16 | (uint32_t)at[1] << 8 | at[2], 4, alphabet);
    if (length == 1)
        out = put_characters(out, (uint32_t)at[0] << 16, 2, alphabet);
    if (length == 2)
        out = put_characters(out, (uint32_t)at[0] << 16 | (uint32_t)at[1] << 8, 3, alphabet);
    return (size_t)(out - start);
}

static size_t base64_encode(const char *bytes, size_t length, char *out) {
    size_t written = encode_groups(bytes, length, out, standard_alphabet);
    while (written % 4 != 0)
        out[written++] = '=';
    return written;
}

static size_t base64url_encode(const char *bytes, size_t length, char *out) {
    return encode_groups(bytes, length, out, url_alphabet);
}

// The 6 bits of `c`, or 64 where it is not in the alphabet, of which only the last two differ.
static uint32_t six_bits(char c, const char *alphabet) {
    if (c >= 'A' && c <= 'Z')
        return (uint32_t)(c - 'A');
    if (c >= 'a' && c <= 'z')
        return (uint32_t)(c - 'a') + 26;
    if (c >= '0' && c <= '9')
        return (uint32_t)(c - '0') + 52;
    if (c == alphabet[62])
        return 62;
    return c == alphabet[63] ? 63 : 64;
}

// Reads `count` characters (2 to 4) as the front of a group; false where one is foreign.
static bool get_group(const char *text, size_t count, const char *alphabet, uint32_t *out_group) {
    uint32_t group = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t bits = six_bits(text[i], alphabet);
        if (bits > 63)
            return false;
        group |= bits << (18 - 6 * i);
    }
    *out_group = group;
    return true;
}

// Decodes unpadded text. Bits of the tail that belong to no byte must be zero (RFC 4648 section 3.5).
static enum usher_error decode_groups(const char *text, size_t length, char *out, size_t *out_length,
                                      const char *alphabet) {
    const char *start = out;
    uint32_t group = 0;
    size_t tail = length % 4;
    if (tail == 1)
        return USHER_ERROR_BAD_ENCODING;
    for (size_t i = 0; i < length / 4; i++, text += 4) {
        if (!get_group(text, 4, alphabet, &group))
            return USHER_ERROR_BAD_ENCODING;
        *out++ = (char)(group >> 16);
        *out++ = (char)(group >> 8 & 255);
        *out++ = (char)(group & 255);
    }
    if (tail != 0) {
        uint32_t surplus = tail == 2 ? 0xffff : 0xff;
        if (!get_group(text, tail, alphabet, &group) || (group & surplus) != 0)
            return USHER_ERROR_BAD_ENCODING;
        *out++ = (char)(group >> 16);
        if (tail == 3)
            *out++ = (char)(group >> 8 & 255);
    }
    *out_length = (size_t)(out - start);
    return USHER_ERROR_NONE;
}

static enum usher_error base64_decode(const char *text, size_t length, char *out, size_t *out_length) {
    if (length % 4 != 0)
        return USHER_ERROR_BAD_ENCODING;
    for (int padding = 0; padding < 2 && length > 0 && text[length - 1] == '='; padding++)
        length--;
    return decode_groups(text, length, out, out_length, standard_alphabet);
}

static enum usher_error base64url_decode(const char *text, size_t length, char *out, size_t *out_length) {
    return decode_groups(text, length, out, out_length, url_alphabet);
}

const struct usher_encoding usher_encoding_base64 = {base64_max, base64_encode, base64_decode};
const struct usher_encoding usher_encoding_base64url = {base64_max, base64url_encode, base64url_decode};

// percent

static size_t percent_max(size_t length) {
    return times(length, 3);
}

static bool is_unreserved(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("-._~", c) != NULL);
}

static size_t percent_encode(const char *bytes, size_t length, char *out) {
    const char *start = out;
    for (size_t i = 0; i < length; i++) {
        if (is_unreserved(bytes[i])) {
            *out++ = bytes[i];
        } else {
            *out++ = '%';
            out = put_hex(out, bytes[i], upper_digits);
        }
    }
    return (size_t)(out - start);
}

static enum usher_error percent_decode(const char *text, size_t length, char *out, size_t *out_length) {
    const char *start = out;
    for (size_t i = 0; i < length; i++, out++) {
        if (text[i] != '%') {
            *out = text[i];
            continue;
        }
        if (length - i < 3 || !get_hex(text + i + 1, out))
            return USHER_ERROR_BAD_ENCODING;
        i += 2;
    }
    *out_length = (size_t)(out - start);
    return USHER_ERROR_NONE;
}

const struct usher_encoding usher_encoding_percent = {percent_max, percent_encode, percent_decode};
