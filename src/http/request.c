/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Requests as handlers see them, and the bytes of answers. */
#include "http/private.h"

#include "base/blob.h"
#include "base/bytes.h"
#include "base/log.h"
#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    BODY_ROOM_MIN = 1024,
    FIXED_LINES_LEN = 320, /* status, Date, Content-Length and Connection lines */
    HEADER_LINE_EXTRA = 4, /* ": " and CRLF */
    NOT_MODIFIED = 304,
    NO_CONTENT = 204,
    PARTIAL_CONTENT = 206,
};

/* ---- Requests ---- */

int sl_http_request_create(const uint8_t *head, size_t len, struct sl_http_request **out)
{
    struct sl_http_request *request = sl_new(struct sl_http_request);

    request->head_text = sl_alloc(len + 1); /* bounded by header_len */
    memcpy(request->head_text, head, len);
    *out = request;
    return sl_http_parse_request(request->head_text, len, &request->head);
}

void sl_http_request_destroy(struct sl_http_request *request)
{
    if (!request)
        return;
    free(request->head_text);
    free(request->body);
    free(request);
}

void sl_http_request_append_body(struct sl_http_request *request, const uint8_t *data, size_t len)
{
    size_t need = request->body_len + len + 1; /* bounded by body_len: see server.c */

    if (need > request->body_room) {
        size_t room = request->body_room ? request->body_room : BODY_ROOM_MIN;
        while (room < need)
            room *= 2;
        char *larger = sl_alloc(room);
        if (request->body)
            memcpy(larger, request->body, request->body_len);
        free(request->body);
        request->body = larger;
        request->body_room = room;
    }
    memcpy(request->body + request->body_len, data, len);
    request->body_len += len;
    request->body[request->body_len] = '\0';
}

const char *sl_http_method(const struct sl_http_request *request)
{
    return request->head.method;
}

const char *sl_http_path(const struct sl_http_request *request)
{
    return request->head.path;
}

const char *sl_http_query(const struct sl_http_request *request)
{
    return request->head.query;
}

const char *sl_http_body(const struct sl_http_request *request, size_t *len)
{
    *len = request->body_len;
    return request->body ? request->body : "";
}

const char *sl_http_header(const struct sl_http_request *request, const char *name)
{
    return sl_http_find_field(&request->head, name);
}

const struct sl_addr *sl_http_remote(const struct sl_http_request *request)
{
    return &request->remote;
}

const struct sl_addr *sl_http_local(const struct sl_http_request *request)
{
    return &request->local;
}

bool sl_http_is_tls(const struct sl_http_request *request)
{
    return request->tls;
}

int sl_http_owner(const struct sl_http_request *request, uid_t *uid)
{
    return request->peer ? sl_http_peer_owner(request->peer, uid) : -ENOENT;
}

const char *sl_http_proxy_sign(const struct sl_http_request *request)
{
    return sl_http_find_proxy_sign(&request->head);
}

void sl_http_on_gone(struct sl_http_request *request, void (*on_gone)(void *owner), void *owner)
{
    request->on_gone = on_gone;
    request->owner = owner;
}

static struct sl_http_body *respond(struct sl_http_request *request, struct sl_http_answer *answer)
{
    struct sl_http_body *body = NULL;

    answer->keep_alive = request->head.keep_alive;
    answer->head_only = strcmp(request->head.method, "HEAD") == 0;
    if (request->peer)
        body = sl_http_peer_answer(request->peer, answer);
    sl_http_request_destroy(request);
    return body;
}

void sl_http_respond(struct sl_http_request *request, int status, const char *content_type,
                     const void *body, size_t len, const struct sl_http_header_line *headers,
                     size_t header_count)
{
    (void)respond(request, &(struct sl_http_answer){.status = status,
                                                    .content_type = content_type,
                                                    .body = body,
                                                    .len = len,
                                                    .headers = headers,
                                                    .header_count = header_count});
}

void sl_http_respond_blob(struct sl_http_request *request, int status, const char *content_type,
                          struct sl_blob *body, const struct sl_http_header_line *headers,
                          size_t header_count)
{
    (void)respond(request, &(struct sl_http_answer){.status = status,
                                                    .content_type = content_type,
                                                    .blob = body,
                                                    .len = body->len,
                                                    .headers = headers,
                                                    .header_count = header_count});
}

