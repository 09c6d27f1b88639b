/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stands in for the server of net/http.h in the tests of rest/. */
#include "fake_http.h"

#include "base/blob.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

const char *sl_http_method(const struct sl_http_request *request)
{
    return request->method ? request->method : "GET";
}

const char *sl_http_path(const struct sl_http_request *request)
{
    return request->path ? request->path : "/";
}

const char *sl_http_query(const struct sl_http_request *request)
{
    return request->query ? request->query : "";
}

const char *sl_http_body(const struct sl_http_request *request, size_t *len)
{
    const char *body = request->body ? request->body : "";

    *len = strlen(body);
    return body;
}

const char *sl_http_header(const struct sl_http_request *request, const char *name)
{
    if (!strcmp(name, "host"))
        return request->host;
    if (!strcmp(name, "origin"))
        return request->origin;
    if (!strcmp(name, "authorization"))
        return request->authorization;
    if (!strcmp(name, "if-none-match"))
        return request->if_none_match;
    if (!strcmp(name, "accept-encoding"))
        return request->accept_encoding;
    fail_msg("net/http.h does not promise the header %s", name);
    return NULL;
}

const struct sl_addr *sl_http_remote(const struct sl_http_request *request)
{
    static struct sl_addr remote;
    const char *text = request->remote ? request->remote : "127.0.0.1";

    assert_int_equal(sl_addr_parse_ip(text, 50000, &remote), 0);
    return &remote;
}

const struct sl_addr *sl_http_local(const struct sl_http_request *request)
{
    return sl_http_remote(request); /* of one machine */
}

bool sl_http_is_tls(const struct sl_http_request *request)
{
    return request->tls;
}

int sl_http_owner(const struct sl_http_request *request, uid_t *uid)
{
    if (request->owner_err == 0)
        *uid = request->owner;
    return request->owner_err;
}

const char *sl_http_proxy_sign(const struct sl_http_request *request)
{
    return request->proxy_sign;
}

void sl_http_on_gone(struct sl_http_request *request, void (*on_gone)(void *owner), void *owner)
{
    request->on_gone = on_gone;
    request->on_gone_owner = owner;
}

void sl_http_respond(struct sl_http_request *request, int status, const char *content_type,
                     const void *body, size_t len, const struct sl_http_header_line *headers,
                     size_t header_count)
{
    assert_int_equal(request->answers, 0); /* a request is answered exactly once */
    assert_true(header_count <= FAKE_LINES_MAX);
    request->answers++;
    request->status = status;
    (void)snprintf(request->content_type, sizeof(request->content_type), "%s",
                   content_type ? content_type : "");
    request->answer = sl_alloc(len + 1);
    memcpy(request->answer, body, len);
    request->answer_len = len;
    for (size_t i = 0; i < header_count; i++) {
        int n =
            snprintf(request->lines[i], FAKE_LINE_MAX, "%s: %s", headers[i].name, headers[i].value);
        assert_in_range(n, 1, FAKE_LINE_MAX - 1);
    }
    request->line_count = header_count;
}

void sl_http_respond_blob(struct sl_http_request *request, int status, const char *content_type,
                          struct sl_blob *body, const struct sl_http_header_line *headers,
                          size_t header_count)
{
    sl_http_respond(request, status, content_type, body->data, body->len, headers, header_count);
}

void sl_http_respond_part(struct sl_http_request *request, const char *content_type,
                          struct sl_blob *body, size_t at, size_t len,
                          const struct sl_http_header_line *headers, size_t header_count)
{
    assert_true(at <= body->len && len <= body->len - at);
    sl_http_respond(request, 206, content_type, body->data + at, len, headers, header_count);
}

/* Its pieces are nobody's here. */
struct sl_http_body *sl_http_respond_body(struct sl_http_request *request,
                                          const struct sl_http_body_config *config)
{
    sl_http_respond(request, config->status, config->content_type, "", 0, config->headers,
                    config->header_count);
    return NULL;
}

void sl_http_body_give(struct sl_http_body *body, struct sl_chunk *chunk)
{
    (void)body;
    (void)chunk;
    fail_msg("there is no such body");
}

void sl_http_body_cut(struct sl_http_body *body, const char *why)
{
    (void)body;
    fail_msg("there is no such body: %s", why);
}

const char *fake_answer_line(const struct sl_http_request *request, const char *name)
{
    size_t len = strlen(name);

    for (size_t i = 0; i < request->line_count; i++) {
        const char *line = request->lines[i];
        if (!strncasecmp(line, name, len) && line[len] == ':')
            return line + len + 2;
    }
    return NULL;
}

json_t *fake_answer_json(const struct sl_http_request *request)
{
    json_error_t why;

    assert_int_equal(request->answers, 1);
    json_t *value = json_loads(request->answer, 0, &why);
    if (!value)
        fail_msg("not JSON: %s: %s", why.text, request->answer);
    return value;
}

void fake_gone(struct sl_http_request *request)
{
    if (request->on_gone)
        request->on_gone(request->on_gone_owner);
    request->answers++; /* nobody may answer any more */
}

void fake_deinit(struct sl_http_request *request)
{
    free(request->answer);
    memset(request, 0, sizeof(*request));
}
