// SPDX-License-Identifier: MIT
// What a TLS server is known by: a certificate chain with its private key, and the settings of all its
// sessions. TLS 1.2 and 1.3, forward secrecy and authenticated encryption only, no renegotiation, no
// compression, no resumption.
#ifndef USHER_TLS_H
#define USHER_TLS_H

#include <stddef.h>
#include <stdint.h>

struct ssl_st;
struct usher_tls;

enum usher_tls_file { USHER_TLS_NO_FILE, USHER_TLS_CERTIFICATE_FILE, USHER_TLS_KEY_FILE };

// Why there is none: which file is to blame, and a phrase for an operator. NO_FILE: the library failed.
struct usher_tls_fault {
    enum usher_tls_file file;
    char reason[160];
};

// Reads both PEM files, which are not needed any more afterwards. A private key that others than its owner
// may read is refused as OpenSSH refuses it: where it belongs to this process's user, also by its group;
// where it belongs to another, as root's keys for a group do, by everybody. NULL: *out_fault says why.
struct usher_tls *usher_tls_open(const char *certificate_path, const char *key_path,
                                 struct usher_tls_fault *out_fault);

// Another owner, who must release it too.
struct usher_tls *usher_tls_share(struct usher_tls *tls);

// Sessions that were made of it go on. NULL is allowed.
void usher_tls_release(struct usher_tls *tls);

// Unix seconds: when the certificate's time ends.
int64_t usher_tls_expires_at(const struct usher_tls *tls);

// A server's session, of the library's own kind; SSL_free ends it. NULL: out of memory.
struct ssl_st *usher_tls_accept(const struct usher_tls *tls);

#endif
