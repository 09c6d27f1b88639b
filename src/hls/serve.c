/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From a request to a list or a file, through whatever it has to wait for. */
#include "hls/serve.h"

#include "base/blob.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/log.h"
#include "base/mem.h"
#include "hls/master.h"
#include "http/http.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    OK = 200,
    BAD_REQUEST = 400,
    UNAUTHORIZED = 401,
    NOT_FOUND = 404,
    NOT_ALLOWED = 405,
    OUTSIDE = 416,
    UNAVAILABLE = 503,
    HEADERS_MAX = SL_CORS_LINES_MAX + 4,
    GUARD_LOG_US = 60 * SL_US_PER_S,
};

static const char cors_lines[] = "Access-Control-Allow-Origin: *;Access-Control-Allow-Methods: "
                                 "GET;Access-Control-Max-Age: 3000";

struct sl_hls_server {
    struct sl_hls_server_config config;
    struct sl_cors *cors;
    struct sl_list asks;     /* struct ask: requests that wait */
    int64_t guard_logged_us; /* 0: never */
};

/* ---- Answers ---- */

struct headers {
    struct sl_http_header_line lines[HEADERS_MAX];
    size_t count;
};

static void add_header(struct headers *headers, const char *name, const char *value)
{
    assert(headers->count < HEADERS_MAX);
    headers->lines[headers->count++] = (struct sl_http_header_line){name, value};
}

static void start_headers(const struct sl_hls_server *server, const struct sl_http_request *request,
                          struct headers *out)
{
    out->count = sl_cors_lines(server->cors, sl_http_header(request, "origin"),
                               sl_http_header(request, "host"), out->lines);
}

static void respond_empty(const struct sl_hls_server *server, struct sl_http_request *request,
                          int status, const char *name, const char *value)
{
    struct headers headers;

    start_headers(server, request, &headers);
    if (name)
        add_header(&headers, name, value);
    sl_http_respond(request, status, NULL, NULL, 0, headers.lines, headers.count);
}

/* retry_after: of 503. */
static void refuse(const struct sl_hls_server *server, struct sl_http_request *request, int status,
                   const char *retry_after)
{
    if (status == UNAVAILABLE)
        respond_empty(server, request, status, "Retry-After", retry_after);
    else if (status == UNAUTHORIZED) /* RFC 9110 section 15.5.2; browsers ask nobody for this one */
        respond_empty(server, request, status, "WWW-Authenticate", "Bearer");
    else
        respond_empty(server, request, status, NULL, NULL);
}

static const char *type_of(const char *file, bool head)
{
    const char *dot = strrchr(file, '.');

    return head || (dot && strcmp(dot, ".m4s") == 0) ? "video/mp4" : "video/mp2t";
}

static void respond_file(const struct sl_hls_server *server, struct sl_http_request *request,
                         const char *type, struct sl_blob *blob)
{
    struct headers headers;
    uint64_t first = 0, last = 0;
    char place[80];
    /* There is no tag that a condition could match. */
    const char *asked =
        sl_http_header(request, "if-range") ? NULL : sl_http_header(request, "range");
    int err = sl_range_parse(asked, blob->len, &first, &last);

    start_headers(server, request, &headers);
    add_header(&headers, "Cache-Control", "max-age=60");
    add_header(&headers, "Accept-Ranges", "bytes");
    if (err == -ENOENT) {
        sl_http_respond_blob(request, OK, type, blob, headers.lines, headers.count);
        return;
    }
    if (err < 0)
        (void)snprintf(place, sizeof(place), "bytes */%zu", blob->len);
    else
        (void)snprintf(place, sizeof(place), "bytes %" PRIu64 "-%" PRIu64 "/%zu", first, last,
                       blob->len);
    add_header(&headers, "Content-Range", place);
    if (err < 0)
        sl_http_respond(request, OUTSIDE, NULL, NULL, 0, headers.lines, headers.count);
    else
        sl_http_respond_part(request, type, blob, (size_t)first, (size_t)(last - first + 1),
                             headers.lines, headers.count);
}

