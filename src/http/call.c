/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The answers: their headers, their JSON, and the client that has gone in between. */
#include "http/call.h"

#include "base/clock.h"
#include "http/cors.h"
#include "http/error.h"
#include "http/server.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { ANSWER_LINES_MAX = SL_CORS_LINES_MAX + 5 };

static void on_gone(void *owner)
{
    struct sl_call *call = owner;

    call->request = NULL;
}

struct sl_call *sl_call_create(struct sl_router *router, struct sl_http_request *request)
{
    struct sl_call *call = sl_new(struct sl_call);

    call->router = router;
    call->request = request;
    call->remote = *sl_http_remote(request);
    sl_http_on_gone(request, on_gone, call);
    return call;
}

void sl_call_destroy(struct sl_call *call)
{
    sl_list_remove(&call->checking);
    json_decref(call->body);
    free(call);
}

json_t *sl_call_body(const struct sl_call *call)
{
    return call->body;
}

struct sl_http_request *sl_call_request(const struct sl_call *call)
{
    return call->request;
}

bool sl_path_is_below(const char *path, const char *prefix)
{
    size_t len = strlen(prefix);

    return !strncmp(path, prefix, len) && (path[len] == '\0' || path[len] == '/');
}

/* Answers, if there is still somebody, and ends the call. */
static void reply(struct sl_call *call, int status, const char *content_type, const void *body,
                  size_t len)
{
    struct sl_http_header_line lines[ANSWER_LINES_MAX];
    char seconds[16];

    if (call->request) {
        size_t count =
            sl_cors_lines(sl_router_cors(call->router), sl_http_header(call->request, "origin"),
                          sl_http_header(call->request, "host"), lines);
        lines[count++] = (struct sl_http_header_line){"Cache-Control", "no-store"};
        lines[count++] = (struct sl_http_header_line){"X-Content-Type-Options", "nosniff"};
        if (call->allow)
            lines[count++] = (struct sl_http_header_line){"Allow", call->allow};
        if (status == 401)
            lines[count++] = (struct sl_http_header_line){
                "WWW-Authenticate", "Basic realm=\"sluice\", charset=\"UTF-8\""};
        if (call->retry_after_s > 0) {
            (void)snprintf(seconds, sizeof(seconds), "%d", call->retry_after_s);
            lines[count++] = (struct sl_http_header_line){"Retry-After", seconds};
        }
        sl_http_respond(call->request, status, content_type, body, len, lines, count);
    }
    sl_call_destroy(call);
}

void sl_reply_empty(struct sl_call *call)
{
    reply(call, 200, NULL, "", 0);
}

void sl_reply_text(struct sl_call *call, int status, const char *content_type, const char *text,
                   size_t len)
{
    reply(call, status, content_type, text, len);
}

static void reply_json_as(struct sl_call *call, int status, const char *content_type, json_t *body)
{
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;

    json_decref(body);
    if (text)
        reply(call, status, content_type, text, strlen(text));
    else
        reply(call, 500, NULL, "", 0);
    free(text);
}

void sl_reply_json(struct sl_call *call, int status, json_t *body)
{
    reply_json_as(call, status, SL_TYPE_JSON, body);
}

void sl_reply_error(struct sl_call *call, int status, const char *format, ...)
{
    const char *path = call->request ? sl_http_path(call->request) : "";
    char message[300];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(message, sizeof(message), format, args); /* cut is fine */
    va_end(args);
    if (sl_path_is_below(path, "/api/v1"))
        reply_json_as(call, status, "application/problem+json",
                      sl_problem_body(status, path, message));
    else
        sl_reply_json(call, status, sl_error_body(status, path, message, sl_wall_ms()));
}
