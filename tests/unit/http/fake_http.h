/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The request side of net/http.h without a network: a request is a struct, the answer is kept. */
#ifndef SL_TEST_REST_FAKE_HTTP_H
#define SL_TEST_REST_FAKE_HTTP_H

#include "http/http.h"

#include <jansson.h>

enum { FAKE_LINES_MAX = 16, FAKE_LINE_MAX = 700 };

struct sl_http_request {
    /* set by the test; NULL: absent, and for method, path, query, remote: GET, /, none, 127.0.0.1
     */
    const char *method, *path, *query, *body, *remote;
    const char *host, *origin, *authorization, *if_none_match, *accept_encoding;
    bool tls;
    const char *proxy_sign;
    int owner_err; /* not 0: whose it is cannot be told */
    uid_t owner;

    /* what was answered */
    int answers, status;
    char content_type[100];
    char *answer; /* NUL-terminated besides */
    size_t answer_len;
    size_t line_count;
    char lines[FAKE_LINES_MAX][FAKE_LINE_MAX]; /* "Name: value" */

    struct sl_addr remote_addr;
    void (*on_gone)(void *owner);
    void *on_gone_owner;
};

/* The value of an answered header, NULL if it was not sent. */
const char *fake_answer_line(const struct sl_http_request *request, const char *name);
/* The answer as JSON; fails the test if it is none. The caller's reference. */
json_t *fake_answer_json(const struct sl_http_request *request);
/* The client goes away. */
void fake_gone(struct sl_http_request *request);
void fake_deinit(struct sl_http_request *request);

#endif
