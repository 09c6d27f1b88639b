/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Builds the parts in the order of the arrows, from the configuration. */
#include "server/internal.h"

#include "apps/apps.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "cli/cli.h"
#include "cluster/cluster.h"
#include "demo/demo.h"
#include "hooks/hooks.h"
#include "jobs/jobs.h"
#include "negotiate/negotiate.h"
#include "pull/pull.h"
#include "push/push.h"
#include "rest/rest.h"
#include "server/addresses.h"
#include "server/autopush.h"
#include "server/node.h"
#include "server/sources.h"
#include "session/session.h"
#include "signalling/signalling.h"
#include "stream/stream.h"
#include "webrtc/webrtc.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of defaultApp in a new state directory (rest-hooks.md 1.1). Hooks know this address as our own,
 * whatever http.port is now or was then. */
#define ECHO_URL "http://localhost:8081/apps/EchoApp"

enum {
    HOOKS_DRAIN_MS = 2000, /* for back ends to hear of the end */
    DEMO_WIDTH = 640,
    DEMO_HEIGHT = 360,
    DEMO_FPS = 25,
};

static size_t round_up_to_power_of_two(int64_t value)
{
    size_t power = 1;

    while ((int64_t)power < value)
        power *= 2;
    return power;
}

static size_t worker_count(const struct sl_config *config)
{
    if (config->worker_count > 0)
        return (size_t)config->worker_count;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores < 1 ? 1 : cores > 64 ? 64 : (size_t)cores;
}

/* What libuv would make later and abort without. */
static int start_pool(struct sl_server *server, struct sl_error *error)
{
    int err = sl_loop_start_pool(server->loop);

    return err < 0 ? sl_error_set(error, err, "no threads for jobs: %s", strerror(-err)) : 0;
}

static int create_media(struct sl_server *server, struct sl_error *error)
{
    const struct sl_config *config = server->config;
    struct sl_workers_config workers = {
        .count = worker_count(config),
        .packets_max = (size_t)config->media_packets_max,
        .ring_packets = round_up_to_power_of_two(config->nack_ring_packets),
        .keyframe_interval_us = config->keyframe_interval_min_ms * SL_US_PER_MS,
        .gather_max_us = config->media_gather_max_us,
        .metrics = server->metrics,
    };
    struct sl_rtc_config rtc = {
        .port_from = (uint16_t)config->media_port_from,
        .port_to = (uint16_t)config->media_port_to,
        .client_port_from = (uint16_t)config->wcs_agent_port_from,
        .client_port_to = (uint16_t)config->wcs_agent_port_to,
        .two_ports = !config->rtp_bundle,
        .tcp = config->ice_tcp,
        .gcm = config->dtls_gcm,
        .ice_timeout_us = config->ice_timeout_ms * SL_US_PER_MS,
        .dtls_timeout_us = config->dtls_timeout_ms * SL_US_PER_MS,
        .consent_timeout_us = config->consent_timeout_ms * SL_US_PER_MS,
        .rtp_timeout_us = config->rtp_timeout_ms * SL_US_PER_MS,
        .tcp_connections_max = (size_t)config->ice_tcp_connections_max,
    };

    server->workers = sl_workers_create(&workers, server->loop);
    if (!server->workers)
        return sl_error_set(error, -EMFILE, "worker_count: no descriptors for %zu workers",
                            workers.count);
    server->streams = sl_streams_create(server->workers, server->loop);
    int err = sl_addresses_choose(config, &rtc, error);
    if (err < 0)
        return err;
    err = sl_rtc_create(&rtc, server->workers, server->loop, &server->rtc, error);
    if (err == 0)
        server->addresses = sl_addresses_watch(&rtc, server->rtc, server->loop);
    return err;
}

static void destroy_media(struct sl_server *server)
{
    sl_addresses_destroy(server->addresses);
    sl_rtc_destroy(server->rtc);
    sl_workers_destroy(server->workers);
    sl_streams_destroy(server->streams);
}

static int create_http(struct sl_server *server, struct sl_error *error)
{
    const struct sl_config *config = server->config;
    struct sl_http_limits limits = {
        .connections = (size_t)config->ws_connections_max,
        .connections_per_ip = (size_t)config->ws_connections_per_ip_max,
        .strangers_per_ip = (size_t)config->ws_strangers_per_ip_max,
        .header_len = (size_t)config->http_header_max,
        .header_timeout_s = (int)(config->http_header_timeout_ms / 1000),
        .body_len = (size_t)config->http_body_max,
        .ws_message_len = (size_t)config->ws_message_max,
        .ws_queue_len = (size_t)config->ws_queue_max,
        .idle_timeout_s = (int)(config->http_idle_timeout_ms / 1000),
    };

    server->tls = sl_tls_clients_create();
    return sl_http_create(server->loop, &limits, &server->http, error);
}

