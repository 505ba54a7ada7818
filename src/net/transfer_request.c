// SPDX-License-Identifier: MIT
#include "transfer_request.h"

#include "buffer.h"

#include <curl/curl.h>
#include <openssl/ssl.h>
#include <string.h>

enum { MAX_METHOD_LENGTH = 16, MAX_CONNECT_MS = 10000 };

bool usher_transfer_request_is_method(struct usher_text method) {
    if (method.length == 0 || method.length > MAX_METHOD_LENGTH)
        return false;
    for (size_t i = 0; i < method.length; i++)
        if (method.bytes[i] < 'A' || method.bytes[i] > 'Z')
            return false;
    return !usher_text_is_any_case(method, "connect");
}

static bool is_connection_field(struct usher_text name) {
    static const char *const names[] = {"connection", "content-length",    "expect",
                                        "keep-alive", "proxy-connection",  "te",
                                        "trailer",    "transfer-encoding", "upgrade"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (usher_text_is_any_case(name, names[i]))
            return true;
    return false;
}

bool usher_transfer_request_is_field(const struct usher_field *field) {
    return usher_text_is_token(field->name) && usher_text_is_field_value(field->value) &&
           !is_connection_field(field->name);
}

static enum usher_error check_url(const struct usher_transfer_request *request) {
    if (memchr(request->url.bytes, '\0', request->url.length) != NULL)
        return USHER_ERROR_BAD_URL;
    CURLU *url = curl_url();
    if (url == NULL)
        return USHER_ERROR_OUT_OF_MEMORY;
    // User and password belong in a header field: a URL is shown in too many places.
    CURLUcode code = curl_url_set(url, CURLUPART_URL, request->url.bytes, CURLU_DISALLOW_USER);
    char *scheme = NULL;
    if (code == CURLUE_OK)
        code = curl_url_get(url, CURLUPART_SCHEME, &scheme, 0);
    enum usher_error error = USHER_ERROR_BAD_URL;
    if (code == CURLUE_OUT_OF_MEMORY)
        error = USHER_ERROR_OUT_OF_MEMORY;
    else if (code == CURLUE_OK && (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0))
        error = USHER_ERROR_NONE;
    curl_free(scheme);
    curl_url_cleanup(url);
    return error;
}

// libcurl writes the session keys of every TLS connection to the file that SSLKEYLOGFILE names.
static CURLcode forget_key_log(CURL *easy, void *context, void *arg) {
    (void)easy;
    (void)arg;
    SSL_CTX_set_keylog_callback(context, NULL);
    return CURLE_OK;
}

static CURLcode set_numbers(CURL *easy) {
    static const struct {
        CURLoption option;
        long value;
    } numbers[] = {
        {CURLOPT_NOSIGNAL, 1},
        // A transfer that ends while its name is being looked up must not wait for the resolver's thread.
        {CURLOPT_QUICK_EXIT, 1},
        {CURLOPT_FOLLOWLOCATION, 0},
        {CURLOPT_NETRC, CURL_NETRC_IGNORED},
        {CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1},
        {CURLOPT_HTTP09_ALLOWED, 0},
        {CURLOPT_HTTP_CONTENT_DECODING, 0},
        {CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
        {CURLOPT_SSL_VERIFYPEER, 1},
        {CURLOPT_SSL_VERIFYHOST, 2},
    };
    CURLcode code = CURLE_OK;
    for (size_t i = 0; code == CURLE_OK && i < sizeof numbers / sizeof numbers[0]; i++)
        code = curl_easy_setopt(easy, numbers[i].option, numbers[i].value);
    return code;
}

static CURLcode set_strings(CURL *easy) {
    static const struct {
        CURLoption option;
        const char *value;
    } strings[] = {
        {CURLOPT_PROTOCOLS_STR, "http,https"},
        {CURLOPT_REDIR_PROTOCOLS_STR, "https"},
        {CURLOPT_PROXY, ""},
        {CURLOPT_NOPROXY, "*"},
    };
    CURLcode code = CURLE_OK;
    for (size_t i = 0; code == CURLE_OK && i < sizeof strings / sizeof strings[0]; i++)
        code = curl_easy_setopt(easy, strings[i].option, strings[i].value);
    return code;
}

static CURLcode set_trust(CURL *easy, const char *ca_file) {
    CURLcode code = curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, forget_key_log);
    if (code == CURLE_OK && ca_file != NULL) {
        code = curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file);
        // The folder's certificates would be trusted beside the file's.
        if (code == CURLE_OK)
            code = curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    }
    return code;
}

