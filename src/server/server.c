/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Builds the parts in the order of the arrows and takes them down in reverse:
 *
 *   loop, http -> workers -> streams, rtc -> sessions -> signalling, rest -> listeners
 *
 * The end: listeners close, sessions are stopped (every peer reports back), the control loop is
 * left, the workers' threads are joined, and only then does memory go.
 */
#include "server/server.h"

#include "base/clock.h"
#include "base/config.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "hooks/hooks.h"
#include "net/net.h"
#include "rest/rest.h"
#include "server/addresses.h"
#include "server/notify.h"
#include "server/sources.h"
#include "session/session.h"
#include "signalling/signalling.h"
#include "stream/stream.h"
#include "webrtc/webrtc.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    LISTENERS = 4,
    SIGNALS = 5,
    DRAIN_CHECK_MS = 100,
    DRAINED_CHECK_MS = 5,
    STOP_TIMEOUT_MS = 5000, /* for peers to let go; then what is left is left */
    WATCHDOG_MS = 1000,
};

enum server_state { SERVER_RUNNING, SERVER_DRAINING, SERVER_STOPPING };

struct sl_server {
    struct sl_server_config setup;
    struct sl_config *config;
    struct sl_metrics *metrics;
    struct sl_counters *counters;
    struct sl_loop *loop;
    struct sl_http *http;
    struct sl_workers *workers;
    struct sl_streams *streams;
    struct sl_rtc *rtc;
    struct sl_sessions *sessions;
    struct sl_signalling *signalling;
    struct sl_rest *rest;
    struct sl_sources *sources;
    struct sl_listener *listeners[LISTENERS];
    uv_signal_t signals[SIGNALS];
    size_t signal_count;
    struct sl_timer *drain_timer, *stop_timer, *watchdog_timer;
    enum server_state state;
    bool sessions_stopped;
    int64_t drain_deadline_us;
};

/* ---- The end ---- */

static void on_drain_check(void *owner);

/* The sessions are gone; the last messages about their streams may still be under way. */
static void on_sessions_stopped(void *owner)
{
    struct sl_server *server = owner;

    server->sessions_stopped = true;
    sl_timer_start(server->drain_timer, 1, DRAINED_CHECK_MS);
}

static void on_stop_timeout(void *owner)
{
    sl_log(SL_LOG_WARN, NULL, "server: some peers did not let go in %d ms; leaving without them",
           STOP_TIMEOUT_MS);
    (void)owner;
    _exit(0); /* their memory is in use on other threads; the kernel takes it back */
}

static void stop(struct sl_server *server)
{
    if (server->state == SERVER_STOPPING)
        return;
    server->state = SERVER_STOPPING;
    sl_log(SL_LOG_INFO, NULL, "server: stopping");
    sl_notify("STOPPING=1");
    sl_timer_stop(server->drain_timer);
    sl_timer_start(server->stop_timer, STOP_TIMEOUT_MS, 0);
    sl_sessions_stop(server->sessions, on_sessions_stopped, server);
}

static void on_drain_check(void *owner)
{
    struct sl_server *server = owner;
    struct sl_sessions_stats stats;

    if (server->state == SERVER_STOPPING) {
        if (server->sessions_stopped && sl_streams_drained(server->streams))
            sl_loop_stop(server->loop);
        return;
    }
    sl_sessions_stats(server->sessions, &stats);
    if (stats.sessions == 0 || sl_now_us() >= server->drain_deadline_us)
        stop(server);
}

static void drain(struct sl_server *server)
{
    struct sl_sessions_stats stats;

    if (server->state != SERVER_RUNNING) {
        stop(server); /* the second SIGTERM: now */
        return;
    }
    server->state = SERVER_DRAINING;
    sl_sources_set_draining(server->sources);
    sl_sessions_drain(server->sessions);
    sl_sessions_stats(server->sessions, &stats);
    sl_log(SL_LOG_INFO, NULL, "server: draining %zu sessions, at most %lld s", stats.sessions,
           (long long)server->config->drain_timeout);
    server->drain_deadline_us = sl_now_us() + server->config->drain_timeout * SL_US_PER_S;
    sl_timer_start(server->drain_timer, DRAIN_CHECK_MS, DRAIN_CHECK_MS);
    on_drain_check(server);
}

/* ---- Reload ---- */

static void on_change(void *arg, const char *key, bool applied)
{
    (void)arg;
    sl_log(applied ? SL_LOG_INFO : SL_LOG_WARN, NULL, "reload: %s %s", key,
           applied ? "applied" : "needs a restart");
}

static void apply_log(const struct sl_config *config)
{
    int level = sl_log_level_parse(config->log_level);
    int err = sl_log_open(config->log_file[0] ? config->log_file : NULL);

    if (level >= 0)
        sl_log_set_level((enum sl_log_level)level);
    if (err < 0)
        sl_log(SL_LOG_ERROR, NULL, "log_file: %s: %s", config->log_file, strerror(-err));
}

static void reload(struct sl_server *server)
{
    struct sl_error error = {""};
    struct sl_config *fresh = server->setup.load(server->setup.arg, &error);

    sl_notify("RELOADING=1");
    if (!fresh) {
        sl_log(SL_LOG_ERROR, NULL, "reload: configuration kept as it was: %s", error.text);
    } else {
        size_t applied = sl_config_reload(server->config, fresh, on_change, NULL);
        sl_config_destroy(fresh);
        apply_log(server->config);
        if (sl_sources_update_rest(server->config, server->rest, &error) < 0)
            sl_log(SL_LOG_ERROR, NULL, "reload: REST rules kept as they were: %s", error.text);
        sl_log(SL_LOG_INFO, NULL, "reload: %zu settings applied", applied);
    }
    for (size_t i = 0; i < LISTENERS; i++) {
        if (server->listeners[i] &&
            sl_listener_reload_certificate(server->listeners[i], &error) < 0)
            sl_log(SL_LOG_ERROR, NULL, "reload: certificate kept as it was: %s", error.text);
    }
    sl_notify("READY=1");
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct sl_server *server = handle->data;

    switch (number) {
    case SIGTERM:
        drain(server);
        break;
    case SIGINT:
        stop(server);
        break;
    case SIGHUP:
        reload(server);
        break;
    case SIGUSR1:
        apply_log(server->config);
        break;
    default: /* SIGUSR2 is reserved */
        break;
    }
}

