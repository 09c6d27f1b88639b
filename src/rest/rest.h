/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What `http.port` and `https.port` answer: the REST API, the statistics for people, the SDK and
 * Prometheus, the health checks, and the web pages. It translates requests: what is true of
 * sessions and streams it asks the parts of struct sl_rest_parts.
 *
 * Threads: all calls and callbacks on the control loop.
 */
#ifndef SL_REST_REST_H
#define SL_REST_REST_H

#include "base/addr.h"
#include "base/metrics.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct sl_error;
struct sl_http_request;
struct sl_loop;
struct sl_cluster;
struct sl_config;
struct sl_diagnose;
struct sl_directory;
struct sl_exchange;
struct sl_hls;
struct sl_mixers;
struct sl_pulls;
struct sl_pushes;
struct sl_archive;
struct sl_recordings;
struct sl_rest;
struct sl_sessions;
struct sl_streams;
struct sl_transcoder;
struct sl_variants;
struct sl_workers;

/* What only the creator of sl_rest knows. A NULL function means "nothing to tell" (and: alive,
 * ready). */
struct sl_rest_sources {
    void *owner;
    /* False: a part that must turn does not; *why is one of a few constant words for operators. */
    bool (*alive)(void *owner, const char **why);
    /* False: send no new clients here (draining, over a limit, a listener is missing). */
    bool (*ready)(void *owner, const char **why);
    /* Gauges that only the creator knows (draining, hook queue); fills at most max, returns how
     * many. */
    size_t (*gauges)(void *owner, struct sl_gauge_value *out, size_t max);
    /* As in struct sl_access_rules (http/http.h); NULL: nobody has an account. */
    void (*check_user)(void *owner, const char *user, const char *password,
                       void (*on_checked)(void *arg, int err), void *arg);
};

/* Who may call; may change while running. Everything is copied. */
struct sl_rest_policy {
    bool require_auth;           /* disable_rest_auth=false: credentials from everyone */
    const struct sl_cidr *allow; /* rest_allow: callers that need none */
    size_t allow_count;
    /* rest_local_users: services on this machine that are taken for its operators */
    const char *const *local_users;
    size_t local_user_count;
    /* rest_access_control_allow_*; NULL or "": pages of the request's own host, on any port. The
     * origin may be "*", one origin, or several separated by commas. */
    const char *cors_origin, *cors_headers, *cors_methods;
    const char *cors_lines; /* rest_access_control_headers: whole lines, replace the three */
};

/* Whom to ask, and to tell, what the requests are about. All outlive sl_rest. NULL: there is none,
 * and what it knows is listed by nobody. */
struct sl_rest_parts {
    struct sl_loop *loop; /* not NULL if sessions is not, or there are pages */
    struct sl_streams *streams;
    struct sl_workers *workers;
    struct sl_sessions *sessions; /* over the same streams */
    struct sl_pushes *pushes;
    struct sl_pulls *pulls;
    const struct sl_directory *directory; /* whom pulls ask for their names */
    const struct sl_cluster *cluster;
    struct sl_recordings *recordings; /* of the same streams */
    const struct sl_archive *archive; /* who records what is made of them */
    struct sl_variants *variants;     /* of the same streams; what is made of them ... */
    struct sl_transcoder *transcoder; /* ... and by whom */
    const struct sl_config *config;   /* not NULL if mixers is not: how they mix usually */
    struct sl_mixers *mixers;
    struct sl_hls *hls;
    const struct sl_exchange *exchange; /* telephone calls */
    struct sl_diagnose *diagnose;       /* what is written about clients */
};

/* Who may fetch a recording's file: whoever has its name, whom the API lets in, nobody. */
enum sl_record_access { SL_RECORD_ACCESS_NAME, SL_RECORD_ACCESS_REST, SL_RECORD_ACCESS_OFF };

/* Everything is copied. */
struct sl_rest_config {
    struct sl_rest_policy policy;
    const char *web_root; /* NULL or "": no pages */
    /* told to the pages; 0: there is no such listener */
    uint16_t ws_port, wss_port, https_port;
    const char *demo; /* outlives sl_rest; name of the built-in stream; NULL: none */
    enum sl_record_access record_access;
    struct sl_metrics *metrics; /* outlives sl_rest; NULL: no counters on /metrics */
    struct sl_rest_parts parts;
    struct sl_rest_sources sources;
};

/* -EINVAL: a CORS key cannot be read, in words. A web_root that cannot be opened is logged, the
 * rest works without pages. */
int sl_rest_create(const struct sl_rest_config *config, struct sl_rest **out,
                   struct sl_error *error);
/* After the listeners that use it are gone; answers that are not whole yet are dropped. NULL is
 * fine. */
void sl_rest_destroy(struct sl_rest *rest);

/* For requests from now on (SIGHUP). -EINVAL as above: the old policy then stays. */
int sl_rest_set_policy(struct sl_rest *rest, const struct sl_rest_policy *policy,
                       struct sl_error *error);

/* The statistics of rest-api.md section 10, for others than HTTP clients. */
void sl_rest_print_stat(struct sl_rest *rest, FILE *out);

/* An sl_http_handler; arg is the struct sl_rest. */
void sl_rest_on_request(void *arg, struct sl_http_request *request);

#endif