/* Of whatever connects somewhere: the last to go. */
static void destroy_tls(struct sl_server *server)
{
    sl_tls_clients_destroy(server->tls);
}

static int make_state_dir(struct sl_server *server, struct sl_error *error)
{
    const struct sl_config *config = server->config;
    struct stat st;

    if (mkdir(config->state_dir, 0750) < 0 && errno != EEXIST)
        return sl_error_set(error, -errno, "state_dir: cannot make %s: %s", config->state_dir,
                            strerror(errno));
    if (stat(config->state_dir, &st) < 0 || !S_ISDIR(st.st_mode) ||
        access(config->state_dir, W_OK) < 0)
        return sl_error_set(error, -EACCES, "state_dir: %s is not a directory we can write",
                            config->state_dir);
    return 0;
}

static const char *cert_path(const struct sl_config *config, const char *configured,
                             const char *name, char *buf, size_t len)
{
    if (configured[0])
        return configured;
    (void)snprintf(buf, len, "%s/%s", config->state_dir, name);
    return buf;
}

static int create_listener(struct sl_server *server, size_t index, const char *name, int64_t port,
                           bool tls, struct sl_error *error)
{
    const struct sl_config *config = server->config;
    char cert[4096], key[4096];
    bool ws = index < 2;
    struct sl_listener_config listener = {
        .name = name,
        .address = config->http_address[0] ? config->http_address : NULL,
        .port = (uint16_t)port,
    };

    if (port == 0)
        return 0;
    if (tls) {
        listener.cert_file = cert_path(config, config->tls_cert_file, "cert.pem", cert, 4096);
        listener.key_file = cert_path(config, config->tls_key_file, "key.pem", key, 4096);
        listener.chain_file = config->tls_chain_file[0] ? config->tls_chain_file : NULL;
        if (!config->tls_cert_file[0]) {
            int err =
                sl_tls_self_signed(listener.cert_file, listener.key_file,
                                   (const char *const *)config->ip.items, config->ip.count, error);
            if (err < 0)
                return err;
        }
    }
    if (ws) {
        listener.ws = sl_signalling_ws_ops();
        listener.ws_arg = server->signalling;
    } else {
        listener.on_request = sl_rest_on_request;
        listener.http_arg = server->rest;
    }
    return sl_listener_create(server->http, &listener, &server->listeners[index], error);
}

static int create_listeners(struct sl_server *server, struct sl_error *error)
{
    const struct sl_config *config = server->config;
    int err = create_listener(server, 0, "ws.port", config->ws_port, false, error);

    if (err == 0)
        err = create_listener(server, 1, "wss.port", config->wss_port, true, error);
    if (err == 0)
        err = create_listener(server, 2, "http.port", config->http_port, false, error);
    if (err == 0)
        err = create_listener(server, 3, "https.port", config->https_port, true, error);
    return err;
}

static int create_jobs(struct sl_server *server, struct sl_error *error)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    size_t threads = (size_t)server->config->job_threads;

    if (threads == 0)
        threads = cores > 1 ? (size_t)cores / 2 : 1;
    server->jobs = sl_job_pool_create(threads);
    if (!server->jobs)
        return sl_error_set(error, -EMFILE, "no descriptors left for job threads");
    if (sl_job_pool_start(server->jobs) < 0)
        return sl_error_set(error, -EAGAIN, "no threads left for jobs");
    return 0;
}

static void destroy_jobs(struct sl_server *server)
{
    sl_job_pool_destroy(server->jobs);
}

/* With the listeners go all connections, which tell their sessions. */
static void destroy_http(struct sl_server *server)
{
    sl_http_destroy(server->http);
}

static int create_pushes(struct sl_server *server, struct sl_error *error)
{
    struct sl_pushes_config pushes = {
        .config = server->config,
        .loop = server->loop,
        .streams = server->streams,
        .jobs = server->jobs,
        .tls = server->tls,
        .counters = server->counters,
    };

    (void)error;
    server->pushes = sl_pushes_create(&pushes);
    server->autopush = sl_autopush_create(server->config, server->pushes, server->streams);
    return 0;
}

static bool stop_pushes(struct sl_server *server, void (*on_stopped)(void *owner), void *owner)
{
    sl_pushes_stop(server->pushes, on_stopped, owner);
    return true;
}

