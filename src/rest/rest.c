/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Puts the HTTP side together: policy, files, and the parts with their routes. */
#include "rest/rest.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "http/http.h"
#include "rest/parts.h"
#include "rest/walk.h"

#include <string.h>

struct sl_rest {
    struct sl_rest_parts parts;
    struct sl_rest_sources sources;
    struct sl_access_rules access;
    struct sl_cors *cors;
    struct sl_files *files; /* NULL: no pages */
    struct sl_router *router;
    struct sl_health health;
    struct sl_stat stat;
    struct sl_metrics_part metrics;
    struct sl_control control;
    struct sl_push_part *push;             /* NULL: nothing can be pushed */
    struct sl_pull_part *pull;             /* NULL: nothing can be pulled */
    struct sl_snapshot_part *snapshot;     /* NULL: nothing is made of streams */
    struct sl_transcoder_part *transcoder; /* NULL: likewise */
    struct sl_variants_part variants;
    struct sl_mixer_part mixers;
    struct sl_records_part *records; /* NULL: nothing is recorded */
    struct sl_debug_part *debug;     /* NULL: there are no such files */
    struct sl_calls_part calls;
    struct sl_call_streams_part *call_streams;
    struct sl_nodes_part nodes;
    struct sl_api api;
};

int sl_rest_set_policy(struct sl_rest *rest, const struct sl_rest_policy *policy,
                       struct sl_error *error)
{
    const struct sl_cors_config config = {.origin = policy->cors_origin,
                                          .headers = policy->cors_headers,
                                          .methods = policy->cors_methods,
                                          .lines = policy->cors_lines};
    struct sl_cors *cors;
    int err = sl_cors_create(&config, &cors, error);

    if (err < 0)
        return err;
    sl_cors_destroy(rest->cors);
    rest->cors = cors;
    free(rest->access.allow);
    rest->access.allow = NULL;
    rest->access.allow_count = policy->allow_count;
    if (policy->allow_count > 0) {
        rest->access.allow = sl_new_array(struct sl_cidr, policy->allow_count);
        memcpy(rest->access.allow, policy->allow, policy->allow_count * sizeof(*policy->allow));
    }
    sl_local_users_destroy(rest->access.users);
    rest->access.users = sl_local_users_create(policy->local_users, policy->local_user_count);
    rest->access.require_auth = policy->require_auth;
    sl_router_set_cors(rest->router, cors);
    return 0;
}

static void open_pages(struct sl_rest *rest, struct sl_loop *loop, const char *web_root)
{
    struct sl_error error;

    if (web_root && *web_root && sl_files_create(loop, web_root, &rest->files, &error) < 0)
        sl_log(SL_LOG_WARN, NULL, "rest: no web pages: %s", error.text);
}

static void add_parts(struct sl_rest *rest, const struct sl_rest_config *config)
{
    const struct sl_rest_parts *parts = &rest->parts;
    int64_t now_us = sl_now_us();

    rest->health = (struct sl_health){.sources = &rest->sources};
    rest->stat = (struct sl_stat){.parts = &rest->parts, .sampled_us = now_us};
    rest->metrics = (struct sl_metrics_part){.parts = &rest->parts,
                                             .sources = &rest->sources,
                                             .metrics = config->metrics,
                                             .started_us = now_us,
                                             .started_ms = sl_wall_ms()};
    rest->api = (struct sl_api){.streams = config->parts.streams,
                                .router = rest->router,
                                .ws_port = config->ws_port,
                                .wss_port = config->wss_port,
                                .https_port = config->https_port,
                                .demo = config->demo};
    sl_health_add(&rest->health, rest->router);
    if (parts->sessions) {
        rest->control = (struct sl_control){parts->sessions, sl_walks_create(parts->loop)};
        sl_control_add_streams(&rest->control, rest->router);
        sl_control_add_connections(&rest->control, rest->router);
        sl_control_add_rooms(&rest->control, rest->router);
        sl_control_add_injections(&rest->control, rest->router);
    }
    if (parts->pushes)
        rest->push = sl_push_part_create(parts->pushes, rest->router);
    if (parts->pulls)
        rest->pull = sl_pull_part_create(parts->pulls, parts->directory, rest->router);
    if (parts->variants) {
        rest->snapshot = sl_snapshot_part_create(parts->streams, parts->variants, rest->router);
        rest->transcoder = sl_transcoder_part_create(parts, rest->router);
    }
    rest->variants = (struct sl_variants_part){parts};
    sl_variants_part_add(&rest->variants, rest->router);
    if (parts->mixers)
        sl_mixer_part_init(&rest->mixers, parts, rest->router);
    if (parts->hls)
        sl_hls_part_add(parts->hls, rest->router);
    if (parts->recordings)
        rest->records = sl_records_part_create(parts, config->record_access, rest->router);
    if (parts->diagnose)
        rest->debug = sl_debug_part_create(parts, rest->router);
    if (parts->exchange) {
        rest->calls = (struct sl_calls_part){parts->exchange, parts->pushes};
        sl_calls_part_add(&rest->calls, rest->router);
        rest->call_streams = sl_call_streams_part_create(parts, rest->router);
    }
    rest->nodes = (struct sl_nodes_part){parts->cluster};
    sl_nodes_part_add(&rest->nodes, rest->router);
    sl_echo_add(rest->router);
    sl_openapi_add(rest->router);
    sl_stat_add(&rest->stat, rest->router);
    sl_metrics_part_add(&rest->metrics, rest->router);
    sl_api_add(&rest->api, rest->router);
}

int sl_rest_create(const struct sl_rest_config *config, struct sl_rest **out,
                   struct sl_error *error)
{
    struct sl_rest *rest = sl_new(struct sl_rest);

    rest->parts = config->parts;
    rest->sources = config->sources;
    rest->access.owner = config->sources.owner;
    rest->access.check_user = config->sources.check_user;
    open_pages(rest, config->parts.loop, config->web_root);
    rest->router = sl_router_create(&rest->access, rest->files);
    int err = sl_rest_set_policy(rest, &config->policy, error);
    if (err < 0) {
        sl_rest_destroy(rest);
        return err;
    }
    add_parts(rest, config);
    *out = rest;
    return 0;
}

void sl_rest_destroy(struct sl_rest *rest)
{
    if (!rest)
        return;
    sl_push_part_destroy(rest->push);
    sl_pull_part_destroy(rest->pull);
    sl_snapshot_part_destroy(rest->snapshot);
    sl_transcoder_part_destroy(rest->transcoder);
    sl_mixer_part_deinit(&rest->mixers);
    sl_debug_part_destroy(rest->debug);
    sl_call_streams_part_destroy(rest->call_streams);
    sl_records_part_destroy(rest->records);
    sl_walks_destroy(rest->control.walks);
    sl_router_destroy(rest->router);
    sl_files_destroy(rest->files);
    sl_cors_destroy(rest->cors);
    free(rest->access.allow);
    sl_local_users_destroy(rest->access.users);
    free(rest);
}

void sl_rest_print_stat(struct sl_rest *rest, FILE *out)
{
    sl_stat_write(&rest->stat, out);
    (void)fputc('\n', out);
}

void sl_rest_on_request(void *arg, struct sl_http_request *request)
{
    struct sl_rest *rest = arg;

    sl_router_dispatch(rest->router, request);
}
