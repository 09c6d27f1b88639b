/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The router: route tables, and the checks before a handler runs. */
#include "http/router.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "http/access.h"
#include "http/body.h"
#include "http/call.h"
#include "http/cors.h"
#include "http/files.h"
#include "http/guess.h"
#include "http/refusal.h"
#include "http/server.h"
#include "http/url.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
    TABLES_MAX = 32,
    BUSY_RETRY_S = 1,
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
    struct sl_guesses *guesses;
    struct sl_refusal_log refusals;
    struct sl_list checking; /* struct sl_call: credentials under way */
    size_t table_count;
    struct route_table tables[TABLES_MAX];
};

struct sl_router *sl_router_create(const struct sl_access_rules *rules, struct sl_files *files)
{
    struct sl_router *router = sl_new(struct sl_router);

    router->rules = rules;
    router->files = files;
    router->guesses = sl_guesses_create();
    sl_list_init(&router->checking);
    return router;
}

void sl_router_set_cors(struct sl_router *router, const struct sl_cors *cors)
{
    router->cors = cors;
}

const struct sl_cors *sl_router_cors(const struct sl_router *router)
{
    return router->cors;
}

void sl_router_destroy(struct sl_router *router)
{
    struct sl_call *call;

    if (!router)
        return;
    sl_list_foreach(call, &router->checking, struct sl_call, checking) sl_call_destroy(call);
    sl_guesses_destroy(router->guesses);
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

/* ---- Rows ---- */

/* path is decoded; case and doubled slashes count, and dots are no more than dots. */
static bool is_path(const char *route, const char *path)
{
    size_t len = strlen(route);

    if (route[len - 1] == '*')
        return !strncmp(route, path, len - 1) && path[len - 1] != '\0';
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

bool sl_route_has_method(const struct sl_route *route, const char *method)
{
    const char *wanted = strcmp(method, "HEAD") ? method : "GET"; /* RFC 9110 section 9.1 */
    size_t len = strlen(wanted);

    for (const char *at = route->methods; *at; at += strspn(at, " ")) {
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

/* ---- The body, and the handler ---- */

/* "a, b" for the words of an error. */
static void list_names(const struct sl_route *route, char *out, size_t len)
{
    size_t used = 0;

    out[0] = '\0';
    for (size_t i = 0; i < route->param_count && used < len; i++)
        used += (size_t)snprintf(out + used, len - used, "%s%s", i > 0 ? ", " : "",
                                 route->params[i].name);
}

static int read_params(struct sl_call *call, const struct sl_route *route, struct sl_error *error)
{
    size_t len;
    const char *text = sl_http_body(call->request, &len);
    json_t *object;
    int err = sl_body_parse(text, len, &object, error);

    if (err < 0)
        return err;
    if (route->body == SL_BODY_EXACT)
        err = sl_params_check_known(route->params, route->param_count, object, error);
    if (err == 0)
        err = sl_params_normalise(route->params, route->param_count, object, &call->body, error);
    json_decref(object);
    if (err == 0 && route->body == SL_BODY_NEED_ONE && json_object_size(call->body) == 0) {
        char names[200];
        list_names(route, names, sizeof(names));
        err = sl_error_set(error, -EINVAL, "at least one of these is needed: %s", names);
    }
    return err;
}

static void run_handler(struct sl_call *call, const struct sl_route *route, void *arg)
{
    struct sl_error error;
    int err = 0;

    if (strcmp(sl_http_method(call->request), "POST") != 0)
        call->body = json_object();
    else if (route->body != SL_BODY_RAW)
        err = read_params(call, route, &error);
    if (err < 0)
        sl_reply_error(call, 400, "%s", error.text);
    else
        route->handle(call, arg);
}

/* ---- Access ---- */

static void refuse_guessing(struct sl_call *call, int wait_s)
{
    call->retry_after_s = wait_s;
    sl_reply_error(call, 429, "too many wrong passwords from this address");
}

static const char user_needed[] = "a user of the console and its password are needed";

static void refuse_unauthorized(struct sl_call *call)
{
    sl_reply_error(call, 401, "%s", user_needed);
}

static void note_wrong(struct sl_router *router, const struct sl_addr *remote, int64_t now_us)
{
    char text[SL_ADDR_TEXT_MAX];

    sl_guesses_note_wrong(router->guesses, remote, now_us);
    int wait_s = sl_guesses_wait_s(router->guesses, remote, now_us);
    if (wait_s > 0)
        sl_log(SL_LOG_WARN, NULL,
               "rest: %d wrong passwords from %s: its credentials are refused "
               "for %d s",
               SL_GUESS_WRONG_MAX, sl_addr_format_ip(remote, text), wait_s);
}

/* What check_user found. Also reached by those who sent many guesses at once: what was under way
 * when the address had used up its tries tells it nothing any more, right or wrong. */
static void on_checked(void *arg, int err)
{
    struct sl_call *call = arg;
    struct sl_router *router = call->router;
    const int64_t now_us = sl_now_us();
    const int wait_s = sl_guesses_wait_s(router->guesses, &call->remote, now_us);

    assert(sl_list_linked(&call->checking)); /* not from within */
    sl_list_remove(&call->checking);
    if (err == -EACCES && wait_s == 0)
        note_wrong(router, &call->remote, now_us);
    if (!call->request) {
        sl_call_destroy(call);
    } else if (wait_s > 0) {
        refuse_guessing(call, wait_s);
    } else if (err == 0) {
        run_handler(call, call->route, call->arg);
    } else if (err == -EACCES) {
        refuse_unauthorized(call);
    } else if (err == -EBUSY) {
        call->retry_after_s = BUSY_RETRY_S;
        sl_reply_error(call, 503, "too many passwords are being checked");
    } else {
        sl_reply_error(call, 500, "the password could not be checked");
    }
}

static void check_credentials(struct sl_call *call, const struct sl_basic *basic)
{
    struct sl_router *router = call->router;
    const int wait_s = sl_guesses_wait_s(router->guesses, &call->remote, sl_now_us());

    if (wait_s > 0) {
        refuse_guessing(call, wait_s);
        return;
    }
    router->rules->check_user(router->rules->owner, basic->user, basic->password, on_checked, call);
    sl_list_append(&router->checking, &call->checking);
}

static int ask_owner(void *arg, uid_t *uid)
{
    return sl_http_owner(arg, uid);
}

/* Whether the caller is an operator on this machine; of no account where all must log in, and the
 * kernel is not asked then. */
static struct sl_refusal locate(struct sl_call *call, const struct sl_route *route)
{
    const struct sl_access_rules *rules = call->router->rules;
    struct sl_refusal found = {.locality = SL_ELSEWHERE,
                               .proxy_sign = sl_http_proxy_sign(call->request)};
    const struct sl_caller caller = {.remote = &call->remote,
                                     .host = sl_http_header(call->request, "host"),
                                     .proxy_sign = found.proxy_sign,
                                     .owner = ask_owner,
                                     .arg = call->request};

    if (route->access == SL_ROUTE_MACHINE || !rules->require_auth)
        found.locality = sl_access_locate(rules->users, &caller, &found.uid);
    return found;
}

/* 401, or 403 where nobody has an account. */
static void refuse_stranger(struct sl_call *call, const struct sl_route *route,
                            const struct sl_refusal *refusal, int status)
{
    struct sl_router *router = call->router;
    char words[SL_REFUSAL_WORDS_MAX];

    sl_refusal_note(&router->refusals, refusal, router->rules->users, sl_http_method(call->request),
                    route->path, sl_now_us());
    sl_reply_error(call, status, "%s%s",
                   status == 401
                       ? user_needed
                       : "only the server's own machine and networks in rest_allow may do this",
                   sl_refusal_explain(refusal, words));
}

/* Runs the route's handler now, or once the credentials are checked, or refuses. */
static void admit(struct sl_call *call, const struct sl_route *route, void *arg)
{
    struct sl_basic basic;

    /* A browser sends simple POSTs of any page without asking first. */
    if (!sl_cors_allows(call->router->cors, sl_http_header(call->request, "origin"),
                        sl_http_header(call->request, "host"))) {
        sl_reply_error(call, 403,
                       "pages of another origin may not call this; see "
                       "rest_access_control_allow_origin");
        return;
    }
    const struct sl_refusal found = locate(call, route);
    const bool local = found.locality == SL_LOCAL;
    if (route->access == SL_ROUTE_MACHINE && local) {
        run_handler(call, route, arg);
        return;
    }
    call->route = route;
    call->arg = arg;
    switch (sl_access_decide(call->router->rules, &call->remote, local,
                             sl_http_header(call->request, "authorization"), &basic)) {
    case SL_ACCESS_GRANTED:
        run_handler(call, route, arg);
        return;
    case SL_ACCESS_CHECK:
        check_credentials(call, &basic);
        explicit_bzero(&basic, sizeof(basic));
        return;
    case SL_ACCESS_UNAUTHORIZED:
        refuse_stranger(call, route, &found, 401);
        return;
    case SL_ACCESS_FORBIDDEN:
        refuse_stranger(call, route, &found, 403);
        return;
    }
}

/* ---- Dispatch ---- */

static void run_route(struct sl_call *call, const struct sl_route *route, void *arg)
{
    const char *method = sl_http_method(call->request);

    if (!strcmp(method, "OPTIONS")) {
        call->allow = allow_line(route->methods);
        sl_reply_empty(call);
    } else if (!sl_route_has_method(route, method)) {
        call->allow = allow_line(route->methods);
        sl_reply_error(call, 405, "%s answers %s", route->path, call->allow);
    } else if (route->access == SL_ROUTE_PUBLIC) {
        run_handler(call, route, arg);
    } else {
        admit(call, route, arg);
    }
}

void sl_router_dispatch(struct sl_router *router, struct sl_http_request *request)
{
    const char *path = sl_http_path(request), *method = sl_http_method(request);
    const bool is_page = router->files && !sl_path_is_below(path, "/rest-api") &&
                         !sl_path_is_below(path, "/api") && !sl_path_is_below(path, "/apps");
    void *arg = NULL;
    const struct sl_route *route = find_route(router, path, sl_http_query(request), &arg);

    if (!route && is_page && (!strcmp(method, "GET") || !strcmp(method, "HEAD"))) {
        sl_files_serve(router->files, request);
        return;
    }
    struct sl_call *call = sl_call_create(router, request);
    if (route) {
        run_route(call, route, arg);
    } else if (!strcmp(method, "OPTIONS")) {
        /* a preflight is answered before it is known whether the call exists (REST-3) */
        sl_reply_empty(call);
    } else if (is_page) {
        call->allow = allow_line("GET");
        sl_reply_error(call, 405, "pages answer %s", call->allow);
    } else {
        sl_reply_error(call, 404, "there is nothing at this path");
    }
}
