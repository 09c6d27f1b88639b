/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A track: its life, and what its source brings. */
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
