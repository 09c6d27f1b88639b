/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Builds the parts in the order of the arrows, from the configuration. */
#include "server/internal.h"

#include "apps/apps.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "calls/calls.h"
#include "cli/cli.h"
#include "cluster/cluster.h"
#include "diagnose/diagnose.h"
#include "hls/hls.h"
#include "hooks/hooks.h"
#include "mse/mse.h"
#include "negotiate/negotiate.h"
#include "pull/pull.h"
#include "record/record.h"
#include "rest/rest.h"
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

enum { HOOKS_DRAIN_MS = 2000 }; /* for back ends to hear of the end */

/* What libuv would make later and abort without. */
static int start_pool(struct sl_server *server, struct sl_error *error)
{
    int err = sl_loop_start_pool(server->loop);

    return err < 0 ? sl_error_set(error, err, "no threads for jobs: %s", strerror(-err)) : 0;
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

/* listener: what it is called and who answers; tls is what its connections are. */
static int create_listener(struct sl_server *server, size_t index,
                           struct sl_listener_config listener, bool tls, struct sl_error *error)
{
    const struct sl_config *config = server->config;
    char cert[4096], key[4096];

    if (listener.port == 0)
        return 0;
    listener.address = config->http_address[0] ? config->http_address : NULL;
    if (tls) {
        struct sl_tls_files files = sl_server_certificate(config, cert, key, sizeof(cert));
        listener.cert_file = files.cert;
        listener.key_file = files.key;
        listener.chain_file = files.chain;
        if (!config->tls_cert_file[0]) {
            int err =
                sl_tls_self_signed(listener.cert_file, listener.key_file,
                                   (const char *const *)config->ip.items, config->ip.count, error);
            if (err < 0)
                return err;
        }
    }
    return sl_listener_create(server->http, &listener, &server->listeners[index], error);
}

static int create_listeners(struct sl_server *server, struct sl_error *error)
{
    const struct sl_config *config = server->config;
    const struct {
        const char *name;
        int64_t port;
        bool tls;
        const struct sl_ws_ops *ws;
        sl_http_handler *on_request;
        void *arg;
    } rows[LISTENERS] = {
        {"ws.port", config->ws_port, false, sl_signalling_ws_ops(), NULL, server->signalling},
        {"wss.port", config->wss_port, true, sl_signalling_ws_ops(), NULL, server->signalling},
        {"http.port", config->http_port, false, NULL, sl_rest_on_request, server->rest},
        {"https.port", config->https_port, true, NULL, sl_rest_on_request, server->rest},
        {"hls.port", config->hls_port, false, NULL, sl_hls_on_request, server->hls},
        {"hls.https.port", config->hls_https_port, true, NULL, sl_hls_on_request, server->hls},
    };
    int err = 0;

    for (size_t i = 0; i < LISTENERS && err == 0; i++) {
        const struct sl_listener_config listener = {.name = rows[i].name,
                                                    .port = (uint16_t)rows[i].port,
                                                    .ws = rows[i].ws,
                                                    .ws_arg = rows[i].arg,
                                                    .on_request = rows[i].on_request,
                                                    .http_arg = rows[i].arg};
        err = create_listener(server, i, listener, rows[i].tls, error);
    }
    return err;
}

/* With the listeners go all connections, which tell their sessions. */
static void destroy_http(struct sl_server *server)
{
    sl_http_destroy(server->http);
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

/* ---- What is written about clients ---- */

static int create_diagnose(struct sl_server *server, struct sl_error *error)
{
    (void)error; /* the log tells what cannot be written */
    server->diagnose = sl_diagnose_create(server->config, server->loop);
    return 0;
}

static void destroy_diagnose(struct sl_server *server)
{
    sl_diagnose_destroy(server->diagnose);
}

/* ---- Who asks: clients and operators ---- */

static void on_rtmp_url(void *arg, const char *stream, const char *rtmp_url)
{
    const struct sl_server *server = arg;

    sl_autopush_for_client(server->autopush, stream, rtmp_url);
}

static int create_sessions(struct sl_server *server, struct sl_error *error)
{
    struct sl_sessions_config sessions = {
        .config = server->config,
        .loop = server->loop,
        .streams = server->streams,
        .words = sl_signalling_words,
        .hooks = sl_http_hooks_interface(server->hooks),
        .directory = server->names ? sl_names_directory(server->names) : NULL,
        .archive = sl_recordings_archive(server->recordings),
        .keeper = sl_calls_keeper(server->calls),
        .mixing = &server->mixing,
        .variants = server->variants,
        .diagnose = server->diagnose,
        .node_id = server->node_id,
        .counters = server->counters,
        .on_rtmp_url = on_rtmp_url,
        .arg = server,
    };
    struct sl_webrtc_provider_config webrtc = {
        .config = server->config,
        .loop = server->loop,
        .workers = server->workers,
        .streams = server->streams,
        .rtc = server->rtc,
        .variants = server->variants,
    };

    (void)error;
    server->webrtc = sl_webrtc_provider_create(&webrtc);
    sessions.providers[0] = sl_webrtc_provider_interface(server->webrtc);
    sessions.providers[1] = sl_mse_provider(server->mse);
    sessions.providers[2] = sl_mse_wsplayer_provider(server->mse);
    server->sessions = sl_sessions_create(&sessions);
    sl_calls_set_sessions(server->calls, server->sessions);
    const struct sl_signalling_config signalling = {
        .sessions = server->sessions,
        .sockets = sl_mse_sockets(server->mse),
        .phones = sl_calls_phones(server->calls),
        .config = server->config,
        .loop = server->loop,
        .counters = server->counters,
    };
    server->signalling = sl_signalling_create(&signalling);
    return 0;
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

static void destroy_sessions(struct sl_server *server)
{
    sl_signalling_destroy(server->signalling);
    sl_sessions_destroy(server->sessions);
    sl_webrtc_provider_destroy(server->webrtc);
}

static int create_rest(struct sl_server *server, struct sl_error *error)
{
    struct sl_sources_config sources = {
        .parts = {.loop = server->loop,
                  .streams = server->streams,
                  .workers = server->workers,
                  .pushes = server->pushes,
                  .pulls = server->pulls,
                  .directory = server->names ? sl_names_directory(server->names) : NULL,
                  .cluster = server->cluster,
                  .recordings = server->recordings,
                  .archive = sl_recordings_archive(server->recordings),
                  .variants = server->variants,
                  .config = server->config,
                  .mixers = server->mixers,
                  .transcoder = server->transcoder,
                  .sessions = server->sessions,
                  .hls = server->hls,
                  .exchange = sl_calls_exchange(server->calls),
                  .diagnose = server->diagnose},
        .apps = server->apps,
        .hooks = server->hooks,
    };

    server->sources = sl_sources_create(&sources);
    return sl_sources_create_rest(server->sources, server->config, server->metrics,
                                  server->setup.web_root, &server->rest, error);
}

static void destroy_rest(struct sl_server *server)
{
    sl_rest_destroy(server->rest);
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
        .variants = server->variants,
        .transcoder = server->transcoder,
        .mixers = server->mixers,
        .exchange = sl_calls_exchange(server->calls),
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

static const struct sl_part state_dir_part = {"state_dir", .create = make_state_dir};
static const struct sl_part pool_part = {"pool", .create = start_pool};
static const struct sl_part http_part = {"http", .create = create_http, .destroy = destroy_tls};
static const struct sl_part pulls_part = {"pulls", .create = create_pulls, .stop = stop_pulls,
                                          .destroy = destroy_pulls};
static const struct sl_part cluster_part = {"cluster", .create = create_cluster,
                                            .stop = leave_cluster, .destroy = destroy_cluster,
                                            .after = {"sessions"}};
static const struct sl_part hooks_part = {"hooks",
                                          .create = create_hooks,
                                          .stop = drain_hooks,
                                          .destroy = destroy_hooks,
                                          .after = {"sessions"},
                                          .give_up_ms = HOOKS_DRAIN_MS};
static const struct sl_part diagnose_part = {"diagnose", .create = create_diagnose,
                                             .destroy = destroy_diagnose};
static const struct sl_part sessions_part = {"sessions", .create = create_sessions,
                                             .stop = stop_sessions, .cut = cut_sessions,
                                             .destroy = destroy_sessions};
static const struct sl_part rest_part = {"rest", .create = create_rest, .destroy = destroy_rest};
static const struct sl_part listeners_part = {"listeners", .create = create_listeners,
                                              .destroy = destroy_http};
static const struct sl_part console_part = {"console", .create = create_console,
                                            .destroy = destroy_console};

/*
 * What the back ends and the cluster have to hear of is the sessions' end. The console goes first,
 * as its commands use everything. The demo comes last: once made, only loops that run can take it
 * down.
 */
/* clang-format off: one row a line */
const struct sl_part *const sl_server_parts[] = {
    &state_dir_part,     &pool_part,      &http_part,        &sl_part_media,   &sl_part_transcoder,
    &sl_part_variants,   &sl_part_jobs,   &sl_part_programs, &sl_part_mse,     &sl_part_pushes,
    &sl_part_recordings, &sl_part_mixers, &pulls_part,       &cluster_part,    &hooks_part,
    &diagnose_part,      &sl_part_calls,  &sessions_part,    &sl_part_rtsp,    &sl_part_hls,
    &rest_part,          &listeners_part, &console_part,     &sl_part_workers, &sl_part_demo,
};
/* clang-format on */
static_assert(SL_ARRAY_LEN(sl_server_parts) == SL_SERVER_PARTS, "SL_SERVER_PARTS counts the rows");
