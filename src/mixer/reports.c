/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A mixer on its worker: what its jobs give back, held against what they were asked for. */
#include "mixer/internal.h"

#include "base/clock.h"
#include "base/metrics.h"

#include <errno.h>
#include <string.h>

enum { SPREAD_US = 2 * SL_US_PER_S /* sound comes back that much from now at most, or is none */ };

/* A stranger's word: what was not ordered is not taken. */
static bool answers_order(struct sl_mixer *mixer, int64_t pts_us, int64_t now_us)
{
    int64_t took_us = sl_mixer_orders_answer(&mixer->stage.orders, pts_us, now_us);

    if (took_us >= 0)
        sl_observe(sl_worker_counters(mixer->worker), SL_HISTOGRAM_MIXER_PICTURE, took_us);
    return took_us >= 0;
}

/* A track has frames alone until it has seen to their times: each gets its own. */
static void give(struct outlet *outlet, enum sl_media_kind kind,
                 const struct sl_engine_message *report)
{
    struct sl_track *track = sl_stream_track(outlet->stream, kind);
    struct sl_frame *frame = sl_engine_frame(report);

    if (!frame)
        return;
    if (report->width > 0)
        sl_track_set_size(track, report->width, report->height);
    sl_track_input_frame(track, frame);
    atomic_fetch_add_explicit(&outlet->frames[kind], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&outlet->bytes[kind], report->len, memory_order_relaxed);
}

static void take_picture(struct sl_mixer *mixer, const struct sl_engine_message *report)
{
    struct stage *stage = &mixer->stage;
    struct outlet *outlet;

    if (report->output != 0 || report->codec != SL_CODEC_H264 ||
        !answers_order(mixer, report->pts_us, sl_now_us()))
        return;
    sl_list_foreach(outlet, &stage->outlets, struct outlet, on_stage)
    {
        if (outlet->taken[SL_VIDEO])
            give(outlet, SL_VIDEO, report);
    }
}

static void take_sound(struct stage *stage, const struct sl_engine_message *report)
{
    int64_t off_us = sl_now_us() - report->pts_us;
    struct outlet *outlet;

    if (report->codec != stage->settings.audio_codec || off_us > SPREAD_US || off_us < -SPREAD_US)
        return;
    sl_list_foreach(outlet, &stage->outlets, struct outlet, on_stage)
    {
        if (outlet->id == report->output && outlet->taken[SL_AUDIO])
            give(outlet, SL_AUDIO, report);
    }
}

static struct input *find_input(const struct stage *stage, uint32_t id)
{
    struct input *input;

    sl_list_foreach(input, &stage->inputs, struct input, on_stage)
    {
        if (input->id == id)
            return input;
    }
    return NULL;
}

static void tell_refusal(const struct sl_mixer *mixer, const struct input *input, int err)
{
    char quoted[128];

    sl_log(SL_LOG_WARN, &mixer->scope, "mixer: %s is not shown or heard: %s",
           sl_log_quote(quoted, sizeof(quoted), input->name),
           err == -EINVAL ? "its pictures are too large" : "nothing decodes its codec");
}

static void tell_image_refusal(const struct sl_mixer *mixer, const struct sl_engine_message *report)
{
    sl_log(SL_LOG_WARN, &mixer->scope, "mixer: its %s is not drawn: %s",
           report->image == SL_ENGINE_BACKGROUND ? "background" : "watermark",
           report->err == -EBADMSG ? "the file is damaged" : strerror(-report->err));
}

void sl_stage_report(struct sl_mixer *mixer, enum sl_media_kind kind,
                     const struct sl_engine_message *report)
{
    struct stage *stage = &mixer->stage;
    struct input *input = find_input(stage, report->input);

    if (!stage->open[kind])
        return;
    if (report->type == SL_ENGINE_CODED && kind == SL_VIDEO) {
        take_picture(mixer, report);
    } else if (report->type == SL_ENGINE_CODED) {
        take_sound(stage, report);
    } else if (report->type == SL_ENGINE_NEED_KEYFRAME && input) {
        sl_lane_request_keyframe(&input->lanes[SL_VIDEO]);
    } else if (report->type == SL_ENGINE_REFUSED && input) {
        tell_refusal(mixer, input, report->err);
    } else if (report->type == SL_ENGINE_REFUSED && report->input == 0 && kind == SL_VIDEO) {
        tell_image_refusal(mixer, report);
    } else if (report->type == SL_ENGINE_FAILED && atomic_exchange(&stage->broken, 1) == 0) {
        sl_log(SL_LOG_WARN, &mixer->scope, "mixer: cannot go on: %s", strerror(-report->err));
        sl_loop_post(mixer->mixers->config.control, &mixer->broken_msg);
    }
}
