/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The figures of this moment, counted where the streams and those who take them are listed. */
#include "rest/parts.h"

#include "access/access.h"
#include "base/mem.h"
#include "session/session.h"
#include "stream/stream.h"
#include "transcoder/transcoder.h"
#include "variant/variant.h"

#include <string.h>

/* Where the page has a place for it. What the server makes itself came by no protocol. */
static struct sl_traffic *traffic_of(struct sl_figures *figures, const char *protocol)
{
    struct {
        const char *name;
        struct sl_traffic *traffic;
    } all[] = {
        {"webrtc", &figures->webrtc},
        {"websocket", &figures->websocket},
        {"rtmp", &figures->rtmp},
        {"rtsp", &figures->rtsp},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(all); i++) {
        if (strcmp(all[i].name, protocol) == 0)
            return all[i].traffic;
    }
    return NULL;
}

static void count_taker(const struct sl_taker *taker, void *arg)
{
    struct sl_figures *figures = arg;
    struct sl_traffic *traffic = traffic_of(figures, taker->protocol);

    if (traffic)
        traffic->out++;
    figures->viewers += taker->kind == SL_TAKER_VIEWER;
}

static void count_stream(struct sl_stream *stream, void *arg)
{
    struct sl_traffic *traffic = traffic_of(arg, sl_stream_protocol(stream));

    if (traffic)
        traffic->in++;
    sl_stream_each_taker(stream, count_taker, arg);
}

static uint64_t count_processes(struct sl_transcoder *transcoder)
{
    struct sl_transcoder_stats stats;

    sl_transcoder_stats(transcoder, &stats);
    return stats.process_count;
}

static void count_calls(const struct sl_exchange *exchange, struct sl_call_figures *out)
{
    struct sl_exchange_stats stats;

    exchange->stats(exchange->arg, &stats);
    *out = (struct sl_call_figures){.registered = stats.registered,
                                    .unregistered = stats.accounts - stats.registered,
                                    .incoming = stats.incoming,
                                    .outgoing = stats.outgoing,
                                    .established = stats.established,
                                    .subscriptions = stats.subscriptions};
}

void sl_figures_take(const struct sl_rest_parts *parts, struct sl_figures *out)
{
    struct sl_sessions_stats sessions = {0};

    *out = (struct sl_figures){0};
    if (parts->sessions)
        sl_sessions_stats(parts->sessions, &sessions);
    out->connections = sessions.sessions;
    out->narrow = sessions.narrow;
    if (parts->streams)
        sl_streams_each(parts->streams, count_stream, out);
    if (parts->exchange)
        count_calls(parts->exchange, &out->calls);
    if (parts->variants)
        out->variants = sl_variants_count(parts->variants);
    if (parts->transcoder)
        out->codec_processes = count_processes(parts->transcoder);
    /* One port a worker serves every client: none is ever used up. */
    if (parts->workers)
        out->ports_busy = sl_workers_count(parts->workers);
}
