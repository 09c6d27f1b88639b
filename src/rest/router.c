/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The router: route tables, the checks before a handler runs, and the answers. */
#include "rest/router.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "net/net.h"
#include "rest/access.h"
#include "rest/body.h"
#include "rest/cors.h"
#include "rest/error.h"
#include "rest/files.h"
#include "rest/url.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    TABLES_MAX = 16,
    ANSWER_LINES_MAX = SL_CORS_LINES_MAX + 4,
};

struct route_table {
    const struct sl_route *routes;
    size_t count;
    void *arg;
};

struct sl_router {
    const struct sl_access_rules *rules;
    const struct sl_cors *cors;
    struct sl_files *files;
    size_t table_count;
    struct route_table tables[TABLES_MAX];
};

struct sl_call {
    struct sl_router *router;
    struct sl_http_request *request; /* NULL once the client has gone */
    json_t *body;
    const char *allow; /* methods for Allow, 405 and OPTIONS */
};

struct sl_router *sl_router_create(const struct sl_access_rules *rules, struct sl_files *files)
{
    struct sl_router *router = sl_new(struct sl_router);

    router->rules = rules;
    router->files = files;
    return router;
}

void sl_router_set_cors(struct sl_router *router, const struct sl_cors *cors)
{
    router->cors = cors;
}

void sl_router_destroy(struct sl_router *router)
{
    free(router);
}

void sl_router_add(struct sl_router *router, const struct sl_route *routes, size_t count, void *arg)
{
    assert(router->table_count < TABLES_MAX);
    router->tables[router->table_count++] = (struct route_table){routes, count, arg};
}

void sl_router_each(const struct sl_router *router,
                    void (*fn)(const struct sl_route *route, void *arg), void *arg)
{
    for (size_t t = 0; t < router->table_count; t++) {
        for (size_t i = 0; i < router->tables[t].count; i++)
            fn(&router->tables[t].routes[i], arg);
    }
}

/* ---- Calls and replies ---- */

static void on_gone(void *owner)
{
    struct sl_call *call = owner;

    call->request = NULL;
}

static struct sl_call *call_create(struct sl_router *router, struct sl_http_request *request)
{
    struct sl_call *call = sl_new(struct sl_call);

    call->router = router;
    call->request = request;
    sl_http_on_gone(request, on_gone, call);
    return call;
}

