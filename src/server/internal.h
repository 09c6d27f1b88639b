/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The server's parts, shared by the files that build, reload and run it. Control loop. */
#ifndef SL_SERVER_INTERNAL_H
#define SL_SERVER_INTERNAL_H

#include "access/access.h"
#include "http/http.h"
#include "net/net.h"
#include "server/notify.h"
#include "server/parts.h"
#include "server/server.h"

#include <stdbool.h>
#include <stdint.h>

struct sl_addresses;
struct sl_apps;
struct sl_autopush;
struct sl_calls;
struct sl_cli;
struct sl_cluster;
struct sl_counters;
struct sl_demo;
struct sl_diagnose;
struct sl_hls;
struct sl_http_hooks;
struct sl_names;
struct sl_pulls;
struct sl_programs;
struct sl_pushes;
struct sl_mixers;
struct sl_recordings;
struct sl_metrics;
struct sl_mse;
struct sl_rest;
struct sl_rtc;
struct sl_rtsp;
struct sl_sessions;
struct sl_signalling;
struct sl_sources;
struct sl_streams;
struct sl_tls_clients;
struct sl_transcoder;
struct sl_variants;
struct sl_webrtc_provider;
struct sl_workers;

enum { LISTENERS = 6, SIGNALS = 5 };

enum server_state { SERVER_RUNNING, SERVER_DRAINING, SERVER_STOPPING };

struct sl_server {
    struct sl_server_config setup;
    struct sl_config *config;
    struct sl_metrics *metrics;
    struct sl_counters *counters;
    struct sl_loop *loop;
    struct sl_tls_clients *tls; /* of whatever we connect to */
    struct sl_http *http;
    struct sl_workers *workers;
    struct sl_streams *streams;
    struct sl_rtc *rtc;
    struct sl_addresses *addresses; /* NULL: ip is set */
    char node_id[33];               /* drawn at start */
    int program_fd;                 /* this program, to be executed again; -1: it cannot be */
    struct sl_transcoder *transcoder;
    struct sl_variants *variants;
    struct sl_job_pool *jobs;
    struct sl_programs *programs; /* of whatever muxes */
    struct sl_mse *mse;
    struct sl_pushes *pushes;
    struct sl_autopush *autopush;
    struct sl_recordings *recordings;
    struct sl_mixers *mixers;
    struct sl_mixing mixing; /* theirs */
    struct sl_pulls *pulls;
    struct sl_cluster *cluster; /* NULL: cluster_registry is empty; and then: */
    struct sl_names *names;     /* NULL */
    struct sl_demo *demo;       /* NULL: demo_stream is off */
    struct sl_apps *apps;
    struct sl_http_hooks *hooks;
    struct sl_diagnose *diagnose;
    struct sl_webrtc_provider *webrtc;
    struct sl_calls *calls;
    struct sl_sessions *sessions;
    struct sl_hls *hls;
    struct sl_rtsp *rtsp; /* NULL: rtsp.port is 0 */
    struct sl_signalling *signalling;
    struct sl_rest *rest;
    struct sl_sources *sources;
    struct sl_cli *cli; /* NULL: cli.port is 0 */
    struct sl_listener *listeners[LISTENERS];
    struct sl_lane *reloads;
    uv_signal_t signals[SIGNALS];
    size_t signal_count;
    struct sl_notifier notifier;
    struct sl_timer *drain_timer, *stop_timer, *watchdog_timer;
    enum server_state state;
    struct sl_parts parts;
    int64_t drain_deadline_us;
    int64_t load_at_us, load_cpu_us; /* node.c's last look at the processor's time */
};

/* ---- certificate.c ---- */

/* Who we are by TLS; cert, key: len bytes each, where a path may be made. */
struct sl_tls_files sl_server_certificate(const struct sl_config *config, char *cert, char *key,
                                          size_t len);

/* ---- reload.c ---- */

/* Level and file of the log, as configured. */
void sl_server_apply_log(const struct sl_config *config);
/* text: what was applied and what needs a restart, a line each. err negative, with words: the
 * configuration was kept as it was. */
typedef void server_on_reloaded(void *owner, int err, const char *words, const char *text);
/* SIGHUP and the console's `reload`. on_done: once, never from within, not after the server's end;
 * NULL: only the log tells. */
void sl_server_reload(struct sl_server *server, server_on_reloaded *on_done, void *owner);

#endif
