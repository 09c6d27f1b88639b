/* SPDX-License-Identifier: GPL-3.0-or-later */
/* /metrics: the counters of base/metrics.h, and the gauges of this moment. */
#include "rest/parts.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "cluster/cluster.h"
#include "hls/hls.h"
#include "pull/pull.h"
#include "push/push.h"
#include "record/record.h"
#include "rest/process.h"
#include "stream/stream.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define STAT(field) offsetof(struct sl_figures, field)

/* Numbers of struct sl_figures as gauges. */
static const struct {
    enum sl_gauge gauge;
    const char *labels;
    size_t offset;
} rows[] = {
    {SL_GAUGE_CONNECTIONS, "", STAT(connections)},
    {SL_GAUGE_NARROW, "", STAT(narrow)},
    {SL_GAUGE_STREAMS, "direction=\"in\",proto=\"webrtc\"", STAT(webrtc.in)},
    {SL_GAUGE_STREAMS, "direction=\"out\",proto=\"webrtc\"", STAT(webrtc.out)},
    {SL_GAUGE_STREAMS, "direction=\"out\",proto=\"websocket\"", STAT(websocket.out)},
    {SL_GAUGE_STREAMS, "direction=\"in\",proto=\"rtmp\"", STAT(rtmp.in)},
    {SL_GAUGE_STREAMS, "direction=\"out\",proto=\"rtmp\"", STAT(rtmp.out)},
    {SL_GAUGE_STREAMS, "direction=\"in\",proto=\"rtsp\"", STAT(rtsp.in)},
    {SL_GAUGE_STREAMS, "direction=\"out\",proto=\"rtsp\"", STAT(rtsp.out)},
    {SL_GAUGE_CALLS, "direction=\"in\"", STAT(calls.incoming)},
    {SL_GAUGE_CALLS, "direction=\"out\"", STAT(calls.outgoing)},
    {SL_GAUGE_SIP_ACCOUNTS, "registered=\"false\"", STAT(calls.unregistered)},
    {SL_GAUGE_SIP_ACCOUNTS, "registered=\"true\"", STAT(calls.registered)},
    {SL_GAUGE_SIP_SUBSCRIPTIONS, "", STAT(calls.subscriptions)},
};

static void add(struct sl_gauges *gauges, enum sl_gauge gauge, double value)
{
    sl_gauges_add(gauges, gauge, value, "%s", "");
}

static void add_figures(const struct sl_rest_parts *parts, struct sl_gauges *out)
{
    struct sl_figures figures;

    sl_figures_take(parts, &figures);
    for (size_t i = 0; i < SL_ARRAY_LEN(rows); i++) {
        uint64_t value;
        memcpy(&value, (const char *)&figures + rows[i].offset, sizeof(value));
        sl_gauges_add(out, rows[i].gauge, (double)value, "%s", rows[i].labels);
    }
}

static void add_process(const struct sl_metrics_part *part, struct sl_gauges *out)
{
    struct sl_process process;

    sl_process_read(&process);
    sl_gauges_add(out, SL_GAUGE_BUILD_INFO, 1, "version=\"%s\"", SLUICE_VERSION);
    add(out, SL_GAUGE_UPTIME, (double)(sl_now_us() - part->started_us) / SL_US_PER_S);
    add(out, SL_GAUGE_LOG_LOST, (double)sl_log_lost());
    add(out, SL_GAUGE_PROCESS_START, (double)part->started_ms / 1000);
    if (process.resident_bytes > 0)
        add(out, SL_GAUGE_PROCESS_MEMORY, (double)process.resident_bytes);
    add(out, SL_GAUGE_PROCESS_FDS_MAX, (double)process.open_fds_max);
    if (process.open_fds > 0)
        add(out, SL_GAUGE_PROCESS_FDS, (double)process.open_fds);
}

static void add_parts(const struct sl_rest_parts *parts, struct sl_gauges *out)
{
    const struct sl_cluster *cluster = parts->cluster;
    struct sl_hls_totals hls = {0};

    add(out, SL_GAUGE_CLUSTER_CONNECTED, cluster && sl_cluster_is_connected(cluster));
    add(out, SL_GAUGE_CLUSTER_NODES, cluster ? (double)sl_cluster_node_count(cluster) : 0);
    add(out, SL_GAUGE_RECORDINGS,
        parts->recordings ? (double)sl_recordings_count(parts->recordings) : 0);
    add(out, SL_GAUGE_PUSHES, parts->pushes ? (double)sl_pushes_count(parts->pushes) : 0);
    add(out, SL_GAUGE_PULLS, parts->pulls ? (double)sl_pulls_count(parts->pulls) : 0);
    if (parts->hls)
        sl_hls_totals(parts->hls, &hls);
    add(out, SL_GAUGE_HLS_STREAMS, (double)hls.streams);
    add(out, SL_GAUGE_HLS_MEMORY, (double)hls.bytes);
    add(out, SL_GAUGE_WORKERS, parts->workers ? (double)sl_workers_count(parts->workers) : 0);
}

static void collect(const struct sl_metrics_part *part, struct sl_gauges *out)
{
    const struct sl_rest_sources *sources = part->sources;

    out->count = 0;
    add_figures(part->parts, out);
    add_process(part, out);
    add_parts(part->parts, out);
    sl_made_gauges(part->parts, out);
    if (sources->gauges)
        out->count +=
            sources->gauges(sources->owner, out->values + out->count, SL_GAUGES_MAX - out->count);
}

static void answer_metrics(struct sl_call *call, void *arg)
{
    const struct sl_metrics_part *part = arg;
    struct sl_gauges gauges;
    size_t len;

    if (!part->metrics) {
        sl_reply_error(call, 404, "this server keeps no metrics");
        return;
    }
    collect(part, &gauges);
    char *page = sl_metrics_page(part->metrics, gauges.values, gauges.count, &len);
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
