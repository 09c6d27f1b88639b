/* SPDX-License-Identifier: GPL-3.0-or-later */
/* /metrics: the counters of base/metrics.h, and the gauges of this moment. */
#include "rest/parts.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "cluster/cluster.h"
#include "pull/pull.h"
#include "push/push.h"
#include "rest/process.h"
#include "stream/stream.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { GAUGES_MAX = 64 };

#define STAT(field) offsetof(struct sl_figures, field)

/* Numbers of struct sl_figures as gauges. */
static const struct {
    enum sl_gauge gauge;
    const char *labels;
    size_t offset;
} rows[] = {
    {SL_GAUGE_CONNECTIONS, "", STAT(connections)},
    {SL_GAUGE_STREAMS, "direction=\"in\",proto=\"webrtc\"", STAT(webrtc.in)},
    {SL_GAUGE_STREAMS, "direction=\"out\",proto=\"webrtc\"", STAT(webrtc.out)},
    {SL_GAUGE_STREAMS, "direction=\"out\",proto=\"websocket\"", STAT(websocket.out)},
    {SL_GAUGE_STREAMS, "direction=\"in\",proto=\"rtmp\"", STAT(rtmp.in)},
    {SL_GAUGE_STREAMS, "direction=\"out\",proto=\"rtmp\"", STAT(rtmp.out)},
    {SL_GAUGE_STREAMS, "direction=\"in\",proto=\"rtsp\"", STAT(rtsp.in)},
    {SL_GAUGE_STREAMS, "direction=\"out\",proto=\"rtsp\"", STAT(rtsp.out)},
};

static size_t add(struct sl_gauge_value *out, size_t count, enum sl_gauge gauge, const char *labels,
                  double value)
{
    out[count] = (struct sl_gauge_value){gauge, labels, value};
    return count + 1;
}

static size_t add_parts(const struct sl_rest_parts *parts, struct sl_gauge_value *out, size_t n)
{
    const struct sl_cluster *cluster = parts->cluster;

    n = add(out, n, SL_GAUGE_CLUSTER_CONNECTED, "", cluster && sl_cluster_is_connected(cluster));
    n = add(out, n, SL_GAUGE_CLUSTER_NODES, "",
            cluster ? (double)sl_cluster_node_count(cluster) : 0);
    n = add(out, n, SL_GAUGE_PUSHES, "",
            parts->pushes ? (double)sl_pushes_count(parts->pushes) : 0);
    n = add(out, n, SL_GAUGE_PULLS, "", parts->pulls ? (double)sl_pulls_count(parts->pulls) : 0);
    return add(out, n, SL_GAUGE_WORKERS, "",
               parts->workers ? (double)sl_workers_count(parts->workers) : 0);
}

static size_t collect(const struct sl_metrics_part *part,
                      struct sl_gauge_value out[static GAUGES_MAX])
{
    const struct sl_rest_sources *sources = part->sources;
    struct sl_figures figures;
    struct sl_process process;
    size_t n = 0;

    sl_figures_take(part->parts, &figures);
    for (size_t i = 0; i < SL_ARRAY_LEN(rows); i++) {
        uint64_t value;
        memcpy(&value, (const char *)&figures + rows[i].offset, sizeof(value));
        n = add(out, n, rows[i].gauge, rows[i].labels, (double)value);
    }
    sl_process_read(&process);
    n = add(out, n, SL_GAUGE_BUILD_INFO, "version=\"" SLUICE_VERSION "\"", 1);
    n = add(out, n, SL_GAUGE_UPTIME, "", (double)(sl_now_us() - part->started_us) / SL_US_PER_S);
    n = add(out, n, SL_GAUGE_LOG_LOST, "", (double)sl_log_lost());
    n = add(out, n, SL_GAUGE_PROCESS_START, "", (double)part->started_ms / 1000);
    if (process.resident_bytes > 0)
        n = add(out, n, SL_GAUGE_PROCESS_MEMORY, "", (double)process.resident_bytes);
    n = add(out, n, SL_GAUGE_PROCESS_FDS_MAX, "", (double)process.open_fds_max);
    if (process.open_fds > 0)
        n = add(out, n, SL_GAUGE_PROCESS_FDS, "", (double)process.open_fds);
    n = add_parts(part->parts, out, n);
    if (sources->gauges)
        n += sources->gauges(sources->owner, out + n, GAUGES_MAX - n);
    return n;
}

static void answer_metrics(struct sl_call *call, void *arg)
{
    const struct sl_metrics_part *part = arg;
    struct sl_gauge_value gauges[GAUGES_MAX];
    size_t len;

    if (!part->metrics) {
        sl_reply_error(call, 404, "this server keeps no metrics");
        return;
    }
    char *page = sl_metrics_page(part->metrics, gauges, collect(part, gauges), &len);
    sl_reply_text(call, 200, "text/plain; version=0.0.4; charset=utf-8", page, len);
    free(page);
}

static const struct sl_route routes[] = {
    {.methods = "GET",
     .path = "/metrics",
     .access = SL_ROUTE_OPERATOR,
     .handle = answer_metrics,
     .about = "metrics for Prometheus",
     .answer = "text/plain"},
};

void sl_metrics_part_add(struct sl_metrics_part *part, struct sl_router *router)
{
    sl_router_add(router, routes, SL_ARRAY_LEN(routes), part);
}
