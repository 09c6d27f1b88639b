/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Frames of a track, from its source or made of its packets: they go to the sinks of frames, and
 * some are kept. All on the track's home worker. */
#include "stream/internal.h"

enum { FIRST_SEQ = 1 << 16 }; /* as sl_seq_unwrap(): older ones stay positive */

void sl_intake_add(struct intake *intake, struct sl_frame *frame)
{
    struct sl_track *track = intake->track;

    if (intake->count == FRAME_BATCH)
        sl_intake_pass(intake);
    intake->batch[intake->count++] = frame;
    if (sl_track_keeps(track))
        sl_kept_add(&intake->kept, frame);
    if (!sl_list_linked(&track->dirty))
        sl_list_append(&track->home->dirty_tracks, &track->dirty);
}

static void on_assembled(void *owner, struct sl_frame *frame)
{
    sl_intake_add(owner, sl_frame_ref(frame));
}

static void on_loss(void *owner)
{
    (void)owner; /* its source cannot be asked: the next key frame mends it */
}

static void replay(struct intake *intake, struct fanout *fanout)
{
    sl_intake_pass(intake); /* those who do not wait get them first, and once */
    sl_fanout_replay(fanout, intake->kept.frames, intake->kept.count);
}

struct intake *sl_intake_create(struct sl_track *track)
{
    struct intake *intake = sl_new(struct intake);
    const struct frames_config config = {
        .track = track,
        .clock = &track->clock,
        .on_frame = on_assembled,
        .on_loss = on_loss,
        .owner = intake,
    };

    intake->track = track;
    intake->replay = replay;
    intake->seq = FIRST_SEQ;
    intake->kept.all_bytes = &track->home->workers->kept_bytes;
    if (!track->config.frames)
        intake->frames = sl_frames_create(&config);
    return intake;
}

void sl_intake_end(struct intake *intake)
{
    sl_list_remove(&intake->ticking);
    sl_frames_destroy(intake->frames);
    intake->frames = NULL;
    sl_kept_clear(&intake->kept);
}

void sl_intake_destroy(struct intake *intake)
{
    if (!intake)
        return;
    sl_intake_end(intake);
    for (size_t i = 0; i < intake->count; i++)
        sl_frame_unref(intake->batch[i]);
    sl_codec_config_unref(intake->codec_config);
    free(intake);
}

void sl_intake_tick(struct intake *intake, int64_t now_us)
{
    sl_frames_tick(intake->frames, now_us);
}

static bool has_frame_sinks(struct fanout *fanout)
{
    size_t packet_sinks = atomic_load_explicit(&fanout->packet_sinks, memory_order_relaxed);

    return atomic_load_explicit(&fanout->sink_count, memory_order_relaxed) > packet_sinks;
}

static void pass_to(struct fanout *fanout, const struct intake *intake)
{
    const struct sl_track *track = intake->track;

    if (!has_frame_sinks(fanout))
        return;
    if (fanout->worker != track->home) {
        sl_fanout_hand_over_frames(fanout, intake->batch, intake->count);
        return;
    }
    fanout->clock = track->clock;
    for (size_t i = 0; i < intake->count; i++)
        sl_fanout_give_frame(fanout, intake->batch[i]);
}

void sl_intake_pass(struct intake *intake)
{
    const struct sl_track *track = intake->track;

    for (size_t i = 0; intake->count > 0 && i < track->active_count; i++)
        pass_to(track->active[i], intake);
    for (size_t i = 0; i < intake->count; i++)
        sl_frame_unref(intake->batch[i]);
    intake->count = 0;
}

void sl_intake_take(struct intake *intake, struct sl_rtp_packet *const *packets, size_t count)
{
    const struct sl_track *track = intake->track;
    bool refused = false;

    if (!intake->frames)
        return; /* the packets were cut here */
    if (count > 0 && !sl_list_linked(&intake->ticking))
        sl_list_append(&track->home->intakes, &intake->ticking);
    for (size_t i = 0; i < count; i++)
        refused |= sl_frames_input(intake->frames, packets[i]) < 0;
    if (!refused)
        return;
    sl_kept_clear(&intake->kept);
    sl_intake_pass(intake);
    for (size_t i = 0; i < track->active_count; i++) {
        if (has_frame_sinks(track->active[i]))
            sl_fanout_refuse(track->active[i]);
    }
}
