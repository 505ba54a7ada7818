// SPDX-License-Identifier: MIT
#include "transfer.h"

#include "buffer.h"
#include "curl_loop.h"
#include "timer.h"
#include "transfer_error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct list {
    struct usher_transfer *first;
    struct usher_transfer *last;
};

struct usher_transfer_pool {
    struct usher_curl_loop *curl_loop;
    struct usher_timer *turn; // armed when there is something to start or to report
    struct list waiting;
    struct list active;
    struct list ended; // but not reported: reports come from the loop only
    size_t active_count;
};

struct usher_transfer {
    struct usher_transfer_pool *pool;
    struct list *list; // the one of the pool's that holds it
    struct usher_transfer *previous;
    struct usher_transfer *next;
    CURL *easy;
    struct curl_slist *fields;
    usher_transfer_fn on_done;
    void *arg;
    size_t header_bytes;
    size_t header_lines;
    bool is_headed; // the final header section is complete
    struct usher_buffer body;
    enum usher_error error; // also why one of our callbacks stopped it
    const char *reason;     // goes with `error`: fixed words, or NULL
    char detail[CURL_ERROR_SIZE];
    char message[CURL_ERROR_SIZE + 64];
};

static void append(struct list *list, struct usher_transfer *transfer) {
    transfer->list = list;
    transfer->previous = list->last;
    transfer->next = NULL;
    if (list->last != NULL)
        list->last->next = transfer;
    else
        list->first = transfer;
    list->last = transfer;
}

static void leave(struct usher_transfer *transfer) {
    struct list *list = transfer->list;
    if (transfer->previous != NULL)
        transfer->previous->next = transfer->next;
    else
        list->first = transfer->next;
    if (transfer->next != NULL)
        transfer->next->previous = transfer->previous;
    else
        list->last = transfer->previous;
    transfer->list = NULL;
}

static struct usher_transfer *take_first(struct list *list) {
    struct usher_transfer *first = list->first;
    if (first == NULL)
        return NULL;
    list->first = first->next;
    if (list->first != NULL)
        list->first->previous = NULL;
    else
        list->last = NULL;
    first->list = NULL;
    return first;
}

static size_t refuse(struct usher_transfer *transfer, enum usher_error error, const char *reason) {
    transfer->error = error;
    transfer->reason = reason;
    return CURL_WRITEFUNC_ERROR;
}

// libcurl sends a request again by itself when a reused connection dies without an answer
// (Curl_retry_request). The server may have acted on the first one, and a credential works once: only where
// nothing has left.
static int on_request(void *arg, char *peer_ip, char *own_ip, int peer_port, int own_port) {
    struct usher_transfer *transfer = arg;
    (void)peer_ip, (void)own_ip, (void)peer_port, (void)own_port;
    if (!usher_transfer_is_sent(transfer))
        return CURL_PREREQFUNC_OK;
    refuse(transfer, USHER_ERROR_CONNECTION_LOST, NULL);
    return CURL_PREREQFUNC_ABORT;
}

static bool is_end_of_section(const char *line) {
    return line[0] == '\r' || line[0] == '\n';
}

static bool starts_with(const char *line, size_t length, const char *prefix) {
    return length >= strlen(prefix) && memcmp(line, prefix, strlen(prefix)) == 0;
}

// libcurl takes these and mends them: a folded line, white space around a name, CR inside a line, HTTP/2 in
// text. A server that sends them, or somebody in between, does not mean what libcurl understands.
static const char *find_line_fault(const char *line, size_t length) {
    const char *carriage_return = memchr(line, '\r', length);
    if (carriage_return != NULL && carriage_return + 2 != line + length)
        return "CR inside a header line";
    if (is_end_of_section(line))
        return NULL;
    if (starts_with(line, length, "HTTP/"))
        return starts_with(line, length, "HTTP/1.") ? NULL : "not HTTP/1.x";
    const char *colon = memchr(line, ':', length);
    size_t name_length = colon != NULL ? (size_t)(colon - line) : 0;
    for (size_t i = 0; i < name_length; i++)
        if ((unsigned char)line[i] <= ' ')
            return "white space in the name of a header field";
    return name_length > 0 ? NULL : "a header line without a name";
}

static bool is_length(const char *value) {
    size_t digits = strspn(value, "0123456789");
    return digits > 0 && digits <= 18 && value[digits] == '\0';
}

// RFC 9112 6.3: where the length of the body is in doubt the connection's other answers are too.
static const char *find_framing_fault(CURL *easy) {
    struct curl_header *field = NULL;
    bool has_length = curl_easy_header(easy, "content-length", 0, CURLH_HEADER, -1, &field) == CURLHE_OK;
    if (has_length && field->amount > 1)
        return "more than one Content-Length";
    if (has_length && !is_length(field->value))
        return "malformed Content-Length";
    if (curl_easy_header(easy, "transfer-encoding", 0, CURLH_HEADER, -1, &field) != CURLHE_OK)
        return NULL;
    if (has_length)
        return "both Content-Length and Transfer-Encoding";
    if (field->amount > 1 || strcasecmp(field->value, "chunked") != 0)
        return "a transfer encoding that was not asked for";
    return NULL;
}