/* Takes the text; NULL: no memory. */
static void respond_list(const struct sl_hls_server *server, struct sl_http_request *request,
                         char *text, size_t len)
{
    struct headers headers;

    if (!text) {
        refuse(server, request, UNAVAILABLE, "1");
        return;
    }
    start_headers(server, request, &headers);
    add_header(&headers, "Cache-Control", "no-cache");
    sl_http_respond(request, OK, "application/vnd.apple.mpegurl", text, len, headers.lines,
                    headers.count);
    free(text);
}

/* ---- Requests that wait ---- */

struct ask {
    struct sl_list link; /* in server->asks */
    struct sl_hls_server *server;
    struct sl_http_request *request;
    struct sl_hls_query query;
    char *name;                           /* in its address */
    char *source;                         /* of the stream */
    const struct sl_hls_profile *profile; /* the level that it asks for; NULL: all of it */
    struct sl_permit_wait permit;
    struct sl_broadcast_wait wait;
    struct sl_master master;
};

static void ask_free(struct ask *ask)
{
    sl_permit_wait_cancel(&ask->permit);
    sl_broadcast_wait_cancel(&ask->wait);
    sl_master_cancel(&ask->master);
    sl_list_remove(&ask->link);
    sl_hls_query_deinit(&ask->query);
    free(ask->name);
    free(ask->source);
    free(ask);
}

static void on_gone(void *owner)
{
    ask_free(owner);
}

static struct ask *ask_create(struct sl_hls_server *server, struct sl_http_request *request,
                              const char *name)
{
    struct ask *ask = sl_new(struct ask);

    ask->server = server;
    ask->request = request;
    ask->name = sl_strdup(name);
    sl_list_append(&server->asks, &ask->link);
    sl_http_on_gone(request, on_gone, ask);
    return ask;
}

/* The request, whose answer is known; the rest of ask goes. */
static void end_ask(struct ask *ask, int status, const char *retry_after)
{
    refuse(ask->server, ask->request, status, retry_after);
    ask_free(ask);
}

/* ---- Lists ---- */

static void finish_list(struct ask *ask, int status)
{
    struct sl_broadcast *broadcast =
        status == OK ? sl_broadcasts_find(ask->server->config.broadcasts, ask->name) : NULL;

    if (!broadcast) {
        end_ask(ask, status == OK ? NOT_FOUND : status, "1");
        return;
    }
    size_t len;
    char *text = sl_broadcast_write(broadcast, ask->query.suffix, &len);
    respond_list(ask->server, ask->request, text, len);
    ask_free(ask);
}

static void on_list_ready(struct sl_broadcast_wait *wait, int status)
{
    finish_list(sl_container_of(wait, struct ask, wait), status);
}

static void finish_master(struct ask *ask, int status)
{
    size_t len;

    if (status != OK) {
        end_ask(ask, status, "1");
        return;
    }
    char *text = sl_master_write(&ask->master, ask->query.suffix, &len);
    respond_list(ask->server, ask->request, text, len);
    ask_free(ask);
}

static void on_master_ready(struct sl_master *master, int status)
{
    finish_master(sl_container_of(master, struct ask, master), status);
}

static void fetch_master(struct ask *ask, const struct sl_broadcast_viewer *viewer)
{
    ask->master.broadcasts = ask->server->config.broadcasts;
    ask->master.source = ask->source;
    ask->master.on_ready = on_master_ready;
    int status = sl_master_begin(&ask->master, viewer, sl_now_us());
    if (status != 0)
        finish_master(ask, status);
}

/* The levels of a stream, where a list of them is asked for. */
static size_t levels_of(const struct ask *ask,
                        const struct sl_hls_profile *out[static SL_HLS_PROFILES_MAX])
{
    return ask->profile ? 0
                        : sl_broadcasts_levels(ask->server->config.broadcasts, ask->source, out);
}

/* Of the level that it asks for, or the first of a list of them. */
static struct sl_broadcast *open_broadcast(const struct ask *ask)
{
    struct sl_broadcasts *broadcasts = ask->server->config.broadcasts;
    const struct sl_hls_profile *profiles[SL_HLS_PROFILES_MAX];

