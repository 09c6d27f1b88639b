/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parts of the HTTP side: each is a table of routes and the little it needs to answer them. To
 * add one: a file with its table, a line here, a line in rest.c. */
#ifndef SL_REST_PARTS_H
#define SL_REST_PARTS_H

#include "base/list.h"
#include "http/http.h"
#include "rest/rest.h"

struct sl_walks;

/* ---- figures.c: the gauges of one moment (rest-api.md section 10) ---- */

/* Of telephones. */
struct sl_call_figures {
    uint64_t registered, unregistered, incoming, outgoing, established, subscriptions;
};
struct sl_traffic {
    uint64_t in, out; /* streams published, and taken */
};
struct sl_figures {
    uint64_t connections;                            /* sessions, all of them by WebSocket */
    struct sl_traffic webrtc, websocket, rtmp, rtsp; /* by protocol */
    uint64_t viewers;                                /* by any protocol */
    uint64_t narrow; /* players whose links take less than there is */
    uint64_t ports_busy;
    struct sl_call_figures calls;
    uint64_t variants, codec_processes; /* what is made of streams, by how many */
};
void sl_figures_take(const struct sl_rest_parts *parts, struct sl_figures *out);
/* distributors.c: what the pictures of each published stream are made into. New reference. */
json_t *sl_distributors_take(const struct sl_rest_parts *parts);

/* ---- Gauges for the metrics page, with labels of their own ---- */

enum { SL_GAUGES_MAX = 256, SL_GAUGE_LABELS_MAX = 48 };
struct sl_gauges {
    size_t count;
    struct sl_gauge_value values[SL_GAUGES_MAX];
    char labels[SL_GAUGES_MAX][SL_GAUGE_LABELS_MAX];
};
/* gauges.c; what is more than SL_GAUGES_MAX is left out. labels: "" for none. */
void sl_gauges_add(struct sl_gauges *gauges, enum sl_gauge gauge, double value, const char *labels,
                   ...) __attribute__((format(printf, 4, 5)));
/* made.c: what is made of streams, and the codec processes. */
void sl_made_gauges(const struct sl_rest_parts *parts, struct sl_gauges *out);

/* ---- Parts ---- */

/* /livez, /readyz, /healthz. */
struct sl_health {
    const struct sl_rest_sources *sources;
};
void sl_health_add(struct sl_health *health, struct sl_router *router);

/* /?action=stat (rest-api.md section 10). */
struct sl_stat {
    const struct sl_rest_parts *parts;
    /* the last sample, for the CPU's share since then */
    int64_t sampled_us;
    double cpu_s;
    double cpu_percent;
};
void sl_stat_add(struct sl_stat *stat, struct sl_router *router);
/* The page, without a newline at its end. */
void sl_stat_write(struct sl_stat *stat, FILE *page);

/* /metrics, for Prometheus. */
struct sl_metrics_part {
    const struct sl_rest_parts *parts;
    const struct sl_rest_sources *sources;
    struct sl_metrics *metrics; /* may be NULL */
    int64_t started_us, started_ms;
};
void sl_metrics_part_add(struct sl_metrics_part *part, struct sl_router *router);

/* /rest-api/stream, /rest-api/connection, /rest-api/data: control of clients and their streams. */
struct sl_control {
    struct sl_sessions *sessions;
    struct sl_walks *walks;
};
void sl_control_add_streams(struct sl_control *control, struct sl_router *router);
void sl_control_add_connections(struct sl_control *control, struct sl_router *router);
void sl_control_add_injections(struct sl_control *control, struct sl_router *router);
void sl_control_add_rooms(struct sl_control *control, struct sl_router *router);

/* /rest-api/push and /api/v1/pushes: streams to RTMP servers. */
struct sl_push_part;
/* pushes is borrowed. */
struct sl_push_part *sl_push_part_create(struct sl_pushes *pushes, struct sl_router *router);
/* Answers what still waits; before the router goes. NULL is fine. */
void sl_push_part_destroy(struct sl_push_part *part);

/* /rest-api/pull and /api/v1/pulls: streams from and to other servers. */
struct sl_pull_part;
/* Both are borrowed; directory may be NULL. */
struct sl_pull_part *sl_pull_part_create(struct sl_pulls *pulls,
                                         const struct sl_directory *directory,
                                         struct sl_router *router);
/* Answers what still waits; before the router goes. NULL is fine. */
void sl_pull_part_destroy(struct sl_pull_part *part);

/* /rest-api/stream/snapshot. */
struct sl_snapshot_part;
/* Both are borrowed. */
struct sl_snapshot_part *sl_snapshot_part_create(struct sl_streams *streams,
                                                 struct sl_variants *variants,
                                                 struct sl_router *router);
