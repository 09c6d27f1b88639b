/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Runs the parts that stand in the table of build.c: makes them, stops them, and takes them down in
 * reverse.
 *
 * The end: sessions, pushes, pulls and the demo are stopped (every peer reports back), the cluster
 * and the back ends are told of it, the control loop is left, the workers' threads are joined, and
 * only then does memory go.
 */
#include "server/server.h"

#include "base/clock.h"
#include "base/config.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "base/random.h"
#include "cli/cli.h"
#include "jobs/jobs.h"
#include "server/internal.h"
#include "server/sources.h"
#include "session/session.h"
#include "stream/stream.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    DRAIN_CHECK_MS = 100,
    STOPPED_CHECK_MS = 5,
    STOP_TIMEOUT_MS = 5000, /* for peers to let go; then what is left is left */
    LAST_LINES_MS = 500,    /* for whoever reads the log */
    WATCHDOG_MS = 1000,
    DESCRIPTORS_MIN = 16,      /* for loops and files, before anybody has come */
    RELOAD_TIMEOUT_MS = 10000, /* for the disk */
};

/* ---- The end ---- */

static void on_drain_check(void *owner);

static void on_stop_timeout(void *owner)
{
    sl_log(SL_LOG_WARN, NULL, "server: some peers did not let go in %d ms; leaving without them",
           STOP_TIMEOUT_MS);
    (void)owner;
    sl_log_flush(LAST_LINES_MS);
    _exit(0); /* their memory is in use on other threads; the kernel takes it back */
}

static void stop(struct sl_server *server)
{
    if (server->state == SERVER_STOPPING)
        return;
    server->state = SERVER_STOPPING;
    sl_log(SL_LOG_INFO, NULL, "server: stopping");
    sl_notify(&server->notifier, "STOPPING=1");
    sl_timer_start(server->drain_timer, STOPPED_CHECK_MS, STOPPED_CHECK_MS);
    sl_timer_start(server->stop_timer, STOP_TIMEOUT_MS, 0);
    sl_parts_stop(server);
}

/* What the end is put off for: those that clients publish or play. A session without any has
 * nothing to lose, and finds another server. */
static size_t running_streams(const struct sl_server *server)
{
    struct sl_sessions_stats stats;

    sl_sessions_stats(server->sessions, &stats);
    return stats.publications + stats.playbacks;
}

static void on_drain_check(void *owner)
{
    struct sl_server *server = owner;

    if (server->state == SERVER_STOPPING) {
        /* The last messages about streams may still be under way. */
        if (sl_parts_stopped(server) && sl_streams_drained(server->streams))
            sl_loop_stop(server->loop);
        return;
    }
    if (running_streams(server) == 0 || sl_now_us() >= server->drain_deadline_us)
        stop(server);
}

static void drain(struct sl_server *server)
{
    if (server->state != SERVER_RUNNING) {
        stop(server); /* the second SIGTERM: now */
        return;
    }
    server->state = SERVER_DRAINING;
    sl_sources_set_draining(server->sources);
    sl_sessions_drain(server->sessions);
    sl_log(SL_LOG_INFO, NULL, "server: draining %zu streams, at most %lld s",
           running_streams(server), (long long)server->config->drain_timeout);
    server->drain_deadline_us = sl_now_us() + server->config->drain_timeout * SL_US_PER_S;
    sl_timer_start(server->drain_timer, DRAIN_CHECK_MS, DRAIN_CHECK_MS);
    on_drain_check(server);
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
        if (server->state == SERVER_STOPPING)
            break; /* the service manager was told so */
        sl_server_reload(server, NULL, NULL);
        break;
    case SIGUSR1:
        sl_server_apply_log(server->config);
        break;
    default: /* SIGUSR2 is reserved */
        break;
    }
}

/* Every client, media worker and back end takes descriptors: as many as the kernel would give. With
 * too few for its first loop libuv aborts. */
