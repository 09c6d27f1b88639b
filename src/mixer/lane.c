/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sound goes to the job as it comes, with the time at which it is due: the job has a row of samples
 * for each input. Pictures wait here, coded, until they are due: decoded ones are a hundred times
 * as large.
 */
#include "mixer/internal.h"

#include "base/clock.h"

static struct sl_codec_job *job_of(const struct lane *lane)
{
    return lane->input->mixer->stage.jobs[lane->kind];
}

void sl_lane_request_keyframe(struct lane *lane)
{
    if (lane->running && lane->kind == SL_VIDEO)
        sl_sink_request_keyframe(lane->sink);
}

static bool give(struct lane *lane, const struct sl_frame *frame)
{
    int64_t shift_us = lane->input->delay.shift_us;
    struct sl_engine_message input = {
        .type = SL_ENGINE_INPUT,
        .input = lane->input->id,
        .codec = frame->codec,
        .keyframe = frame->keyframe,
        .pts_us = frame->pts_us + shift_us,
        .dts_us = frame->dts_us + shift_us,
        .data = frame->data,
        .len = frame->len,
    };

    return sl_codec_job_send(job_of(lane), &input);
}

/* ---- Pictures that wait ---- */

static void forget_first(struct lane *lane)
{
    lane->bytes -= lane->waiting[lane->first]->len;
    sl_frame_unref(lane->waiting[lane->first]);
    lane->first = (lane->first + 1) % LANE_FRAMES_MAX;
    lane->count--;
}

static void forget_all(struct lane *lane)
{
    while (lane->count > 0)
        forget_first(lane);
}

static void drop_up_to_keyframe(struct lane *lane)
{
    forget_all(lane);
    lane->dropping = true;
    sl_lane_request_keyframe(lane);
}

static void wait_for_time(struct lane *lane, struct sl_frame *frame)
{
    if (frame->keyframe)
        lane->dropping = false;
    if (lane->dropping)
        return;
    if (lane->count == LANE_FRAMES_MAX || lane->bytes + frame->len > LANE_BYTES_MAX) {
        drop_up_to_keyframe(lane);
        return;
    }
    lane->waiting[(lane->first + lane->count) % LANE_FRAMES_MAX] = sl_frame_ref(frame);
    lane->bytes += frame->len;
    lane->count++;
}

void sl_lane_pour(struct lane *lane, int64_t until_us)
{
    while (lane->count > 0) {
        const struct sl_frame *frame = lane->waiting[lane->first];
        if (frame->dts_us + lane->input->delay.shift_us > until_us)
            return;
        if (!give(lane, frame)) {
            drop_up_to_keyframe(lane);
            return;
        }
        lane->given = true;
        forget_first(lane);
    }
}

/* ---- The sink ---- */

static void on_frame(void *owner, struct sl_frame *frame)
{
    struct lane *lane = owner;

    (void)sl_mixer_delay_note(&lane->input->delay, frame->dts_us, sl_now_us());
    if (lane->kind == SL_VIDEO)
        wait_for_time(lane, frame);
    else
        (void)give(lane, frame); /* too much waits: some sound is missing */
}

static void send_config(struct lane *lane)
{
    const struct sl_codec_config *config = lane->config;
    struct sl_engine_message order = {.type = SL_ENGINE_CONFIG, .input = lane->input->id};

    if (!config || config->codec != SL_CODEC_AAC)
        return; /* pictures bring theirs along */
    order.codec = config->codec;
    order.data = config->data;
    order.len = config->len;
    (void)sl_codec_job_send(job_of(lane), &order); /* orders are never left out */
}

static void on_codec(void *owner, enum sl_codec codec, struct sl_codec_config *config)
{
    struct lane *lane = owner;

    (void)codec; /* each frame says it */
    sl_codec_config_unref(lane->config);
    lane->config = sl_codec_config_ref(config);
    send_config(lane);
}

/* The end of its source is control's matter; of codecs that have no frames nothing is mixed. */
static void on_end(void *owner, int reason)
{
    struct lane *lane = owner;

    (void)reason;
    lane->running = false;
}

const struct sl_sink_ops sl_lane_sink_ops = {
    .protocol = "mixer",
    .on_frame = on_frame,
    .on_end = on_end,
    .on_codec = on_codec,
};

void sl_lane_start(struct lane *lane)
{
    if (!lane->sink || lane->running)
        return;
    lane->running = true;
    lane->dropping = lane->kind == SL_VIDEO;
    lane->given = false;
    sl_sink_start(lane->sink);
    sl_lane_request_keyframe(lane);
}

void sl_lane_stop(struct lane *lane)
{
    if (lane->running)
        sl_sink_stop(lane->sink);
    lane->running = false;
    forget_all(lane);
    sl_codec_config_unref(lane->config);
    lane->config = NULL;
}