static void destroy_pushes(struct sl_server *server)
{
    sl_autopush_destroy(server->autopush);
    sl_pushes_destroy(server->pushes);
}

/* A muted microphone, say, is heard of by the viewers of other nodes too. */
static void on_pull_event(void *arg, const char *stream, const char *type, json_t *info,
                          json_t *payload)
{
    const struct sl_server *server = arg;

    sl_sessions_relay_stream_event(server->sessions, stream, type, info, payload);
}

static int create_pulls(struct sl_server *server, struct sl_error *error)
{
    struct sl_pulls_config pulls = {
        .config = server->config,
        .loop = server->loop,
        .http = server->http,
        .streams = server->streams,
        .workers = server->workers,
        .rtc = server->rtc,
        .counters = server->counters,
        .tls = server->tls,
        .node_id = server->node_id,
        .on_event = on_pull_event,
        .arg = server,
    };

    (void)error;
    server->pulls = sl_pulls_create(&pulls);
    return 0;
}

static bool stop_pulls(struct sl_server *server, void (*on_stopped)(void *owner), void *owner)
{
    sl_pulls_stop(server->pulls, on_stopped, owner);
    return true;
}

static void destroy_pulls(struct sl_server *server)
{
    sl_pulls_destroy(server->pulls);
}

static int create_cluster(struct sl_server *server, struct sl_error *error)
{
    struct sl_names_config names = {
        .config = server->config,
        .loop = server->loop,
        .pulls = server->pulls,
    };

    if (!server->config->cluster_registry[0])
        return 0;
    int err = sl_server_join_cluster(server, error);
    if (err < 0)
        return err;
    names.cluster = server->cluster;
    server->names = sl_names_create(&names);
    return 0;
}

static bool leave_cluster(struct sl_server *server, void (*on_left)(void *owner), void *owner)
{
    if (server->cluster)
        sl_cluster_leave(server->cluster, on_left, owner);
    return server->cluster != NULL;
}

static void destroy_cluster(struct sl_server *server)
{
    sl_names_destroy(server->names);
    sl_cluster_destroy(server->cluster);
}

static int create_demo(struct sl_server *server, struct sl_error *error)
{
    struct sl_demo_config demo = {
        .streams = server->streams,
        .workers = server->workers,
        .loop = server->loop,
        .name = SL_DEMO_NAME,
        .width = DEMO_WIDTH,
        .height = DEMO_HEIGHT,
        .fps = DEMO_FPS,
    };

    return server->config->demo_stream ? sl_demo_create(&demo, &server->demo, error) : 0;
}

static bool stop_demo(struct sl_server *server, void (*on_stopped)(void *owner), void *owner)
{
    if (server->demo)
        sl_demo_stop(server->demo, on_stopped, owner);
    return server->demo != NULL;
}

static void destroy_demo(struct sl_server *server)
{
    sl_demo_destroy(server->demo);
}

/* ---- Who is asked: the applications' back ends ---- */

static void on_client_error(void *arg, const char *session_id, const char *info)
{
    const struct sl_server *server = arg;

    sl_sessions_report_error(server->sessions, session_id, info);
}

static int create_hooks(struct sl_server *server, struct sl_error *error)
{
    const struct sl_config *config = server->config;
    struct sl_apps_config apps = {
        .loop = server->loop,
        .state_dir = config->state_dir,
        .echo_url = ECHO_URL,
    };

    int err = sl_apps_create(&apps, &server->apps, error);
    if (err < 0)
        return err;
    struct sl_http_hooks_config hooks = {
        .config = config,
        .loop = server->loop,
        .apps = server->apps,
        .counters = server->counters,
        .on_client_error = on_client_error,
        .arg = server,
    };
    return sl_http_hooks_create(&hooks, &server->hooks, error);
}

static bool drain_hooks(struct sl_server *server, void (*on_idle)(void *owner), void *owner)
{
    sl_http_hooks_drain(server->hooks, on_idle, owner);
    return true;
}

static void destroy_hooks(struct sl_server *server)
{
    sl_http_hooks_destroy(server->hooks);
    sl_apps_destroy(server->apps); /* drops checks of passwords that the sources wait for */
    sl_sources_destroy(server->sources);
}

/* ---- Who asks: clients and operators ---- */

static void on_rtmp_url(void *arg, const char *stream, const char *rtmp_url)
{
    const struct sl_server *server = arg;

    sl_autopush_for_client(server->autopush, stream, rtmp_url);
}

