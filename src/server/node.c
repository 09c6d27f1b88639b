/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the other nodes are told of this one. */
#include "server/node.h"

#include "base/clock.h"
#include "base/config.h"
#include "base/error.h"
#include "base/log.h"
#include "cluster/cluster.h"
#include "pull/pull.h"
#include "server/internal.h"
#include "stream/stream.h"
#include "webrtc/webrtc.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>

/* Each node has its own demo, and what it took from another node is that one's. */
static bool announces(void *arg, struct sl_stream *stream)
{
    (void)arg;
    return sl_stream_is_of_this_server(stream);
}

static int64_t cpu_us(void)
{
    struct rusage usage;

    (void)getrusage(RUSAGE_SELF, &usage); /* cannot fail for this process */
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * (int64_t)SL_US_PER_S +
           usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

/* A stream of another node is that node's to count; who watches it here is ours. */
static void count_stream(struct sl_stream *stream, void *arg)
{
    struct sl_cluster_load *out = arg;

    out->streams += sl_stream_is_of_this_server(stream);
    out->players += (uint32_t)sl_stream_takers(stream, SL_TAKER_VIEWER);
}

static void load(void *arg, struct sl_cluster_load *out)
{
    struct sl_server *server = arg;
    int64_t now_us = sl_now_us(), used_us = cpu_us();

    out->streams = out->players = 0;
    sl_streams_each(server->streams, count_stream, out);
    if (server->load_at_us && now_us > server->load_at_us)
        out->cpu_percent =
            100.0 * (double)(used_us - server->load_cpu_us) / (double)(now_us - server->load_at_us);
    server->load_at_us = now_us;
    server->load_cpu_us = used_us;
}

/* cluster_uri, or the first address that media is announced at, and the WebSocket's port. */
static int choose_uri(const struct sl_server *server, char *out, size_t len, struct sl_error *error)
{
    const struct sl_config *config = server->config;
    struct sl_addr addrs[SL_RTC_ADDRESSES_MAX];
    char text[SL_ADDR_TEXT_MAX];
    struct sl_pull_uri uri;

    if (config->cluster_uri[0]) {
        if (sl_pull_uri_parse(config->cluster_uri, &uri, NULL) < 0)
            return sl_error_set(error, -EINVAL, "cluster_uri=%s: no ws:// or wss:// URL",
                                config->cluster_uri);
        (void)snprintf(out, len, "%s", config->cluster_uri);
        if (uri.tls && !config->wcs_agent_ssl)
            sl_log(
                SL_LOG_WARN, NULL,
                "cluster: cluster_uri is wss://, but wcs_agent_ssl=false: if the other nodes have "
                "that, too, none can pull from another");
        return 0;
    }
    if (config->ws_port == 0 ||
        sl_rtc_candidates(server->rtc, sl_workers_at(server->workers, 0), 0, NULL, addrs) == 0)
        return sl_error_set(error, -EINVAL,
                            "cluster_uri: needed, as ws.port=0 gives the other nodes none");
    addrs[0].port = (uint16_t)config->ws_port;
    (void)snprintf(out, len, "ws://%s", sl_addr_format(&addrs[0], text));
    if (sl_addr_is_loopback(&addrs[0]))
        sl_log(SL_LOG_WARN, NULL, "cluster: other machines cannot reach %s; set cluster_uri", out);
    return 0;
}

int sl_server_join_cluster(struct sl_server *server, struct sl_error *error)
{
    char uri[SL_CLUSTER_URI_MAX + 1];
    struct sl_cluster_config cluster = {
        .config = server->config,
        .loop = server->loop,
        .streams = server->streams,
        .counters = server->counters,
        .node_id = server->node_id,
        .uri = uri,
        .announces = announces,
        .load = load,
        .arg = server,
    };

    if (strlen(server->config->cluster_uri) > SL_CLUSTER_URI_MAX)
        return sl_error_set(error, -EINVAL, "cluster_uri: longer than %d bytes",
                            SL_CLUSTER_URI_MAX);
    int err = choose_uri(server, uri, sizeof(uri), error);
    return err < 0 ? err : sl_cluster_create(&cluster, &server->cluster, error);
}
