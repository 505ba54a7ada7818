// SPDX-License-Identifier: MIT
#include "tls.h"

#include "file.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20" // of TLS 1.2; those of 1.3 are all of this kind
#define GROUPS "X25519:P-256:P-384"

// Our order counts, but a client that puts ChaCha20 first has no hardware for AES.
#define PREFERENCE (SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA)

enum { SECURITY_LEVEL = 2 }; // 112 bits: RSA keys from 2048 bits on, nothing signed with SHA-1

struct usher_tls {
    SSL_CTX *context;
    size_t owners;
};

static void blame(struct usher_tls_fault *fault, enum usher_tls_file file, const char *reason) {
    fault->file = file;
    snprintf(fault->reason, sizeof fault->reason, "%s", reason);
}

// With the library's own words behind ours.
static void blame_library(struct usher_tls_fault *fault, enum usher_tls_file file, const char *reason) {
    const char *words = ERR_reason_error_string(ERR_peek_last_error());
    fault->file = file;
    snprintf(fault->reason, sizeof fault->reason, "%s (%s)", reason,
             words != NULL ? words : "no reason given");
}

static bool is_file(const char *path, enum usher_tls_file file, struct usher_file_status *out_status,
                    struct usher_tls_fault *out_fault) {
    enum usher_error error = usher_file_status(path, out_status);
    if (error == USHER_ERROR_NONE && out_status->type != USHER_FILE_REGULAR)
        error = USHER_ERROR_NOT_A_FILE;
    if (error != USHER_ERROR_NONE)
        blame(out_fault, file, usher_error_message(error));
    return error == USHER_ERROR_NONE;
}

static bool is_private(const struct usher_file_status *status, struct usher_tls_fault *out_fault) {
    mode_t others = status->uid == geteuid() ? S_IRWXG | S_IRWXO : S_IRWXO;
    if ((status->mode & others) == 0)
        return true;
    out_fault->file = USHER_TLS_KEY_FILE;
    snprintf(out_fault->reason, sizeof out_fault->reason, "mode %04o lets others at the key; allowed: %s",
             (unsigned)status->mode, status->uid == geteuid() ? "0600" : "0640");
    return false;
}

// Instead of the library's own function, which asks at the terminal.
static int on_passphrase(char *buffer, int size, int is_writing, void *arg) {
    bool *is_encrypted = arg;
    (void)buffer, (void)size, (void)is_writing;
    if (is_encrypted != NULL)
        *is_encrypted = true;
    return -1;
}

static bool use_certificate(SSL_CTX *context, const char *path, struct usher_tls_fault *out_fault) {
    struct usher_file_status status;
    if (!is_file(path, USHER_TLS_CERTIFICATE_FILE, &status, out_fault))
        return false;
    if (SSL_CTX_use_certificate_chain_file(context, path) == 1)
        return true;
    blame_library(out_fault, USHER_TLS_CERTIFICATE_FILE, "not a certificate chain in PEM that can be used");
    return false;
}

static bool use_key(SSL_CTX *context, const char *path, struct usher_tls_fault *out_fault) {
    struct usher_file_status status;
    bool is_encrypted = false;
    if (!is_file(path, USHER_TLS_KEY_FILE, &status, out_fault) || !is_private(&status, out_fault))
        return false;
    SSL_CTX_set_default_passwd_cb_userdata(context, &is_encrypted);
    bool is_used = SSL_CTX_use_PrivateKey_file(context, path, SSL_FILETYPE_PEM) == 1;
    bool is_other = !is_used && ERR_GET_LIB(ERR_peek_last_error()) == ERR_LIB_X509;
    SSL_CTX_set_default_passwd_cb_userdata(context, NULL);
    if (is_used && SSL_CTX_check_private_key(context) == 1)
        return true;
    if (is_encrypted)
        blame(out_fault, USHER_TLS_KEY_FILE, "encrypted; a key without a pass phrase is needed");
    else if (is_used || is_other)
        blame(out_fault, USHER_TLS_KEY_FILE, "not the key of the certificate");
    else
        blame_library(out_fault, USHER_TLS_KEY_FILE, "not a private key in PEM that can be used");
    return false;
}

// A client that offers protocols, none of them HTTP/1, means another service: whoever led it here shall not
// have it talk to this one.
static int on_protocols(SSL *session, const unsigned char **out, unsigned char *out_length,
                        const unsigned char *offered, unsigned offered_length, void *arg) {
    static const unsigned char ours[] = "\x08http/1.1\x08http/1.0";
    unsigned char *chosen;
    (void)session, (void)arg;
    if (SSL_select_next_proto(&chosen, out_length, ours, sizeof ours - 1, offered, offered_length) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

// A resumed session would save a handshake in ten minutes, and its ticket key would open what was recorded.
static bool configure(SSL_CTX *context) {
    char groups[] = GROUPS; // the macro that takes them casts away const
    SSL_CTX_set_security_level(context, SECURITY_LEVEL);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
    SSL_CTX_set_options(context, PREFERENCE);
    SSL_CTX_clear_options(context, SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION | SSL_OP_LEGACY_SERVER_CONNECT);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_default_passwd_cb(context, on_passphrase);
    SSL_CTX_set_alpn_select_cb(context, on_protocols, NULL);
    return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
           SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_num_tickets(context, 0) == 1 && SSL_CTX_set_cipher_list(context, CIPHERS) == 1 &&
           SSL_CTX_set1_groups_list(context, groups) == 1;
}

// Leaves nothing in the library's queue of errors, which libcurl reads too.
struct usher_tls *usher_tls_open(const char *certificate_path, const char *key_path,
                                 struct usher_tls_fault *out_fault) {
    struct usher_tls *tls = calloc(1, sizeof *tls);
    blame(out_fault, USHER_TLS_NO_FILE, "out of memory");
    if (tls == NULL)
        return NULL;
    ERR_clear_error();
    tls->owners = 1;
    tls->context = SSL_CTX_new(TLS_server_method());
    bool is_ready = tls->context != NULL && configure(tls->context) &&
                    use_certificate(tls->context, certificate_path, out_fault) &&
                    use_key(tls->context, key_path, out_fault);
    ERR_clear_error();
    if (is_ready)
        return tls;
    usher_tls_release(tls);
    return NULL;
}

struct usher_tls *usher_tls_share(struct usher_tls *tls) {
    tls->owners++;
    return tls;
}

void usher_tls_release(struct usher_tls *tls) {
    if (tls == NULL || --tls->owners > 0)
        return;
    SSL_CTX_free(tls->context);
    free(tls);
}

int64_t usher_tls_expires_at(const struct usher_tls *tls) {
    struct tm time;
    if (ASN1_TIME_to_tm(X509_get0_notAfter(SSL_CTX_get0_certificate(tls->context)), &time) != 1)
        return 0;
    return timegm(&time);
}

struct ssl_st *usher_tls_accept(const struct usher_tls *tls) {
    SSL *session = SSL_new(tls->context);
    if (session != NULL)
        SSL_set_accept_state(session);
    return session;
}