static const char *find_section_fault(struct usher_transfer *transfer) {
    int status = usher_transfer_status(transfer);
    if (status == 101)
        return "a change of protocol that was not asked for";
    if (status < 200)
        return NULL;
    transfer->is_headed = true;
    return find_framing_fault(transfer->easy);
}

// Called with each line of a header section, and with the empty one at its end.
static size_t on_header(char *line, size_t size, size_t count, void *arg) {
    struct usher_transfer *transfer = arg;
    size_t length = size * count;
    transfer->header_bytes += length;
    transfer->header_lines += !is_end_of_section(line);
    if (transfer->header_bytes > USHER_TRANSFER_MAX_HEADER_BYTES ||
        transfer->header_lines > USHER_TRANSFER_MAX_HEADER_LINES)
        return refuse(transfer, USHER_ERROR_RESPONSE_TOO_LARGE, "header section too large");
    const char *fault = find_line_fault(line, length);
    if (fault == NULL && is_end_of_section(line))
        fault = find_section_fault(transfer);
    return fault == NULL ? length : refuse(transfer, USHER_ERROR_BAD_RESPONSE, fault);
}

static size_t on_body(char *bytes, size_t size, size_t count, void *arg) {
    struct usher_transfer *transfer = arg;
    enum usher_error error = usher_buffer_append(&transfer->body, bytes, size * count);
    if (error == USHER_ERROR_NONE)
        return size * count;
    return refuse(transfer, error == USHER_ERROR_LIMIT ? USHER_ERROR_RESPONSE_TOO_LARGE : error, NULL);
}

static CURLcode set_callbacks(struct usher_transfer *transfer) {
    const struct {
        CURLoption option;
        void *arg;
    } data[] = {
        {CURLOPT_PREREQDATA, transfer},          {CURLOPT_HEADERDATA, transfer},
        {CURLOPT_WRITEDATA, transfer},           {CURLOPT_PRIVATE, transfer},
        {CURLOPT_ERRORBUFFER, transfer->detail},
    };
    CURLcode code = curl_easy_setopt(transfer->easy, CURLOPT_PREREQFUNCTION, on_request);
    if (code == CURLE_OK)
        code = curl_easy_setopt(transfer->easy, CURLOPT_HEADERFUNCTION, on_header);
    if (code == CURLE_OK)
        code = curl_easy_setopt(transfer->easy, CURLOPT_WRITEFUNCTION, on_body);
    for (size_t i = 0; code == CURLE_OK && i < sizeof data / sizeof data[0]; i++)
        code = curl_easy_setopt(transfer->easy, data[i].option, data[i].arg);
    return code;
}

// It must be in no list.
static void free_transfer(struct usher_transfer *transfer) {
    curl_easy_cleanup(transfer->easy);
    curl_slist_free_all(transfer->fields);
    usher_buffer_deinit(&transfer->body);
    free(transfer);
}

// libcurl's own words are shown where they cannot speak of the request; of what is the peer's in them (names
// in its certificate) nothing but printable ASCII.
static void explain(struct usher_transfer *transfer) {
    const char *words = transfer->reason;
    bool is_harmless =
        usher_transfer_error_is_before_request(transfer->error) || transfer->error == USHER_ERROR_TIMEOUT;
    if (words == NULL && is_harmless && transfer->detail[0] != '\0')
        words = transfer->detail;
    if (words == NULL)
        return;
    snprintf(transfer->message, sizeof transfer->message, "%s: %s", usher_error_message(transfer->error),
             words);
    for (char *character = transfer->message; *character != '\0'; character++)
        if (*character < ' ' || *character > '~')
            *character = '?';
}

static void report(struct usher_transfer *transfer) {
    explain(transfer);
    transfer->on_done(transfer, transfer->arg);
    free_transfer(transfer);
}

static enum usher_error outcome_of(const struct usher_transfer *transfer, CURLcode code) {
    if (code == CURLE_OK)
        return transfer->is_headed ? USHER_ERROR_NONE : USHER_ERROR_BAD_RESPONSE;
    enum usher_error error = usher_transfer_error_from_code(code, transfer->detail);
    if (!usher_transfer_is_sent(transfer))
        return error;
    // A header line beyond 100 KiB is "out of memory" for libcurl 7.88; later versions have a code for it.
    if (error == USHER_ERROR_OUT_OF_MEMORY && !transfer->is_headed)
        return USHER_ERROR_RESPONSE_TOO_LARGE;
    // The reused connection that took the request was lost, and libcurl has failed to open another one.
    if (usher_transfer_error_is_before_request(error))
        return USHER_ERROR_CONNECTION_LOST;
    return error;
}

static void on_easy_done(CURL *easy, CURLcode code, void *arg) {
    struct usher_transfer_pool *pool = arg;
    void *data = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &data);
    struct usher_transfer *transfer = data;
    leave(transfer);
    pool->active_count--;
    if (pool->waiting.first != NULL)
        usher_timer_start(pool->turn, 0, 0);
    if (transfer->error == USHER_ERROR_NONE)
        transfer->error = outcome_of(transfer, code);
    report(transfer);
}