void sl_http_respond_part(struct sl_http_request *request, const char *content_type,
                          struct sl_blob *body, size_t at, size_t len,
                          const struct sl_http_header_line *headers, size_t header_count)
{
    (void)respond(request, &(struct sl_http_answer){.status = PARTIAL_CONTENT,
                                                    .content_type = content_type,
                                                    .blob = body,
                                                    .at = at,
                                                    .len = len,
                                                    .headers = headers,
                                                    .header_count = header_count});
}

struct sl_http_body *sl_http_respond_body(struct sl_http_request *request,
                                          const struct sl_http_body_config *config)
{
    return respond(request, &(struct sl_http_answer){.status = config->status,
                                                     .content_type = config->content_type,
                                                     .later = config,
                                                     .len = config->len,
                                                     .headers = config->headers,
                                                     .header_count = config->header_count});
}

/* ---- Answers ---- */

static const char *reason_phrase(int status)
{
    static const struct {
        int status;
        const char *phrase;
    } phrases[] = {
        {101, "Switching Protocols"},
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {206, "Partial Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {415, "Unsupported Media Type"},
        {416, "Range Not Satisfiable"},
        {417, "Expectation Failed"},
        {422, "Unprocessable Content"},
        {426, "Upgrade Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(phrases); i++) {
        if (phrases[i].status == status)
            return phrases[i].phrase;
    }
    return "Status";
}

__attribute__((format(printf, 2, 3))) static void write_line(struct sl_writer *w,
                                                             const char *format, ...)
{
    char line[128]; /* the fixed lines only */
    va_list args;

    va_start(args, format);
    int len = vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    assert(len >= 0 && (size_t)len < sizeof(line));
    sl_write_bytes(w, line, (size_t)len);
}

/* As RFC 9110 section 5.6.7 wants it, whatever the locale. */
static void write_date(struct sl_writer *w)
{
    static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t now = time(NULL);
    struct tm tm;

    if (!gmtime_r(&now, &tm))
        return; /* the year does not fit an int: no date then */
    write_line(w, "Date: %s, %02d %s %d %02d:%02d:%02d GMT\r\n", days[tm.tm_wday], tm.tm_mday,
               months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static void write_header(struct sl_writer *w, const char *name, const char *value)
{
    char quoted[96];

    if (!sl_http_token_ok(name) || !sl_http_value_ok(value)) {
        sl_log(SL_LOG_ERROR, NULL, "http: a header is left out, it holds control characters: %s",
               sl_log_quote(quoted, sizeof(quoted), name));
        return;
    }
    sl_write_bytes(w, name, strlen(name));
    sl_write_bytes(w, ": ", 2);
    sl_write_bytes(w, value, strlen(value));
    sl_write_bytes(w, "\r\n", 2);
}

static size_t room_for(const struct sl_http_answer *answer)
{
    size_t room = FIXED_LINES_LEN + (answer->blob || answer->later ? 0 : (size_t)answer->len);

    if (answer->content_type)
        room += sizeof("Content-Type") + strlen(answer->content_type) + HEADER_LINE_EXTRA;
    for (size_t i = 0; i < answer->header_count; i++)
        room +=
            strlen(answer->headers[i].name) + strlen(answer->headers[i].value) + HEADER_LINE_EXTRA;
    return room;
}

struct sl_chunk *sl_http_build_answer(const struct sl_http_answer *answer)
{
    size_t room = room_for(answer);
    struct sl_chunk *chunk = sl_chunk_create(room);
    struct sl_writer w = sl_writer_of(chunk->data, room);
    /* These have no body, and a length would announce one (RFC 9110 section 8.6). */
    bool bodiless =
        answer->status < 200 || answer->status == NO_CONTENT || answer->status == NOT_MODIFIED;

    write_line(&w, "HTTP/1.1 %03d %s\r\n", answer->status, reason_phrase(answer->status));
    write_date(&w);
    if (!bodiless)
        write_line(&w, "Content-Length: %" PRIu64 "\r\n", answer->len);
    if (answer->content_type)
        write_header(&w, "Content-Type", answer->content_type);
    for (size_t i = 0; i < answer->header_count; i++)
        write_header(&w, answer->headers[i].name, answer->headers[i].value);
    if (answer->status >= 200)
        write_line(&w, "Connection: %s\r\n", answer->keep_alive ? "keep-alive" : "close");
    sl_write_bytes(&w, "\r\n", 2);
    if (!bodiless && !answer->head_only && !answer->later) {
        if (answer->blob)
            chunk->next = sl_chunk_of_part(answer->blob, answer->at, (size_t)answer->len);
        else
            sl_write_bytes(&w, answer->body, (size_t)answer->len);
    }
    assert(w.ok);
    chunk->len = sl_writer_len(&w);
    return chunk;
}
