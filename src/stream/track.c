/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A track: takes packets from its source and passes them on once per worker and turn. All on the home
 * worker. */
#include "stream/internal.h"

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
    sl_track_report_init(track);
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

bool sl_tracks_are_of_one_stream(const struct sl_track *a, const struct sl_track *b)
{
    return a->stream == b->stream;
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
    if (packet->keyframe_start || track->kind == SL_AUDIO)
        sl_track_note_codec(track, packet->codec);
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
