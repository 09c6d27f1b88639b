/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A track: takes packets from its source, passes them on once per worker and turn, and carries key
 * frame requests back, merged. All on the home worker. */
#include "stream/internal.h"

#include "base/clock.h"
#include "base/metrics.h"

#include <assert.h>

/* Rings hold packets of the worker's pool. Each new one takes at most an eighth of what is left of
 * half the pool, so that no number of streams uses it up; the rest is what lets media flow. */
size_t sl_track_ring_packets(const struct sl_worker *worker, enum sl_media_kind kind)
{
    size_t packets = worker->config->ring_packets, budget = worker->config->packets_max / 2;
    size_t left = budget > worker->ring_reserved ? budget - worker->ring_reserved : 0;

    if (kind == SL_AUDIO)
        return RING_SOUND;
    while (packets > RING_MIN && packets > left / 8)
        packets /= 2;
    return packets;
}

static bool may_send(const struct sl_track_config *config, enum sl_codec codec)
{
    for (size_t i = 0; i < config->codec_count; i++) {
        if (config->codecs[i].codec == codec)
            return true;
    }
    return false;
}

struct sl_track *sl_track_create(struct sl_stream *stream, enum sl_media_kind kind,
                                 const struct sl_stream_config *config)
{
    struct sl_track *track = sl_new(struct sl_track);

    track->stream = stream;
    track->kind = kind;
    track->config = config->tracks[kind];
    track->home = config->worker;
    track->ops = config->ops;
    track->owner = config->owner;
    track->ring_packets = sl_track_ring_packets(config->worker, kind);
    config->worker->ring_reserved += track->ring_packets;
    if (track->config.frames || sl_track_keeps(track))
        track->intake = sl_intake_create(track);
    if (!track->config.frames && may_send(&track->config, SL_CODEC_H264))
        track->sets = sl_track_sets_create(&track->config.sprop);
    return track;
}

void sl_track_free(struct sl_track *track)
{
    if (!track)
        return;
    for (size_t i = 0; i < WORKERS_MAX; i++)
        sl_fanout_free(track->fanouts[i]);
    sl_track_sets_destroy(track->sets);
    sl_intake_destroy(track->intake);
    free(track);
}

enum sl_media_kind sl_track_kind(const struct sl_track *track)
{
    return track->kind;
}

const struct sl_track_config *sl_track_codecs(const struct sl_track *track)
{
    return &track->config;
}

void sl_track_input(struct sl_track *track, struct sl_rtp_packet *packet)
{
    SL_ASSERT_ON(track->home->loop);
    assert(!track->config.frames);
    if (track->ended || (track->sets && sl_track_sets_input(track, packet) < 0)) {
        sl_rtp_packet_unref(packet);
        return;
    }
    sl_track_add(track, packet);
}

void sl_track_add(struct sl_track *track, struct sl_rtp_packet *packet)
{
    if (track->batch_count == 0 && !sl_list_linked(&track->dirty))
        sl_list_append(&track->home->dirty_tracks, &track->dirty);
    track->batch[track->batch_count++] = packet;
    if (track->batch_count == TRACK_BATCH)
        sl_track_pass(track);
}

static struct fanout *active_on(const struct sl_track *track, const struct sl_worker *worker)
{
    for (size_t i = 0; i < track->active_count; i++) {
        if (track->active[i]->worker == worker)
            return track->active[i];
    }
    return NULL;
}

static bool has_sinks(const struct fanout *fanout)
{
    return fanout && atomic_load_explicit(&fanout->sink_count, memory_order_relaxed) > 0;
}

static struct delivery delivery_of(const struct sl_track *track, struct fanout *fanout)
{
    if (!has_sinks(fanout) || track->batch_count == 0)
        return (struct delivery){0};
    return (struct delivery){fanout, &track->clock, track->batch, track->batch_count};
}

/* To one worker; a fanout without sinks takes nothing, one of the two has some. */
static void pass_to(const struct sl_worker *home, struct delivery delivery, struct delivery rider)
{
    if (!delivery.fanout) {
        delivery = rider;
        rider = (struct delivery){0};
    }
    if (!delivery.fanout)
        return;
    if (delivery.fanout->worker == home)
        sl_fanout_deliver(&delivery, &rider);
    else
        sl_fanout_hand_over(&delivery, &rider);
}

static void note_keyframe(struct sl_track *track)
{
    for (size_t i = 0; i < track->batch_count; i++) {
        if (track->batch[i]->keyframe_start)
            track->keyframe_us = track->batch[i]->arrival_us;
    }
}

/* Its frames go, too. */
static void end_pass(struct sl_track *track)
{
    if (track->intake) {
        sl_intake_take(track->intake, track->batch, track->batch_count);
        sl_intake_pass(track->intake);
    }
    if (track->keyframe_every_us > 0)
        note_keyframe(track);
    for (size_t i = 0; i < track->batch_count; i++)
        sl_rtp_packet_unref(track->batch[i]);
    track->batch_count = 0;
    sl_list_remove(&track->dirty);
}

/* The stream's sound, if it can go along with these pictures. */
static struct sl_track *rider_of(const struct sl_track *track)
{
    struct sl_track *audio = track->stream->tracks[SL_AUDIO];

    return track->kind == SL_VIDEO && audio && audio->batch_count > 0 &&
                   audio->batch_count <= RIDERS_MAX
               ? audio
               : NULL;
}

