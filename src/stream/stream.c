/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One stream: what is asked about it, who hears of it, and when its memory may go. */
#include "stream/internal.h"

#include <assert.h>

/* ---- What it is ---- */

/* Whom a question about the stream is for. */
static const struct sl_stream *origin_of(const struct sl_stream *stream)
{
    return stream->of ? stream->of : stream;
}

int64_t sl_stream_live_since_ms(const struct sl_stream *stream)
{
    SL_ASSERT_ON(stream->control);
    return stream->live_since_ms;
}

bool sl_stream_is_live(const struct sl_stream *stream)
{
    SL_ASSERT_ON(stream->control);
    return stream->live;
}

const char *sl_stream_name(const struct sl_stream *stream)
{
    return origin_of(stream)->name;
}

struct sl_worker *sl_stream_worker(struct sl_stream *stream)
{
    return stream->worker;
}

const char *sl_stream_protocol(const struct sl_stream *stream)
{
    SL_ASSERT_ON(stream->control);
    return stream->ops->protocol;
}

struct sl_track *sl_stream_track(struct sl_stream *stream, enum sl_media_kind kind)
{
    return stream->tracks[kind];
}

enum sl_codec sl_stream_codec(struct sl_stream *stream, enum sl_media_kind kind)
{
    const struct sl_track *track = sl_stream_track(stream, kind);

    return track ? sl_track_codec(track) : SL_CODEC_NONE;
}

void sl_stream_size(const struct sl_stream *stream, uint16_t *width, uint16_t *height)
{
    SL_ASSERT_ON(stream->control);
    if (stream->width == 0)
        stream = origin_of(stream);
    *width = stream->width;
    *height = stream->height;
}

void sl_track_set_bitrate(struct sl_track *track, uint64_t bitrate_bps)
{
    SL_ASSERT_ON(track->home->loop);
    atomic_store_explicit(&track->bitrate_bps, bitrate_bps, memory_order_relaxed);
}

/* In its place among those before it. */
static void add_layer(struct sl_stream_layer *layers, size_t count, struct sl_stream_layer layer)
{
    for (; count > 0 && layers[count - 1].bitrate_bps > layer.bitrate_bps; count--)
        layers[count] = layers[count - 1];
    layers[count] = layer;
}

size_t sl_stream_layers(const struct sl_stream *stream,
                        struct sl_stream_layer out[static SL_STREAM_LAYERS_MAX])
{
    SL_ASSERT_ON(stream->control);
    struct sl_stream *made;
    size_t count = 0;

    sl_list_foreach(made, &stream->made, struct sl_stream, sibling)
    {
        const struct sl_track *track = made->tracks[SL_VIDEO];
        if (!made->is_layer || !track || count == SL_STREAM_LAYERS_MAX)
            continue;
        uint64_t bps = atomic_load_explicit(&track->bitrate_bps, memory_order_relaxed);
        if (bps > 0)
            add_layer(out, count++, (struct sl_stream_layer){made, bps});
    }
    return count;
}

bool sl_stream_is_reordered(const struct sl_stream *stream)
{
    SL_ASSERT_ON(stream->control);
    return stream->reordered;
}

void sl_stream_set_muted(struct sl_stream *stream, enum sl_media_kind kind, bool muted)
{
    SL_ASSERT_ON(stream->control);
    stream = stream->of ? stream->of : stream;
    bool is_news = stream->muted[kind] != muted;
    stream->muted[kind] = muted;
    for (struct sl_list *at = stream->listeners.next; is_news && at != &stream->listeners;) {
        struct sl_stream_listener *listener = sl_container_of(at, struct sl_stream_listener, link);
        at = at->next; /* one may take itself out */
        if (listener->on_muted)
            listener->on_muted(listener);
    }
}

bool sl_stream_is_muted(const struct sl_stream *stream, enum sl_media_kind kind)
{
    SL_ASSERT_ON(stream->control);
    return origin_of(stream)->muted[kind];
}

/* ---- Who hears of it ---- */

void sl_stream_listen(struct sl_stream *stream, struct sl_stream_listener *listener)
{
    SL_ASSERT_ON(stream->control);
    assert(!stream->ended);
    sl_list_append(&stream->listeners, &listener->link);
}

void sl_stream_unlisten(struct sl_stream_listener *listener)
{
    sl_list_remove(&listener->link);
}

/* ---- When it may go ---- */

void sl_stream_unreserve(struct sl_stream *stream)
{
    for (size_t i = 0; i < TRACKS_PER_STREAM; i++) {
        if (stream->tracks[i])
            stream->worker->ring_reserved -= stream->tracks[i]->ring_packets;
    }
}

void sl_stream_check_free(struct sl_stream *stream)
{
    if (!stream->released || stream->draining > 0)
        return;
    for (size_t i = 0; i < TRACKS_PER_STREAM; i++) {
        for (size_t w = 0; stream->tracks[i] && w < WORKERS_MAX; w++) {
            if (stream->tracks[i]->fanouts[w] && stream->tracks[i]->fanouts[w]->refs > 0)
                return;
        }
    }
    struct sl_stream *of = stream->of;
    sl_list_remove(&stream->link);
    sl_stream_unreserve(stream);
    sl_loop_post(stream->worker->loop, &stream->free_msg);
    if (of) {
        of->draining--;
        sl_stream_check_free(of);
    }
}