    if (ask->profile)
        return sl_broadcasts_open_level(broadcasts, ask->source, ask->profile);
    return levels_of(ask, profiles) > 0
               ? sl_broadcasts_open_level(broadcasts, ask->source, profiles[0])
               : sl_broadcasts_open(broadcasts, ask->source);
}

static void fetch_list(struct ask *ask)
{
    const struct sl_broadcast_viewer viewer = {.remote = *sl_http_remote(ask->request),
                                               .local = *sl_http_local(ask->request)};
    const struct sl_hls_profile *profiles[SL_HLS_PROFILES_MAX];

    if (levels_of(ask, profiles) > 0) {
        fetch_master(ask, &viewer);
        return;
    }
    struct sl_broadcast *broadcast = open_broadcast(ask);
    if (!broadcast) {
        end_ask(ask, UNAVAILABLE, "1");
        return;
    }
    sl_broadcast_want(broadcast, &viewer);
    ask->wait.msn = ask->query.msn;
    ask->wait.part = ask->query.part;
    ask->wait.on_ready = on_list_ready;
    int status = sl_broadcast_wait(broadcast, &ask->wait, sl_now_us());
    if (status != 0)
        finish_list(ask, status);
}

/* ---- Who may ---- */

static void finish_permit(struct ask *ask, int status)
{
    if (status == OK) {
        fetch_list(ask);
        return;
    }
    struct sl_broadcast *broadcast = open_broadcast(ask);
    if (broadcast)
        sl_broadcasts_forget(ask->server->config.broadcasts, sl_broadcast_name(broadcast));
    end_ask(ask, status, "2");
}

static void on_permit(struct sl_permit_wait *wait, int status)
{
    finish_permit(sl_container_of(wait, struct ask, permit), status);
}

static void ask_back_end(struct ask *ask)
{
    const struct sl_hls_server *server = ask->server;
    struct sl_broadcast *broadcast = open_broadcast(ask);

    if (!broadcast) {
        end_ask(ask, UNAVAILABLE, "1");
        return;
    }
    const struct sl_permit_request permit = {
        .name = ask->source,
        .media_session_id = sl_broadcast_id(broadcast),
        .query = &ask->query,
        .remote = sl_http_remote(ask->request),
        .local = sl_http_local(ask->request),
        .path = sl_http_path(ask->request),
        .user_agent = sl_http_header(ask->request, "user-agent"),
        .origin = sl_http_header(ask->request, "origin"),
    };
    ask->permit.on_answer = on_permit;
    int status = sl_permits_ask(server->config.permits, &permit, &ask->permit, sl_now_us());
    if (status != 0)
        finish_permit(ask, status);
}

static void log_guard(struct sl_hls_server *server, const char *name)
{
    int64_t now_us = sl_now_us();
    char quoted[128];

    if (server->guard_logged_us != 0 && now_us - server->guard_logged_us < GUARD_LOG_US)
        return;
    server->guard_logged_us = now_us;
    sl_log(SL_LOG_WARN, NULL,
           "hls: %s is not shown: its publisher's application decides who may play it, and "
           "hls_auth_enabled is off",
           sl_log_quote(quoted, sizeof(quoted), name));
}

static void serve_list(struct sl_hls_server *server, struct sl_http_request *request,
                       const struct sl_hls_address *address)
{
    struct sl_hls_query query;
    char source[SL_STREAM_NAME_MAX + 1];
    const struct sl_hls_profile *profile =
        sl_broadcasts_resolve(server->config.broadcasts, address->name, source);

    /* Names that do not exist cost no more than this. */
    if (!sl_broadcasts_knows(server->config.broadcasts, source)) {
        refuse(server, request, NOT_FOUND, NULL);
        return;
    }
    if (sl_hls_query_parse(sl_http_query(request), &query) < 0) {
        refuse(server, request, BAD_REQUEST, NULL);
        return;
    }
    struct ask *ask = ask_create(server, request, address->name);
    ask->query = query;
    ask->source = sl_strdup(source);
    ask->profile = profile;
    if (server->config.config->hls_auth_enabled) {
        ask_back_end(ask);
    } else if (server->config.gate.is_guarded(server->config.gate.arg, source)) {
        log_guard(server, source);
        end_ask(ask, UNAUTHORIZED, NULL);
    } else {
        fetch_list(ask);
    }
}