static void activate(struct usher_transfer *transfer) {
    struct usher_transfer_pool *pool = transfer->pool;
    if (!usher_curl_loop_add(pool->curl_loop, transfer->easy)) {
        transfer->error = USHER_ERROR_OUT_OF_MEMORY;
        report(transfer);
        return;
    }
    append(&pool->active, transfer);
    pool->active_count++;
}

static void on_turn(void *arg) {
    struct usher_transfer_pool *pool = arg;
    struct usher_transfer *transfer = NULL;
    while ((transfer = take_first(&pool->ended)) != NULL)
        report(transfer);
    while (pool->active_count < USHER_TRANSFER_MAX_ACTIVE && (transfer = take_first(&pool->waiting)) != NULL)
        activate(transfer);
}

struct usher_transfer_pool *usher_transfer_pool_new(struct usher_loop *loop) {
    struct usher_transfer_pool *pool = calloc(1, sizeof *pool);
    if (pool == NULL)
        return NULL;
    pool->curl_loop = usher_curl_loop_new(loop, USHER_TRANSFER_MAX_ACTIVE, on_easy_done, pool);
    pool->turn = usher_timer_open(loop, on_turn, pool);
    if (pool->curl_loop == NULL || pool->turn == NULL) {
        usher_transfer_pool_free(pool);
        return NULL;
    }
    return pool;
}

void usher_transfer_pool_free(struct usher_transfer_pool *pool) {
    if (pool == NULL)
        return;
    struct usher_transfer *transfer = NULL;
    while ((transfer = take_first(&pool->active)) != NULL) {
        usher_curl_loop_remove(pool->curl_loop, transfer->easy);
        free_transfer(transfer);
    }
    while ((transfer = take_first(&pool->waiting)) != NULL)
        free_transfer(transfer);
    while ((transfer = take_first(&pool->ended)) != NULL)
        free_transfer(transfer);
    usher_curl_loop_free(pool->curl_loop);
    usher_timer_close(pool->turn);
    free(pool);
}

struct usher_transfer *usher_transfer_start(struct usher_transfer_pool *pool,
                                            const struct usher_transfer_request *request,
                                            usher_transfer_fn on_done, void *arg,
                                            enum usher_error *out_error) {
    struct usher_transfer *transfer = calloc(1, sizeof *transfer);
    *out_error = USHER_ERROR_OUT_OF_MEMORY;
    if (transfer == NULL)
        return NULL;
    usher_buffer_init(&transfer->body, request->max_body_bytes);
    transfer->pool = pool;
    transfer->on_done = on_done;
    transfer->arg = arg;
    transfer->easy = curl_easy_init();
    if (transfer->easy != NULL)
        *out_error = usher_transfer_request_apply(request, transfer->easy, &transfer->fields);
    if (*out_error == USHER_ERROR_NONE && set_callbacks(transfer) != CURLE_OK)
        *out_error = USHER_ERROR_INTERNAL;
    if (*out_error != USHER_ERROR_NONE) {
        free_transfer(transfer);
        return NULL;
    }
    append(&pool->waiting, transfer);
    usher_timer_start(pool->turn, 0, 0);
    return transfer;
}

void usher_transfer_cancel(struct usher_transfer *transfer) {
    struct usher_transfer_pool *pool = transfer->pool;
    if (transfer->list == &pool->active) {
        usher_curl_loop_remove(pool->curl_loop, transfer->easy);
        pool->active_count--;
    } else if (transfer->list != &pool->waiting) {
        return;
    }
    transfer->error = USHER_ERROR_CANCELLED;
    leave(transfer);
    append(&pool->ended, transfer);
    usher_timer_start(pool->turn, 0, 0);
}

enum usher_error usher_transfer_error(const struct usher_transfer *transfer) {
    return transfer->error;
}

const char *usher_transfer_message(const struct usher_transfer *transfer) {
    return transfer->message[0] != '\0' ? transfer->message : NULL;
}

bool usher_transfer_is_sent(const struct usher_transfer *transfer) {
    long bytes = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_REQUEST_SIZE, &bytes);
    return bytes > 0;
}

int usher_transfer_status(const struct usher_transfer *transfer) {
    long status = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    return (int)status;
}

struct usher_text usher_transfer_body(const struct usher_transfer *transfer) {
    return (struct usher_text){transfer->body.bytes, transfer->body.length};
}

bool usher_transfer_next_field(const struct usher_transfer *transfer, void **cursor,
                               struct usher_field *out_field) {
    struct curl_header *field = curl_easy_nextheader(transfer->easy, CURLH_HEADER, -1, *cursor);
    *cursor = field;
    if (field == NULL)
        return false;
    out_field->name = (struct usher_text){field->name, strlen(field->name)};
    out_field->value = (struct usher_text){field->value, strlen(field->value)};
    return true;
}