static CURLcode set_limits(CURL *easy, const struct usher_transfer_request *request) {
    long connect_ms = request->timeout_ms < MAX_CONNECT_MS ? request->timeout_ms : MAX_CONNECT_MS;
    CURLcode code = curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, request->timeout_ms);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, connect_ms);
    // Refuses what is announced as longer; 0 means no limit here. HEAD announces what it does not send.
    if (code == CURLE_OK && strcmp(request->method, "HEAD") != 0)
        code = curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)request->max_body_bytes);
    return code;
}

static bool has_body(const struct usher_transfer_request *request) {
    // RFC 9110 8.6: these methods say Content-Length: 0 where there is nothing to send.
    return request->body.bytes != NULL || strcmp(request->method, "POST") == 0 ||
           strcmp(request->method, "PUT") == 0 || strcmp(request->method, "PATCH") == 0;
}

static CURLcode set_method(CURL *easy, const struct usher_transfer_request *request) {
    CURLcode code = CURLE_OK;
    if (has_body(request)) {
        code = curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.length);
        if (code == CURLE_OK)
            code = curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS,
                                    request->body.bytes != NULL ? request->body.bytes : "");
    } else if (strcmp(request->method, "HEAD") == 0) {
        code = curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    } else {
        code = curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    }
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
    return code;
}

static bool append_line(struct curl_slist **fields, const char *line) {
    struct curl_slist *longer = curl_slist_append(*fields, line);
    if (longer == NULL)
        return false;
    *fields = longer;
    return true;
}

static bool is_blank(struct usher_text text) {
    for (size_t i = 0; i < text.length; i++)
        if (text.bytes[i] != ' ' && text.bytes[i] != '\t')
            return false;
    return true;
}

static bool append_field(struct curl_slist **fields, const struct usher_field *field) {
    struct usher_buffer line;
    usher_buffer_init(&line, SIZE_MAX);
    // "Name:" without a value tells libcurl to leave the field out; "Name;" sends it empty.
    struct usher_text value = is_blank(field->value) ? (struct usher_text){"", 0} : field->value;
    const char *separator = value.length == 0 ? ";" : ": ";
    bool succeeded = usher_buffer_append(&line, field->name.bytes, field->name.length) == USHER_ERROR_NONE &&
                     usher_buffer_append(&line, separator, strlen(separator)) == USHER_ERROR_NONE &&
                     usher_buffer_append(&line, value.bytes, value.length) == USHER_ERROR_NONE &&
                     usher_buffer_append(&line, "", 1) == USHER_ERROR_NONE && append_line(fields, line.bytes);
    usher_buffer_deinit(&line);
    return succeeded;
}

// Fields that libcurl adds by itself and that a caller has not asked for.
static bool append_omissions(const struct usher_transfer_request *request, struct curl_slist **fields) {
    bool has_type = false;
    for (size_t i = 0; i < request->field_count; i++)
        has_type = has_type || usher_text_is_any_case(request->fields[i].name, "content-type");
    return append_line(fields, "Expect:") && (has_type || append_line(fields, "Content-Type:"));
}

static bool append_fields(const struct usher_transfer_request *request, struct curl_slist **fields) {
    for (size_t i = 0; i < request->field_count; i++)
        if (!append_field(fields, &request->fields[i]))
            return false;
    return append_omissions(request, fields);
}

static enum usher_error from_option_code(CURLcode code) {
    if (code == CURLE_OK)
        return USHER_ERROR_NONE;
    return code == CURLE_OUT_OF_MEMORY ? USHER_ERROR_OUT_OF_MEMORY : USHER_ERROR_INTERNAL;
}

enum usher_error usher_transfer_request_apply(const struct usher_transfer_request *request, void *easy,
                                              struct curl_slist **out_fields) {
    *out_fields = NULL;
    enum usher_error error = check_url(request);
    if (error != USHER_ERROR_NONE)
        return error;
    if (!append_fields(request, out_fields))
        return USHER_ERROR_OUT_OF_MEMORY;
    CURLcode code = set_numbers(easy);
    if (code == CURLE_OK)
        code = set_strings(easy);
    if (code == CURLE_OK)
        code = set_trust(easy, request->ca_file);
    if (code == CURLE_OK)
        code = set_limits(easy, request);
    if (code == CURLE_OK)
        code = set_method(easy, request);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_URL, request->url.bytes);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_HTTPHEADER, *out_fields);
    return from_option_code(code);
}