static int raise_descriptor_limit(struct sl_error *error)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) /* cannot fail with these arguments */
        return 0;
    if (limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
            sl_log(SL_LOG_WARN, NULL, "server: cannot raise the limit of descriptors: %s",
                   strerror(errno));
    }
    if (limit.rlim_max < DESCRIPTORS_MIN)
        return sl_error_set(error, -EMFILE, "at most %llu descriptors: %d are needed to start",
                            (unsigned long long)limit.rlim_max, DESCRIPTORS_MIN);
    return 0;
}

/* The first one makes descriptors that all of them use. */
static int init_signals(struct sl_server *server, struct sl_error *error)
{
    for (; server->signal_count < SIGNALS; server->signal_count++) {
        uv_signal_t *handle = &server->signals[server->signal_count];
        int err = uv_signal_init(sl_loop_uv(server->loop), handle);
        if (err < 0)
            return sl_error_set(error, err, "signals: %s", uv_strerror(err));
        handle->data = server;
    }
    return 0;
}

/* Late: until then they end the process, whatever it waits for. */
static void watch_signals(struct sl_server *server)
{
    static const int numbers[SIGNALS] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2};

    for (size_t i = 0; i < SIGNALS; i++)
        (void)uv_signal_start(&server->signals[i], on_signal, numbers[i]); /* they exist */
    (void)signal(SIGPIPE, SIG_IGN); /* sockets tell by their return values */
}

static void on_watchdog(void *owner)
{
    const struct sl_server *server = owner;

    sl_notify(&server->notifier, "WATCHDOG=1");
}

/* The control loop and what runs on it before there is anything else. */
static int create_loop(struct sl_server *server, struct sl_error *error)
{
    int err = raise_descriptor_limit(error);

    if (err < 0)
        return err;
    server->loop = sl_loop_create("control");
    if (!server->loop)
        return sl_error_set(error, -EMFILE, "no descriptors left for the control loop");
    server->drain_timer = sl_timer_create(server->loop, on_drain_check, server);
    server->stop_timer = sl_timer_create(server->loop, on_stop_timeout, server);
    server->watchdog_timer = sl_timer_create(server->loop, on_watchdog, server);
    server->reloads = sl_lane_create(server->loop, "reload", RELOAD_TIMEOUT_MS);
    return init_signals(server, error);
}

int sl_server_create(const struct sl_server_config *config, struct sl_server **out,
                     struct sl_error *error)
{
    struct sl_server *server = sl_new(struct sl_server);

    sl_random_token(server->node_id, sizeof(server->node_id) - 1);
    server->setup = *config;
    server->config = config->config;
    sl_server_apply_log(server->config);
    sl_notifier_init(&server->notifier);
    server->metrics = sl_metrics_create();
    server->counters = sl_metrics_register(server->metrics);
    int err = create_loop(server, error);
    if (err == 0)
        err = sl_parts_create(server, error);
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

    sl_timer_start(server->watchdog_timer, WATCHDOG_MS, WATCHDOG_MS);
    sl_log(SL_LOG_INFO, NULL, "sluice ready: ws %lld, wss %lld, http %lld, https %lld",
           (long long)config->ws_port, (long long)config->wss_port, (long long)config->http_port,
           (long long)config->https_port);
    if (config->http_port > 0)
        sl_log(SL_LOG_INFO, NULL, "open http://localhost:%lld/ to publish and play",
               (long long)config->http_port);
    if (server->cli)
        sl_log(SL_LOG_INFO, NULL, "console: ssh -p %u admin@%s", sl_cli_port(server->cli),
               config->cli_address);
    sl_notify(&server->notifier, "READY=1");
    sl_loop_run(server->loop);
}

void sl_server_destroy(struct sl_server *server)
{
    if (!server)
        return;
    if (server->workers)
        sl_workers_stop(server->workers);
    sl_job_pool_stop(server->jobs);
    sl_lane_destroy(server->reloads);
    sl_parts_destroy(server);
    for (size_t i = 0; i < server->signal_count; i++)
        uv_close((uv_handle_t *)&server->signals[i], NULL);
    sl_timer_destroy(server->drain_timer);
    sl_timer_destroy(server->stop_timer);
    sl_timer_destroy(server->watchdog_timer);
    sl_loop_destroy(server->loop);
    sl_notifier_deinit(&server->notifier);
    sl_metrics_destroy(server->metrics);
    free(server);
}