/* Answers what still waits; before the router and the variants go. NULL is fine. */
void sl_snapshot_part_destroy(struct sl_snapshot_part *part);

/* /rest-api/transcoder: streams made of streams. */
struct sl_transcoder_part;
struct sl_transcoder_part *sl_transcoder_part_create(const struct sl_rest_parts *parts,
                                                     struct sl_router *router);
/* Answers what still waits, ends what there is; before the router and the variants go. NULL is
 * fine. */
void sl_transcoder_part_destroy(struct sl_transcoder_part *part);

/* /rest-api/mixer: many streams made one. */
struct sl_mixer_part {
    struct sl_streams *streams;
    struct sl_mixers *mixers;
    const struct sl_directory *directory; /* NULL: names are this server's own */
    const struct sl_config *config;
    struct sl_list starts; /* of mixer_start.c */
    size_t start_count;
};
void sl_mixer_part_init(struct sl_mixer_part *part, const struct sl_rest_parts *parts,
                        struct sl_router *router);
/* mixer_start.c: /rest-api/mixer/startup. */
void sl_mixer_part_answer_startup(struct sl_call *call, void *part);
/* Answers what still waits; before the router and the mixers go. Of one that never began, nothing.
 */
void sl_mixer_part_deinit(struct sl_mixer_part *part);
/* mixer_params.c: the parameters of a mixer by their names (rooms-mixers-diagnostics.md 2.8). */
struct sl_mixer_settings;
enum sl_mixer_param_use { SL_MIXER_AT_START, SL_MIXER_LATER };
/* Those that are in params over settings; -EINVAL with words for a bad value, or for one that is
 * unknown or fixed by now. */
int sl_mixer_params_apply(json_t *params, enum sl_mixer_param_use use,
                          struct sl_mixer_settings *settings, struct sl_error *error);
/* Those of params that are taken and change nothing, in one line of the log. */
void sl_mixer_params_note_idle(const char *mixer, json_t *params);
#define SL_MIXER_SCHEME "mixer://"
/* Within their uri; NULL: it is none of a mixer. */
const char *sl_mixer_params_name(json_t *params);
/* Whether hasAudio or hasVideo is true, or absent. */
bool sl_mixer_params_want(json_t *params, const char *name);
/* All of them into item. */
void sl_mixer_params_describe(const struct sl_mixer_settings *settings, json_t *item);

/* /api/v1/variants, /api/v1/codec-processes. */
struct sl_variants_part {
    const struct sl_rest_parts *parts;
};
void sl_variants_part_add(struct sl_variants_part *part, struct sl_router *router);

/* /rest-api/hls. hls is borrowed. */
void sl_hls_part_add(struct sl_hls *hls, struct sl_router *router);

/* /rest-api/recorder, /client/records: recordings and their files. */
struct sl_records_part;
struct sl_records_part *sl_records_part_create(const struct sl_rest_parts *parts,
                                               enum sl_record_access access,
                                               struct sl_router *router);
/* After the connections, before the router goes. NULL is fine. */
void sl_records_part_destroy(struct sl_records_part *part);

/* /client/debug. NULL: there are no such files. */
struct sl_debug_part;
struct sl_debug_part *sl_debug_part_create(const struct sl_rest_parts *parts,
                                           struct sl_router *router);
/* After the connections, before the router goes. NULL is fine. */
void sl_debug_part_destroy(struct sl_debug_part *part);

/* /rest-api/call: telephones. */
struct sl_calls_part {
    const struct sl_exchange *exchange;
    struct sl_pushes *pushes; /* NULL: there are none */
};
void sl_calls_part_add(struct sl_calls_part *part, struct sl_router *router);

/* The same, and /RESTCall: calls that operators begin, and what is to be heard in calls. */
struct sl_call_streams_part;
struct sl_call_streams_part *sl_call_streams_part_create(const struct sl_rest_parts *parts,
                                                         struct sl_router *router);
/* After the connections, before the router goes. NULL is fine. */
void sl_call_streams_part_destroy(struct sl_call_streams_part *part);

/* /api/v1/nodes: those of the cluster. */
struct sl_nodes_part {
    const struct sl_cluster *cluster; /* NULL: there is none */
};
void sl_nodes_part_add(struct sl_nodes_part *part, struct sl_router *router);

/* /apps/EchoApp. */
void sl_echo_add(struct sl_router *router);

/* /rest-api/openapi.json: the description of all routes. */
void sl_openapi_add(struct sl_router *router);

/* /api/v1: what the pages ask, and the index of all routes. */
struct sl_api {
    struct sl_streams *streams; /* NULL: there are none */
    const struct sl_router *router;
    uint16_t ws_port, wss_port, https_port;
    const char *demo; /* NULL: there is no built-in stream */
};
void sl_api_add(struct sl_api *api, struct sl_router *router);

#endif
