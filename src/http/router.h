/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Requests to handlers and answers back. A part of the API is a table of routes and the functions
 * it names; access, methods, CORS, preflights, bodies and the shape of errors are settled here, so
 * that a handler sees only what it is about. The description of the API is made from the same
 * tables (openapi.h).
 */
#ifndef SL_HTTP_ROUTER_H
#define SL_HTTP_ROUTER_H

#include "http/param.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct sl_http_request;

enum sl_route_access {
    SL_ROUTE_PUBLIC,
    SL_ROUTE_OPERATOR, /* see access.h, and only for pages whose origin CORS allows */
    SL_ROUTE_MACHINE,  /* the same, but operators on this machine never need credentials: they are
                        * the server itself */
};

enum sl_route_body {
    SL_BODY_PARAMS,   /* a JSON object, checked against the row's parameters; empty: {} */
    SL_BODY_NEED_ONE, /* so, and 400 if none of the parameters is there */
    SL_BODY_EXACT,    /* an object as the first, and 400 if it has a field that no row names */
    SL_BODY_RAW,      /* any bytes: sl_http_body() */
};

/* One request on its way to an answer. It belongs to the handler from the call on, until it is
 * given to one of the sl_reply functions: at once, or later on the same thread. Should the client
 * go first, the reply is dropped there. */
struct sl_call;

typedef void sl_route_handler(struct sl_call *call, void *arg);

struct sl_route {
    const char *methods; /* "GET", "POST", "GET POST"; HEAD follows from GET */
    const char *path;    /* exact, but for one '/' more at the end; or "/below/" and '*', which is
                          * everything longer */
    const char *action;  /* only if the query says action=<this>; NULL: any query */
    enum sl_route_access access;
    sl_route_handler *handle;
    const char *about; /* one line for the index and the description */
    enum sl_route_body body;
    const struct sl_param *params;
    size_t param_count;
    /* For the description. The body of 200: NULL none, a media type, a schema's name (schema.h), or
     * that and "[]"; and the codes that only this row gives, "404 409". */
    const char *answer, *codes;
};
#define SL_ROUTE_PARAMS(table) .params = (table), .param_count = SL_ARRAY_LEN(table)

struct sl_router;

struct sl_access_rules;
struct sl_cors;
struct sl_files;

/* Both are borrowed; files may be NULL. */
struct sl_router *sl_router_create(const struct sl_access_rules *rules, struct sl_files *files);
/* Borrowed; before the first request. */
void sl_router_set_cors(struct sl_router *router, const struct sl_cors *cors);
/* What still waits for check_user is dropped, and its answer must not come any more. */
void sl_router_destroy(struct sl_router *router);
/* The table is borrowed for good; arg goes to its handlers. Earlier tables win. */
void sl_router_add(struct sl_router *router, const struct sl_route *routes, size_t count,
                   void *arg);
void sl_router_dispatch(struct sl_router *router, struct sl_http_request *request);
/* Calls fn for every route, in the order they were added. */
void sl_router_each(const struct sl_router *router,
                    void (*fn)(const struct sl_route *route, void *arg), void *arg);

/* True if method is one of the words of a row's methods; HEAD goes with GET. */
bool sl_route_has_method(const struct sl_route *route, const char *method);

/* The parameters, checked: only those of the row, each of its type, null ones left out. Borrowed
 * until the reply; empty for GET. NULL for SL_BODY_RAW. */
json_t *sl_call_body(const struct sl_call *call);
/* NULL once the client has gone. */
struct sl_http_request *sl_call_request(const struct sl_call *call);

#define SL_TYPE_JSON "application/json;charset=UTF-8"
#define SL_TYPE_TEXT "text/plain;charset=UTF-8"

/* 200 without a body: what void calls answer (REST-5). */
void sl_reply_empty(struct sl_call *call);
/* Takes over the reference. */
void sl_reply_json(struct sl_call *call, int status, json_t *body);
/* text is copied. */
void sl_reply_text(struct sl_call *call, int status, const char *content_type, const char *text,
                   size_t len);
/* The error body of rest-api.md section 1.1, or RFC 9457's below /api/v1. */
void sl_reply_error(struct sl_call *call, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
