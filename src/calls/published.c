/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The provider of publications that are calls. */
#include "calls/published.h"

#include "base/clock.h"
#include "base/error.h"
#include "calls/call.h"
#include "calls/media.h"
#include "flow/flow.h"
#include "stream/stream.h"

#include <errno.h>
#include <string.h>

struct sl_call_stream {
    struct sl_call *call;
    struct sl_list link; /* in calls->streams */
    char *name;
    struct sl_reservation *reservation;
    struct sl_medium *medium; /* NULL: not yet, or no more */
    bool published;
};

/* It may outlive the call by a turn of the loop. */
struct sl_medium {
    struct sl_call_stream *stream; /* NULL: the call has ended */
    const struct sl_medium_ops *ops;
    void *owner;
    struct sl_loop *loop;
    struct sl_stream *feed;
    struct sl_flow_rates rates;
    struct sl_later closed;
};

/* ---- The provider ---- */

static struct sl_call_stream *find(const struct sl_calls *calls, const char *call_id)
{
    struct sl_call_stream *stream;

    sl_list_foreach(stream, &calls->streams, struct sl_call_stream, link)
    {
        if (stream->published && !stream->medium && strcmp(stream->call->id, call_id) == 0)
            return stream;
    }
    return NULL;
}

static enum sl_reason reason_of(int err)
{
    return err == -EEXIST    ? SL_REASON_NAME_IN_USE
           : err == -ENOBUFS ? SL_REASON_STREAMS_MAX
                             : SL_REASON_ERROR;
}

static enum sl_reason begin(void *arg, const struct sl_medium_request *request,
                            struct sl_medium_facts *facts, struct sl_medium **out)
{
    struct sl_call_stream *stream = find(arg, request->id);
    struct sl_error error = {.text = ""};
    struct sl_stream *feed;

    *out = NULL;
    if (!stream || !stream->call->media)
        return SL_REASON_ERROR;
    const struct sl_stream_config config = {.name = request->name,
                                            .publisher = *request->publisher,
                                            .reservation = stream->reservation};
    int err = sl_call_media_publish(stream->call->media, &config, &feed, &error);
    if (err < 0) {
        sl_log(SL_LOG_WARN, request->log, "a call cannot be published: %s", error.text);
        return reason_of(err);
    }
    struct sl_medium *medium = sl_new(struct sl_medium);
    *medium = (struct sl_medium){.stream = stream,
                                 .ops = request->ops,
                                 .owner = request->owner,
                                 .loop = stream->call->phone->calls->config.loop,
                                 .feed = feed,
                                 .rates = {.at_us = sl_now_us()}};
    stream->medium = medium;
    *facts = (struct sl_medium_facts){.stream = feed};
    for (size_t kind = 0; kind < 2; kind++) {
        const struct sl_track *track = sl_stream_track(feed, (enum sl_media_kind)kind);
        facts->flows[kind] = track != NULL;
        facts->codecs[kind] = track ? sl_track_codecs(track)->codecs[0].codec : SL_CODEC_NONE;
    }
    *out = medium;
    return SL_REASON_NONE;
}

static void start(struct sl_medium *medium)
{
    (void)medium; /* what the telephone sends, it sends already */
}

static void on_closed(struct sl_later *later)
{
    struct sl_medium *medium = sl_container_of(later, struct sl_medium, closed);

    medium->ops->on_closed(medium->owner);
    free(medium);
}

/* The stream itself is the call's, which ends with it: the session's ops tell so. */
static void close_medium(struct sl_medium *medium)
{
    if (medium->stream) {
        medium->stream->medium = NULL;
        medium->stream->published = false;
        sl_stream_end(medium->feed);
    }
    medium->closed.run = on_closed;
    sl_loop_later(medium->loop, &medium->closed);
}

static uint64_t load(const _Atomic uint64_t *value)
{
    return atomic_load_explicit(value, memory_order_relaxed);
}

static bool figures(struct sl_medium *medium, int64_t now_us, struct sl_medium_figures *out)
{
    const struct sl_flow_stats *stats =
        medium->stream ? sl_call_media_stats(medium->stream->call->media) : NULL;

    if (!stats || !sl_flow_rates_update(&medium->rates, stats, now_us))
        return false;
    *out = (struct sl_medium_figures){.audio_bps = medium->rates.audio_bps,
                                      .video_bps = medium->rates.video_bps,
                                      .video_fps = medium->rates.video_fps,
                                      .nack = load(&stats->nack),
                                      .pli = load(&stats->pli),
                                      .lost = load(&stats->lost),
                                      .video_flows = medium->rates.video_flows};
    return true;
}

static bool uses_tcp(const struct sl_medium *medium)
{
    (void)medium;
    return false;
}

void sl_calls_make_provider(struct sl_calls *calls)
{
    calls->provider = (struct sl_provider){
        .name = "SIP",
        .protocol = "sip",
        .arg = calls,
        .is_telephone = true,
        .begin = begin,
        .start = start,
        .close = close_medium,
        .figures = figures,
        .uses_tcp = uses_tcp,
    };
}

/* ---- Streams ---- */

int sl_call_stream_create(struct sl_call *call, const char *name, struct sl_call_stream **out,
                          struct sl_error *error)
{
    struct sl_calls *calls = call->phone->calls;
    struct sl_reservation *reservation;
    int err = sl_streams_reserve(calls->config.streams, name, &reservation);

    if (err < 0)
        return sl_error_set(error, err, "%s",
                            err == -EEXIST ? "the name of the stream is in use"
                                           : "this cannot be the name of a stream");
    struct sl_call_stream *stream = sl_new(struct sl_call_stream);
    stream->call = call;
    stream->name = sl_strdup(name);
    stream->reservation = reservation;
    sl_list_append(&calls->streams, &stream->link);
    *out = stream;
    return 0;
}

const char *sl_call_stream_name(const struct sl_call_stream *stream)
{
    return stream->name;
}

void sl_call_stream_publish(struct sl_call_stream *stream)
{
    struct sl_call *call = stream->call;
    const struct sl_media_request request = {
        .publish = true,
        .media_session_id = call->id,
        .name = stream->name,
        .provider = &call->phone->calls->provider,
        .custom = call->custom,
        .has_audio = call->has_audio,
        .has_video = call->has_video,
    };

    stream->published = true;
    sl_session_request_media(call->phone->session, &request);
}

void sl_call_stream_on_heard(struct sl_call_stream *stream)
{
    struct sl_medium *medium = stream->medium;

    if (medium)
        medium->ops->on_state(medium->owner, SL_MEDIUM_FLOWS, SL_REASON_NONE);
}

void sl_call_stream_destroy(struct sl_call_stream *stream)
{
    if (!stream)
        return;
    if (stream->published)
        sl_session_stop_media(stream->call->phone->session,
                              &(struct sl_media_stop){.publish = true,
                                                      .media_session_id = stream->call->id,
                                                      .name = stream->name});
    sl_reservation_release(stream->reservation);
    sl_list_remove(&stream->link);
    free(stream->name);
    free(stream);
}