static void watch_signals(struct sl_server *server)
{
    static const int numbers[SIGNALS] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2};

    for (; server->signal_count < SIGNALS; server->signal_count++) {
        uv_signal_t *handle = &server->signals[server->signal_count];
        (void)uv_signal_init(sl_loop_uv(server->loop), handle);
        handle->data = server;
        (void)uv_signal_start(handle, on_signal, numbers[server->signal_count]);
    }
    (void)signal(SIGPIPE, SIG_IGN); /* sockets tell by their return values */
}

static void on_watchdog(void *owner)
{
    (void)owner;
    sl_notify("WATCHDOG=1");
}

/* ---- Building ---- */

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
    server->streams = sl_streams_create(server->workers, server->loop);
    int err = sl_addresses_choose(config, &rtc, error);
    if (err < 0)
        return err;
    return sl_rtc_create(&rtc, server->workers, server->loop, &server->rtc, error);
}

static int create_http(struct sl_server *server, struct sl_error *error)
{
    const struct sl_config *config = server->config;
    struct sl_http_limits limits = {
        .connections = (size_t)config->ws_connections_max,
        .connections_per_ip = (size_t)config->ws_connections_per_ip_max,
        .header_len = (size_t)config->http_header_max,
        .header_timeout_s = (int)(config->http_header_timeout_ms / 1000),
        .body_len = (size_t)config->http_body_max,
        .ws_message_len = (size_t)config->ws_message_max,
        .ws_queue_len = (size_t)config->ws_queue_max,
        .idle_timeout_s = (int)(config->http_idle_timeout_ms / 1000),
    };

    return sl_http_create(server->loop, &limits, &server->http, error);
}

static int make_state_dir(const struct sl_config *config, struct sl_error *error)
{
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

static int create_control(struct sl_server *server, struct sl_error *error)
{
    struct sl_sessions_config sessions = {
        .config = server->config,
        .loop = server->loop,
        .workers = server->workers,
        .streams = server->streams,
        .rtc = server->rtc,
        .hooks = sl_hooks_allow_all(),
        .counters = server->counters,
    };

    server->sessions = sl_sessions_create(&sessions);
    server->signalling =
        sl_signalling_create(server->sessions, server->config, server->loop, server->counters);
    server->sources = sl_sources_create(server->sessions, server->workers, server->loop);
    return sl_sources_create_rest(server->sources, server->config, server->metrics,
                                  server->setup.web_root, &server->rest, error);
}

int sl_server_create(const struct sl_server_config *config, struct sl_server **out,
                     struct sl_error *error)
{
    struct sl_server *server = sl_new(struct sl_server);
    int err;

    server->setup = *config;
    server->config = config->config;
    apply_log(server->config);
    server->metrics = sl_metrics_create();
    server->counters = sl_metrics_register(server->metrics);
    server->loop = sl_loop_create("control");
    server->drain_timer = sl_timer_create(server->loop, on_drain_check, server);
    server->stop_timer = sl_timer_create(server->loop, on_stop_timeout, server);
    server->watchdog_timer = sl_timer_create(server->loop, on_watchdog, server);
    err = make_state_dir(server->config, error);
    if (err == 0)
        err = create_http(server, error);
    if (err == 0)
        err = create_media(server, error);
    if (err == 0)
        err = create_control(server, error);
    if (err == 0)
        err = create_listeners(server, error);
    if (err < 0) {
        sl_server_destroy(server);
        return err;
    }
    watch_signals(server);
    *out = server;
    return 0;
}

void sl_server_run(struct sl_server *server)
{
    const struct sl_config *config = server->config;

    sl_workers_start(server->workers);
    sl_timer_start(server->watchdog_timer, WATCHDOG_MS, WATCHDOG_MS);
    sl_log(SL_LOG_INFO, NULL, "sluice ready: ws %lld, wss %lld, http %lld, https %lld",
           (long long)config->ws_port, (long long)config->wss_port, (long long)config->http_port,
           (long long)config->https_port);
    if (config->http_port > 0)
        sl_log(SL_LOG_INFO, NULL, "open http://localhost:%lld/ to publish and play",
               (long long)config->http_port);
    sl_notify("READY=1");
    sl_loop_run(server->loop);
}

void sl_server_destroy(struct sl_server *server)
{
    if (!server)
        return;
    if (server->workers)
        sl_workers_stop(server->workers);
    sl_http_destroy(server->http); /* connections tell their sessions */
    sl_rest_destroy(server->rest);
    sl_sources_destroy(server->sources);
    sl_signalling_destroy(server->signalling);
    sl_sessions_destroy(server->sessions);
    sl_rtc_destroy(server->rtc);
    sl_workers_destroy(server->workers);
    sl_streams_destroy(server->streams);
    for (size_t i = 0; i < server->signal_count; i++)
        uv_close((uv_handle_t *)&server->signals[i], NULL);
    sl_timer_destroy(server->drain_timer);
    sl_timer_destroy(server->stop_timer);
    sl_timer_destroy(server->watchdog_timer);
    sl_loop_destroy(server->loop);
    sl_metrics_destroy(server->metrics);
    free(server);
}
