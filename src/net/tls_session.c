// SPDX-License-Identifier: MIT
#include "tls_session.h"

#include "tls.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>

struct usher_tls_session {
    SSL *ssl;
    BIO *input;  // owned by `ssl`, as is
    BIO *output; // this one
};

struct usher_tls_session *usher_tls_session_new(const struct usher_tls *tls) {
    struct usher_tls_session *session = calloc(1, sizeof *session);
    if (session == NULL)
        return NULL;
    session->ssl = usher_tls_accept(tls);
    session->input = BIO_new(BIO_s_mem());
    session->output = BIO_new(BIO_s_mem());
    if (session->ssl != NULL && session->input != NULL && session->output != NULL) {
        SSL_set_bio(session->ssl, session->input, session->output);
        return session;
    }
    BIO_free(session->input);
    BIO_free(session->output);
    SSL_free(session->ssl);
    free(session);
    ERR_clear_error();
    return NULL;
}

void usher_tls_session_free(struct usher_tls_session *session) {
    if (session == NULL)
        return;
    SSL_free(session->ssl);
    free(session);
}

bool usher_tls_session_feed(struct usher_tls_session *session, const char *bytes, size_t length) {
    return length <= INT_MAX && BIO_write(session->input, bytes, (int)length) == (int)length;
}

// The queue of errors is the thread's: what lies in it would be taken for this session's, or left for
// libcurl.
enum usher_tls_status usher_tls_session_read(struct usher_tls_session *session, char *out, size_t size,
                                             size_t *out_length) {
    *out_length = 0;
    ERR_clear_error();
    int result = SSL_read_ex(session->ssl, out, size, out_length);
    int reason = SSL_get_error(session->ssl, result);
    ERR_clear_error();
    if (result == 1 || reason == SSL_ERROR_WANT_READ)
        return USHER_TLS_OPEN;
    *out_length = 0;
    return reason == SSL_ERROR_ZERO_RETURN ? USHER_TLS_ENDED : USHER_TLS_BROKEN;
}

bool usher_tls_session_write(struct usher_tls_session *session, const char *bytes, size_t length) {
    size_t written = 0;
    if (!SSL_is_init_finished(session->ssl))
        return false;
    ERR_clear_error();
    bool is_written = SSL_write_ex(session->ssl, bytes, length, &written) == 1;
    ERR_clear_error();
    return is_written && written == length;
}

void usher_tls_session_finish(struct usher_tls_session *session) {
    ERR_clear_error();
    if (SSL_is_init_finished(session->ssl) && (SSL_get_shutdown(session->ssl) & SSL_SENT_SHUTDOWN) == 0)
        SSL_shutdown(session->ssl);
    ERR_clear_error();
}

size_t usher_tls_session_output(struct usher_tls_session *session, const char **out_bytes) {
    char *bytes = NULL;
    long length = BIO_get_mem_data(session->output, &bytes);
    *out_bytes = bytes;
    return length > 0 ? (size_t)length : 0;
}

void usher_tls_session_clear_output(struct usher_tls_session *session) {
    (void)BIO_reset(session->output);
}