static int create_control(struct sl_server *server, struct sl_error *error)
{
    struct sl_sessions_config sessions = {
        .config = server->config,
        .loop = server->loop,
        .streams = server->streams,
        .words = sl_signalling_words,
        .hooks = sl_http_hooks_interface(server->hooks),
        .directory = server->names ? sl_names_directory(server->names) : NULL,
        .node_id = server->node_id,
        .counters = server->counters,
        .on_rtmp_url = on_rtmp_url,
        .arg = server,
    };
    struct sl_webrtc_provider_config webrtc = {
        .config = server->config,
        .workers = server->workers,
        .streams = server->streams,
        .rtc = server->rtc,
    };
    struct sl_sources_config sources = {
        .parts = {.loop = server->loop,
                  .streams = server->streams,
                  .workers = server->workers,
                  .pushes = server->pushes,
                  .pulls = server->pulls,
                  .directory = sessions.directory,
                  .cluster = server->cluster},
        .apps = server->apps,
        .hooks = server->hooks,
    };

    server->webrtc = sl_webrtc_provider_create(&webrtc);
    sessions.providers[0] = sl_webrtc_provider_interface(server->webrtc);
    server->sessions = sl_sessions_create(&sessions);
    server->signalling =
        sl_signalling_create(server->sessions, server->config, server->loop, server->counters);
    sources.parts.sessions = server->sessions;
    server->sources = sl_sources_create(&sources);
    return sl_sources_create_rest(server->sources, server->config, server->metrics,
                                  server->setup.web_root, &server->rest, error);
}

static bool stop_sessions(struct sl_server *server, void (*on_stopped)(void *owner), void *owner)
{
    sl_sessions_stop(server->sessions, on_stopped, owner);
    return true;
}

/* Who ignores a close delays nobody. */
static void cut_sessions(struct sl_server *server)
{
    sl_signalling_cut(server->signalling);
}

static void destroy_control(struct sl_server *server)
{
    sl_rest_destroy(server->rest);
    sl_signalling_destroy(server->signalling);
    sl_sessions_destroy(server->sessions);
    sl_webrtc_provider_destroy(server->webrtc);
}

static void print_stat(void *arg, FILE *out)
{
    struct sl_server *server = arg;

    sl_rest_print_stat(server->rest, out);
}

static void reload(void *arg, sl_cli_on_reloaded *on_done, void *owner)
{
    sl_server_reload(arg, on_done, owner);
}

static int create_console(struct sl_server *server, struct sl_error *error)
{
    struct sl_cli_config cli = {
        .config = server->config,
        .loop = server->loop,
        .apps = server->apps,
        .sessions = server->sessions,
        .print_stat = print_stat,
        .reload = reload,
        .arg = server,
    };

    return server->config->cli_port > 0 ? sl_cli_create(&cli, &server->cli, error) : 0;
}

static void destroy_console(struct sl_server *server)
{
    sl_cli_destroy(server->cli);
}

static int start_workers(struct sl_server *server, struct sl_error *error)
{
    int err = sl_workers_start(server->workers);

    return err < 0 ? sl_error_set(error, err, "worker_count: no threads for %zu workers: %s",
                                  sl_workers_count(server->workers), strerror(-err))
                   : 0;
}

/*
 * What the back ends and the cluster have to hear of is the sessions' end. The console goes first,
 * as its commands use everything. The demo comes last: once made, only loops that run can take it
 * down.
 */
const struct sl_part sl_server_parts[] = {
    {"state_dir", .create = make_state_dir},
    {"pool", .create = start_pool},
    {"http", .create = create_http, .destroy = destroy_tls},
    {"media", .create = create_media, .destroy = destroy_media},
    {"jobs", .create = create_jobs, .destroy = destroy_jobs},
    {"pushes", .create = create_pushes, .stop = stop_pushes, .destroy = destroy_pushes},
    {"pulls", .create = create_pulls, .stop = stop_pulls, .destroy = destroy_pulls},
    {"cluster", .create = create_cluster, .stop = leave_cluster, .destroy = destroy_cluster,
     .after = "sessions"},
    {"hooks", .create = create_hooks, .stop = drain_hooks, .destroy = destroy_hooks,
     .after = "sessions", .give_up_ms = HOOKS_DRAIN_MS},
    {"sessions", .create = create_control, .stop = stop_sessions, .cut = cut_sessions,
     .destroy = destroy_control},
    {"listeners", .create = create_listeners, .destroy = destroy_http},
    {"console", .create = create_console, .destroy = destroy_console},
    {"workers", .create = start_workers},
    {"demo", .create = create_demo, .stop = stop_demo, .destroy = destroy_demo},
};
static_assert(SL_ARRAY_LEN(sl_server_parts) == SL_SERVER_PARTS, "SL_SERVER_PARTS counts the rows");