/* ---- Files ---- */

static void on_file_ready(struct sl_broadcast_wait *wait, int status)
{
    struct ask *ask = sl_container_of(wait, struct ask, wait);
    struct sl_broadcast *broadcast =
        status == OK ? sl_broadcasts_find(ask->server->config.broadcasts, ask->name) : NULL;
    bool head = false;
    struct sl_blob *blob =
        broadcast ? sl_hls_window_find(sl_broadcast_window(broadcast), wait->file, &head) : NULL;

    if (!blob) {
        end_ask(ask, status == OK ? NOT_FOUND : status, "1");
        return;
    }
    respond_file(ask->server, ask->request, type_of(wait->file, head), blob);
    ask_free(ask);
}

/* A part that the list has told of, and that is not there yet (rfc8216bis section 6.2.6). */
static void wait_for_part(struct sl_hls_server *server, struct sl_http_request *request,
                          struct sl_broadcast *broadcast, const char *file)
{
    struct ask *ask = ask_create(server, request, sl_broadcast_name(broadcast));

    ask->wait.msn = -1;
    ask->wait.part = -1;
    (void)snprintf(ask->wait.file, sizeof(ask->wait.file), "%s", file);
    ask->wait.on_ready = on_file_ready;
    int status = sl_broadcast_wait(broadcast, &ask->wait, sl_now_us());
    if (status != 0)
        end_ask(ask, status, "1");
}

static void serve_file(struct sl_hls_server *server, struct sl_http_request *request,
                       const struct sl_hls_address *address)
{
    struct sl_broadcast *broadcast = sl_broadcasts_find(server->config.broadcasts, address->name);
    bool head;

    if (!broadcast) {
        refuse(server, request, NOT_FOUND, NULL);
        return;
    }
    const struct sl_hls_window *window = sl_broadcast_window(broadcast);
    struct sl_blob *blob = sl_hls_window_find(window, address->file, &head);
    if (blob)
        respond_file(server, request, type_of(address->file, head), blob);
    else if (sl_hls_window_is_hint(window, address->file))
        wait_for_part(server, request, broadcast, address->file);
    else
        refuse(server, request, NOT_FOUND, NULL);
}

/* ---- Requests ---- */

void sl_hls_server_serve(struct sl_hls_server *server, struct sl_http_request *request)
{
    const char *method = sl_http_method(request);
    struct sl_hls_address address;

    if (strcmp(method, "OPTIONS") == 0) {
        respond_empty(server, request, OK, "Allow", "GET, HEAD, OPTIONS");
        return;
    }
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
        respond_empty(server, request, NOT_ALLOWED, "Allow", "GET, HEAD, OPTIONS");
        return;
    }
    sl_hls_address_parse(sl_http_path(request), &address);
    switch (address.kind) {
    case SL_HLS_NOTHING:
        refuse(server, request, NOT_FOUND, NULL);
        break;
    case SL_HLS_LIST:
        serve_list(server, request, &address);
        break;
    case SL_HLS_FILE:
        serve_file(server, request, &address);
        break;
    }
}

int sl_hls_server_create(const struct sl_hls_server_config *config, struct sl_hls_server **out,
                         struct sl_error *error)
{
    const char *lines = config->config->hls_access_control_headers;
    const struct sl_cors_config cors = {.lines = lines[0] ? lines : cors_lines,
                                        .lines_key = "hls_access_control_headers"};
    struct sl_hls_server *server = sl_new(struct sl_hls_server);
    int err = sl_cors_create(&cors, &server->cors, error);

    if (err < 0) {
        free(server);
        return err;
    }
    server->config = *config;
    sl_list_init(&server->asks);
    *out = server;
    return 0;
}

void sl_hls_server_destroy(struct sl_hls_server *server)
{
    if (!server)
        return;
    while (!sl_list_empty(&server->asks))
        end_ask(sl_list_first(&server->asks, struct ask, link), UNAVAILABLE, "1");
    sl_cors_destroy(server->cors);
    free(server);
}
