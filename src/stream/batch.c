/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What came in a track in one turn, and its way on: once per worker, sound along with pictures. All
 * on the home worker. */
#include "stream/internal.h"

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
