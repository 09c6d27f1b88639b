/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the home worker tells the control loop of a track: its codec, the size and the order of its
 * pictures. Each may change while the stream lives; what comes while control has not yet been told
 * is told with it. The stream outlives what is on its way: it goes only after home has reported its
 * end, in this order. And what it says to whoever asks: its clock. */
#include "stream/internal.h"

#include "base/clock.h"

/* Every listener; one may take itself out. */
static void tell_listeners(struct sl_stream *stream,
                           void (*tell)(struct sl_stream_listener *listener, const void *arg),
                           const void *arg)
{
    struct sl_list *at = stream->listeners.next;

    while (!stream->ended && at != &stream->listeners) {
        struct sl_stream_listener *listener = sl_container_of(at, struct sl_stream_listener, link);
        at = at->next;
        tell(listener, arg);
    }
}

/* ---- The codec ---- */

static void tell_codec(struct sl_stream_listener *listener, const void *arg)
{
    const struct sl_track *track = arg;

    if (listener->on_codec)
        listener->on_codec(listener, track->kind);
}

static void on_codec(struct sl_msg *msg) /* [control] */
{
    struct sl_track *track = sl_container_of(msg, struct sl_track, codec_msg);

    atomic_store(&track->codec_posted, false); /* before it is read: a change after that posts */
    tell_listeners(track->stream, tell_codec, track);
}

void sl_track_note_codec(struct sl_track *track, enum sl_codec codec)
{
    if (codec == SL_CODEC_TELEPHONE_EVENT || codec == sl_track_codec(track) || track->ended)
        return;
    atomic_store(&track->codec, codec);
    if (!atomic_exchange(&track->codec_posted, true))
        sl_loop_post(track->stream->control, &track->codec_msg);
}

enum sl_codec sl_track_codec(const struct sl_track *track)
{
    return atomic_load_explicit(&track->codec, memory_order_relaxed);
}

/* ---- The size ---- */

struct size_report {
    struct sl_msg msg;
    struct sl_stream *stream;
    uint16_t width, height;
};

static void tell_size(struct sl_stream_listener *listener, const void *arg)
{
    const struct size_report *report = arg;

    if (listener->on_size)
        listener->on_size(listener, report->width, report->height);
}

static void on_size_report(struct sl_msg *msg) /* [control] */
{
    struct size_report *report = sl_container_of(msg, struct size_report, msg);
    struct sl_stream *stream = report->stream;

    if (!stream->ended) {
        stream->width = report->width;
        stream->height = report->height;
        tell_listeners(stream, tell_size, report);
    }
    free(report);
}

void sl_track_set_size(struct sl_track *track, uint16_t width, uint16_t height)
{
    SL_ASSERT_ON(track->home->loop);
    if (track->ended)
        return;
    /* One per change of size, which the source bounds by key frames. */
    struct size_report *report = sl_new(struct size_report);
    report->msg.run = on_size_report;
    report->stream = track->stream;
    report->width = width;
    report->height = height;
    sl_loop_post(track->stream->control, &report->msg);
}

/* ---- The order ---- */

static void tell_reordered(struct sl_stream_listener *listener, const void *arg)
{
    (void)arg;
    if (listener->on_reordered)
        listener->on_reordered(listener);
}

static void on_reordered(struct sl_msg *msg) /* [control] */
{
    struct sl_track *track = sl_container_of(msg, struct sl_track, reordered_msg);

    if (track->stream->ended)
        return;
    track->stream->reordered = true;
    tell_listeners(track->stream, tell_reordered, NULL);
}

void sl_track_set_reordered(struct sl_track *track)
{
    SL_ASSERT_ON(track->home->loop);
    if (track->ended || track->reordered)
        return;
    track->reordered = true;
    sl_loop_post(track->stream->control, &track->reordered_msg);
}

void sl_track_report_init(struct sl_track *track)
{
    atomic_init(&track->codec,
                track->config.codec_count > 0 ? track->config.codecs[0].codec : SL_CODEC_NONE);
    track->codec_msg.run = on_codec;
    track->reordered_msg.run = on_reordered;
}

/* ---- Its clock ---- */

/* NTP counts seconds from 1900 in 32 bits, and their fraction in as many. */
static int64_t us_of_ntp(uint64_t ntp)
{
    return (int64_t)(ntp >> 32) * SL_US_PER_S +
           (int64_t)(((ntp & UINT32_MAX) * SL_US_PER_S + (UINT32_C(1) << 31)) >> 32);
}

static _Atomic int64_t *ntp_offset_of(const struct sl_track *track)
{
    struct sl_stream *stream = track->stream;

    return stream->of ? &stream->of->ntp_offset_us : &stream->ntp_offset_us;
}

uint64_t sl_track_ntp(struct sl_track *track, int64_t local_us)
{
    static const int64_t ntp_of_1970_us = INT64_C(2208988800) * SL_US_PER_S;
    _Atomic int64_t *known = ntp_offset_of(track);
    int64_t offset_us = atomic_load_explicit(known, memory_order_relaxed);

    if (offset_us == 0) {
        int64_t wall_us = sl_wall_ms() * SL_US_PER_MS - sl_now_us() + ntp_of_1970_us;
        if (atomic_compare_exchange_strong(known, &offset_us, wall_us))
            offset_us = wall_us; /* otherwise another track's, which came first */
    }
    uint64_t us = (uint64_t)(local_us + offset_us);
    return (us / SL_US_PER_S << 32) + ((us % SL_US_PER_S) << 32) / SL_US_PER_S;
}

void sl_track_set_clock(struct sl_track *track, const struct sl_track_clock *clock)
{
    SL_ASSERT_ON(track->home->loop);
    if (clock->valid)
        atomic_store_explicit(ntp_offset_of(track), us_of_ntp(clock->ntp) - clock->local_us,
                              memory_order_relaxed);
    if (!track->config.frames)
        track->clock = *clock;
}