void sl_track_pass(struct sl_track *track)
{
    struct sl_track *video = track->stream->tracks[SL_VIDEO];

    if (track->kind == SL_AUDIO && video && video->batch_count > 0 && rider_of(video))
        track = video;
    struct sl_track *rider = rider_of(track);
    sl_level_batch(track->batch, track->batch_count, rider != NULL);
    for (size_t i = 0; i < track->active_count; i++) {
        struct fanout *fanout = track->active[i];
        struct delivery riding = {0};
        if (rider)
            riding = delivery_of(rider, active_on(rider, fanout->worker));
        pass_to(track->home, delivery_of(track, fanout), riding);
    }
    for (size_t i = 0; rider && i < rider->active_count; i++) {
        if (!active_on(track, rider->active[i]->worker))
            pass_to(track->home, delivery_of(rider, rider->active[i]), (struct delivery){0});
    }
    end_pass(track);
    if (rider)
        end_pass(rider);
}

bool sl_track_picture_is_cut(const struct sl_track *track)
{
    return track->kind == SL_VIDEO && track->batch_count > 0 &&
           !track->batch[track->batch_count - 1]->marker;
}

bool sl_track_may_go_on(const struct sl_track *track)
{
    const struct sl_track *video = track->stream->tracks[SL_VIDEO];

    if (track->kind == SL_VIDEO)
        return sl_track_picture_is_cut(track);
    return video && video->batch_count == 0;
}

size_t sl_track_sink_count(const struct sl_track *track)
{
    size_t count = 0;

    for (size_t i = 0; i < track->active_count; i++)
        count += atomic_load_explicit(&track->active[i]->sink_count, memory_order_relaxed);
    return count;
}

static void check_wishes(struct sl_track *track)
{
    int64_t least_us = 0;

    for (size_t i = 0; i < track->active_count; i++) {
        int64_t us =
            atomic_load_explicit(&track->active[i]->keyframe_every_us, memory_order_relaxed);
        if (us > 0 && (least_us == 0 || us < least_us))
            least_us = us;
    }
    if (track->keyframe_every_us == 0)
        track->keyframe_us = sl_now_us();
    track->keyframe_every_us = least_us;
    if (least_us == 0)
        sl_list_remove(&track->paced);
    else if (!sl_list_linked(&track->paced))
        sl_list_append(&track->home->paced_tracks, &track->paced);
}

void sl_track_pace(struct sl_track *track, int64_t now_us)
{
    if (now_us - track->keyframe_us >= track->keyframe_every_us)
        sl_track_want_keyframe_soon(track);
}

void sl_track_check_sinks(struct sl_track *track)
{
    size_t count = sl_track_sink_count(track);

    if (!track->ended)
        check_wishes(track);
    if (track->ended || !track->ops->on_sinks || track->has_sinks == (count > 0))
        return;
    track->has_sinks = count > 0;
    track->ops->on_sinks(track->owner, track, count);
}

uint32_t sl_track_clock_hz(const struct sl_track *track, enum sl_codec codec)
{
    bool is_sounds = codec == SL_CODEC_AAC || codec == SL_CODEC_TELEPHONE_EVENT;

    return is_sounds && track->config.clock_hz > 0 ? track->config.clock_hz
                                                   : sl_codec_clock_hz(codec);
}

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

void sl_track_retry_keyframe(struct sl_track *track, int64_t now_us)
{
    if (track->keyframe_asked_us &&
        now_us - track->keyframe_asked_us < track->home->config->keyframe_interval_us)
        return;
    sl_list_remove(&track->wanting);
    track->keyframe_asked_us = now_us;
    track->ops->request_keyframe(track->owner, track);
}

void sl_track_want_keyframe_soon(struct sl_track *track)
{
    if (!track->ended && track->ops->request_keyframe && !sl_list_linked(&track->wanting))
        sl_list_append(&track->home->wanting_tracks, &track->wanting);
}

void sl_track_want_keyframe(struct sl_track *track)
{
    sl_track_want_keyframe_soon(track);
    if (sl_list_linked(&track->wanting))
        sl_track_retry_keyframe(track, sl_now_us());
}

struct size_report {
    struct sl_msg msg;
    struct sl_stream *stream;
    uint16_t width, height;
};

/* [control] The stream is still there: it goes only after home reported its end, in this order. */
static void on_size_report(struct sl_msg *msg)
{
    struct size_report *report = sl_container_of(msg, struct size_report, msg);
    struct sl_stream *stream = report->stream;
    struct sl_stream_listener *listener;

    if (!stream->ended) {
        stream->width = report->width;
        stream->height = report->height;
        sl_list_foreach(listener, &stream->listeners, struct sl_stream_listener, link)
        {
            if (listener->on_size)
                listener->on_size(listener, report->width, report->height);
        }
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
    sl_loop_post(sl_registry_control(track->stream), &report->msg);
}

void sl_track_end(struct sl_track *track)
{
    sl_track_pass(track);
    if (track->intake)
        sl_intake_end(track->intake);
    sl_list_remove(&track->wanting);
    sl_list_remove(&track->paced);
    track->ended = true;
    for (size_t i = 0; i < track->active_count; i++) {
        struct fanout *fanout = track->active[i];
        if (fanout->worker == track->home)
            sl_fanout_end(fanout);
        else
            sl_loop_post(fanout->worker->loop, &fanout->end_msg);
    }
    track->active_count = 0;
}
