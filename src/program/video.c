/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pictures to a codec process, and H264 back. */
#include "program/video.h"

#include "base/clock.h"
#include "base/mem.h"
#include "program/program.h"
#include "stream/stream.h"
#include "transcoder/transcoder.h"

enum {
    OUTPUT = 1,
    KEYFRAME_MS = 2000,
    ASK_AGAIN_US = SL_US_PER_S,
    TIME_SPREAD_US = 60 * SL_US_PER_S, /* a picture's time is near that of what went in */
};

struct sl_program_video {
    struct sl_coder_config config; /* constant */
    struct sl_codec_job *job;      /* constant */

    /* The loop's. */
    bool up;
    bool dropping;     /* up to the next key frame */
    int64_t asked_us;  /* for that one */
    int64_t newest_us; /* of what was put in */
    bool given;
    int64_t last_dts_us; /* of what came out */
};

/* ---- The process [loop] ---- */

static void drop_to_keyframe(struct sl_program_video *video)
{
    video->dropping = true;
    video->asked_us = sl_now_us();
    video->config.ops->on_keyframe_wanted(video->config.owner);
}

static void on_up(void *owner, bool again, bool crowded)
{
    struct sl_program_video *video = owner;
    struct sl_engine_message open = {.type = SL_ENGINE_OPEN, .kind = SL_ENGINE_PICTURES};
    struct sl_engine_message output = {
        .type = SL_ENGINE_OUTPUT,
        .output = OUTPUT,
        .codec = SL_CODEC_H264,
        .form.pictures = {.gop_ms = KEYFRAME_MS},
    };

    (void)again;
    (void)crowded;
    video->up = true;
    (void)sl_codec_job_send(video->job, &open); /* orders are never left out */
    (void)sl_codec_job_send(video->job, &output);
    drop_to_keyframe(video);
}

static void on_down(void *owner)
{
    ((struct sl_program_video *)owner)->up = false;
}

/* A stranger's word: times rise, and are near what went in. */
static void take_coded(struct sl_program_video *video, const struct sl_engine_message *report)
{
    const struct sl_program_frame frame = {
        .codec = SL_CODEC_H264,
        .keyframe = report->keyframe,
        .width = report->width,
        .height = report->height,
        .pts_us = report->pts_us,
        .dts_us = report->dts_us,
        .data = report->data,
        .len = report->len,
    };

    if (report->output != OUTPUT || report->codec != SL_CODEC_H264 ||
        report->pts_us > video->newest_us + TIME_SPREAD_US ||
        report->dts_us < video->newest_us - TIME_SPREAD_US ||
        (video->given && report->dts_us <= video->last_dts_us))
        return;
    video->given = true;
    video->last_dts_us = report->dts_us;
    video->config.ops->on_frame(video->config.owner, &frame);
}

static void on_report(void *owner, const struct sl_engine_message *report)
{
    struct sl_program_video *video = owner;

    if (report->type == SL_ENGINE_CODED)
        take_coded(video, report);
    else if (report->type == SL_ENGINE_NEED_KEYFRAME)
        video->config.ops->on_keyframe_wanted(video->config.owner);
    else if (report->type == SL_ENGINE_FAILED)
        video->config.ops->on_failed(video->config.owner, SL_VIDEO, report->err);
}

/* ---- In [loop] ---- */

void sl_program_video_input(struct sl_program_video *video, const struct sl_frame *frame,
                            int64_t pts_us, int64_t arrival_us)
{
    struct sl_engine_message input = {
        .type = SL_ENGINE_INPUT,
        .codec = frame->codec,
        .keyframe = frame->keyframe,
        .pts_us = pts_us,
        .dts_us = pts_us,
        .at_us = arrival_us,
        .data = frame->data,
        .len = frame->len,
    };

    if (!video->up || frame->len == 0)
        return;
    if (video->dropping && !frame->keyframe) {
        if (sl_now_us() - video->asked_us >= ASK_AGAIN_US)
            drop_to_keyframe(video); /* the one that was asked for is not here */
        return;
    }
    video->dropping = false;
    video->newest_us = pts_us;
    if (!sl_codec_job_send(video->job, &input))
        drop_to_keyframe(video); /* too much waits */
}

void sl_program_video_request_keyframe(struct sl_program_video *video)
{
    struct sl_engine_message order = {.type = SL_ENGINE_KEYFRAME, .output = OUTPUT};

    if (video->up && !video->dropping)
        (void)sl_codec_job_send(video->job, &order);
    else
        video->config.ops->on_keyframe_wanted(video->config.owner);
}

/* ---- Life [control] ---- */

static void on_job_failed(void *owner, int err)
{
    struct sl_program_video *video = owner;

    video->config.ops->on_failed(video->config.owner, SL_VIDEO, err);
}

static void on_job_closed(void *owner)
{
    struct sl_program_video *video = owner;

    video->config.ops->on_closed(video->config.owner);
}

static const struct sl_codec_job_ops job_ops = {
    .on_up = on_up,
    .on_down = on_down,
    .on_report = on_report,
    .on_failed = on_job_failed,
    .on_closed = on_job_closed,
};

struct sl_program_video *sl_program_video_create(const struct sl_coder_config *config)
{
    struct sl_program_video *video = sl_new(struct sl_program_video);
    const struct sl_codec_job_config job = {
        .transcoder = config->transcoder,
        .kind = SL_ENGINE_PICTURES,
        .loop = config->loop,
        .source = config->source,
        .ops = &job_ops,
        .owner = video,
    };

    video->config = *config;
    video->dropping = true;
    video->job = sl_codec_job_create(&job);
    return video;
}

void sl_program_video_close(struct sl_program_video *video)
{
    sl_codec_job_close(video->job);
}

void sl_program_video_destroy(struct sl_program_video *video)
{
    free(video);
}