static void call_destroy(struct sl_call *call)
{
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

/* Answers, if there is still somebody, and ends the call. */
static void reply(struct sl_call *call, int status, const char *content_type, const void *body,
                  size_t len)
{
    struct sl_http_header_line lines[ANSWER_LINES_MAX];

    if (call->request) {
        size_t count = sl_cors_lines(call->router->cors, sl_http_header(call->request, "origin"),
                                     sl_http_header(call->request, "host"), lines);
        lines[count++] = (struct sl_http_header_line){"Cache-Control", "no-store"};
        lines[count++] = (struct sl_http_header_line){"X-Content-Type-Options", "nosniff"};
        if (call->allow)
            lines[count++] = (struct sl_http_header_line){"Allow", call->allow};
        if (status == 401)
            lines[count++] = (struct sl_http_header_line){
                "WWW-Authenticate", "Basic realm=\"sluice\", charset=\"UTF-8\""};
        sl_http_respond(call->request, status, content_type, body, len, lines, count);
    }
    call_destroy(call);
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
    reply_json_as(call, status, "application/json;charset=UTF-8", body);
}

static bool is_below(const char *path, const char *prefix)
{
    size_t len = strlen(prefix);

    return !strncmp(path, prefix, len) && (path[len] == '\0' || path[len] == '/');
}

void sl_reply_error(struct sl_call *call, int status, const char *format, ...)
{
    const char *path = call->request ? sl_http_path(call->request) : "";
    char message[300];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(message, sizeof(message), format, args); /* cut is fine */
    va_end(args);
    if (is_below(path, "/api/v1"))
        reply_json_as(call, status, "application/problem+json",
                      sl_problem_body(status, path, message));
    else
        sl_reply_json(call, status, sl_error_body(status, path, message, sl_wall_ms()));
}

/* ---- Dispatch ---- */

static bool is_path(const char *route, const char *path)
{
    size_t len = strlen(route);

    return !strncmp(route, path, len) && (path[len] == '\0' || !strcmp(path + len, "/"));
}

static bool is_action(const struct sl_route *route, const char *query)
{
    char action[SL_QUERY_VALUE_MAX];

    return !route->action ||
           (sl_query_get(query, "action", action) == 0 && !strcmp(action, route->action));
}

static const struct sl_route *find_route(const struct sl_router *router, const char *path,
                                         const char *query, void **arg)
{
    for (size_t t = 0; t < router->table_count; t++) {
        const struct route_table *table = &router->tables[t];
        for (size_t i = 0; i < table->count; i++) {
            const struct sl_route *route = &table->routes[i];
            if (is_path(route->path, path) && is_action(route, query)) {
                *arg = table->arg;
                return route;
            }
        }
    }
    return NULL;
}

/* method is one of the words of methods; HEAD goes with GET (RFC 9110 section 9.1). */
static bool is_method(const char *methods, const char *method)
{
    const char *wanted = strcmp(method, "HEAD") ? method : "GET";
    size_t len = strlen(wanted);

    for (const char *at = methods; *at; at += strspn(at, " ")) {
        size_t word = strcspn(at, " ");
        if (word == len && !memcmp(at, wanted, len))
            return true;
        at += word;
    }
    return false;
}

static const char *allow_line(const char *methods)
{
    static const char *const lines[][2] = {
        {"GET", "GET, HEAD, OPTIONS"},
        {"POST", "POST, OPTIONS"},
        {"GET POST", "GET, HEAD, POST, OPTIONS"},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(lines); i++) {
        if (!strcmp(lines[i][0], methods))
            return lines[i][1];
    }
    return "OPTIONS";
}

/* False: the caller may not, and has been told so. */
static bool admit(struct sl_call *call)
{
    struct sl_http_request *request = call->request;
    const char *host = sl_http_header(request, "host");
    const char *origin = sl_http_header(request, "origin");

    /* A browser sends simple POSTs of any page without asking first. */
    if (!sl_cors_allows(call->router->cors, origin, host)) {
        sl_reply_error(call, 403,
                       "pages of another origin may not call this; see "
                       "rest_access_control_allow_origin");
        return false;
    }
    switch (sl_access_check(call->router->rules, sl_http_remote(request), host,
                            sl_http_header(request, "authorization"))) {
    case SL_ACCESS_GRANTED:
        return true;
    case SL_ACCESS_UNAUTHORIZED:
        sl_reply_error(call, 401, "a user of the console and its password are needed");
        return false;
    case SL_ACCESS_FORBIDDEN:
        break;
    }
    sl_reply_error(call, 403,
                   "only callers on the server's own machine, addressing it as localhost, may do "
                   "this; see rest_allow");
    return false;
}

static bool read_body(struct sl_call *call)
{
    struct sl_error error;
    size_t len;
    const char *body = sl_http_body(call->request, &len);

    if (sl_body_parse(body, len, &call->body, &error) == 0)
        return true;
    sl_reply_error(call, 400, "%s", error.text);
    return false;
}

static void run_route(struct sl_call *call, const struct sl_route *route, void *arg)
{
    const char *method = sl_http_method(call->request);

    if (!strcmp(method, "OPTIONS")) {
        call->allow = allow_line(route->methods);
        sl_reply_empty(call);
        return;
    }
    if (!is_method(route->methods, method)) {
        call->allow = allow_line(route->methods);
        sl_reply_error(call, 405, "%s answers %s", route->path, call->allow);
        return;
    }
    if (route->access == SL_ROUTE_OPERATOR && !admit(call))
        return;
    if (!strcmp(method, "POST") && !read_body(call))
        return;
    route->handle(call, arg);
}

void sl_router_dispatch(struct sl_router *router, struct sl_http_request *request)
{
    const char *path = sl_http_path(request), *method = sl_http_method(request);
    void *arg = NULL;
    const struct sl_route *route = find_route(router, path, sl_http_query(request), &arg);

    if (!route && !is_below(path, "/rest-api") && !is_below(path, "/api") && router->files &&
        is_method("GET", method)) {
        sl_files_serve(router->files, request);
        return;
    }
    struct sl_call *call = call_create(router, request);
    if (route) {
        run_route(call, route, arg);
    } else if (!strcmp(method, "OPTIONS")) {
        /* a preflight is answered before it is known whether the call exists (REST-3) */
        sl_reply_empty(call);
    } else if (router->files && !is_below(path, "/rest-api") && !is_below(path, "/api")) {
        call->allow = allow_line("GET");
        sl_reply_error(call, 405, "pages answer %s", call->allow);
    } else {
        sl_reply_error(call, 404, "there is nothing at this path");
    }
}
