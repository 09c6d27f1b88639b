/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The built-in stream: drawn, played and encoded picture by picture, as the server beats time. */
#include "base/clock.h"
#include "base/mem.h"
#include "codec/codec.h"
#include "engine/demo_picture.h"
#include "engine/demo_sound.h"
#include "engine/job.h"

#include <errno.h>
#include <string.h>

enum {
    PICTURES = 0, /* the outputs */
    SOUND = 1,
    SOUND_SAMPLES = DEMO_RATE_HZ / (1000000 / SL_ENGINE_DEMO_BEEP_US),
    SOUND_BITRATE_BPS = 64000,
    KEYFRAME_MS = 10000,
};

static const int64_t day_us = INT64_C(24) * 3600 * SL_US_PER_S;

struct job {
    const struct sl_engine_reporter *reporter;
    struct sl_engine_pictures form;
    struct sl_video_encoder *video;
    struct sl_audio_encoder *audio;
    struct sl_picture picture;
    int16_t *second; /* of sound */
    bool keyframe_lost;
    int64_t sound_pts_us; /* of what the sound's encoder is given */
};

static int open_pictures(struct job *job)
{
    const struct sl_engine_pictures *form = &job->form;
    int gop_ms = form->gop_ms ? (int)(form->gop_ms % INT32_MAX) : KEYFRAME_MS;
    const struct sl_video_encoder_config config = {
        .width = form->width,
        .height = form->height,
        .fps = form->fps_max,
        /* Flat colours need a fifth of this; the rest is for key frames. */
        .bitrate_bps = form->bitrate_bps ? (int)(form->bitrate_bps % INT32_MAX)
                                         : 100000 + form->width * form->height * 3,
        .keyframe_interval = (int)((int64_t)form->fps_max * gop_ms / 1000),
        .preset = "superfast",
        .one_thread = true,
    };
    int err = sl_video_encoder_create(&config, &job->video);

    if (err == 0)
        err = sl_picture_create(form->width, form->height, &job->picture);
    if (err == 0)
        sl_demo_picture_prepare(&job->picture);
    return err;
}

static int open_sound(struct job *job)
{
    static const struct sl_audio_encoder_config config = {
        .codec = SL_CODEC_OPUS,
        .rate_hz = DEMO_RATE_HZ,
        .channels = DEMO_CHANNELS,
        .bitrate_bps = SOUND_BITRATE_BPS,
    };

    job->second = sl_new_array(int16_t, DEMO_RATE_HZ * DEMO_CHANNELS);
    sl_demo_sound_make(job->second);
    return sl_audio_encoder_create(&config, &job->audio);
}

static void destroy(void *arg)
{
    struct job *job = arg;

    if (job->picture.frame)
        sl_picture_deinit(&job->picture);
    sl_video_encoder_destroy(job->video);
    sl_audio_encoder_destroy(job->audio);
    free(job->second);
    free(job);
}

static int create(const struct sl_engine_message *open, const struct sl_engine_reporter *reporter,
                  void **out)
{
    const struct sl_engine_pictures *form = &open->form.pictures;

    if (form->width < DEMO_SIDE_MIN || form->height < DEMO_SIDE_MIN || form->fps_max < 1 ||
        form->fps_max > SL_ENGINE_DEMO_FPS_MAX)
        return -EINVAL;
    struct job *job = sl_new(struct job);
    job->reporter = reporter;
    job->form = *form;
    int err = open_pictures(job);
    if (err == 0)
        err = open_sound(job);
    if (err < 0) {
        destroy(job);
        return err;
    }
    *out = job;
    return 0;
}

/* ---- Pictures ---- */

static void on_picture(void *arg, const struct sl_coded *coded)
{
    struct job *job = arg;
    struct sl_engine_message report = {
        .type = SL_ENGINE_CODED,
        .output = PICTURES,
        .codec = SL_CODEC_H264,
        .keyframe = coded->keyframe,
        .width = job->form.width,
        .height = job->form.height,
        .pts_us = coded->pts_us,
        .dts_us = coded->dts_us,
        .data = coded->data,
        .len = coded->len,
    };

    sl_engine_report(job->reporter, &report);
}

static void draw(struct job *job, const struct sl_engine_message *order)
{
    bool keyframe = order->keyframe || job->keyframe_lost;

    sl_demo_picture_draw(&job->picture, (order->at_us % day_us + day_us) % day_us, order->flash);
    job->picture.pts_us = order->pts_us;
    /* Out of memory, and the next one may have some. */
    job->keyframe_lost =
        sl_video_encoder_encode(job->video, &job->picture, keyframe, on_picture, job) < 0;
}

/* ---- Sound ---- */

static void on_sound(void *arg, const struct sl_coded *coded)
{
    struct job *job = arg;
    /* The decoder gives back what went in so many samples ago. */
    int64_t delay_us = (int64_t)sl_audio_encoder_delay(job->audio) * SL_US_PER_S / DEMO_RATE_HZ;
    struct sl_engine_message report = {
        .type = SL_ENGINE_CODED,
        .output = SOUND,
        .codec = SL_CODEC_OPUS,
        .keyframe = true,
        .pts_us = job->sound_pts_us - delay_us,
        .dts_us = job->sound_pts_us - delay_us,
        .data = coded->data,
        .len = coded->len,
    };

    sl_engine_report(job->reporter, &report);
}

static void beep(struct job *job, const struct sl_engine_message *order)
{
    int64_t into_us = (order->at_us % SL_US_PER_S + SL_US_PER_S) % SL_US_PER_S;
    size_t from = (size_t)(into_us * DEMO_RATE_HZ / SL_US_PER_S);
    int16_t samples[SOUND_SAMPLES * DEMO_CHANNELS];
    const struct sl_pcm pcm = {
        .pts_us = order->pts_us,
        .rate_hz = DEMO_RATE_HZ,
        .channels = DEMO_CHANNELS,
        .count = SOUND_SAMPLES,
        .samples = samples,
    };

    for (size_t i = 0; i < SOUND_SAMPLES; i++) /* the second repeats */
        memcpy(&samples[i * DEMO_CHANNELS], &job->second[(from + i) % DEMO_RATE_HZ * DEMO_CHANNELS],
               DEMO_CHANNELS * sizeof(int16_t));
    job->sound_pts_us = order->pts_us;
    (void)sl_audio_encoder_encode(job->audio, &pcm, on_sound, job); /* out of memory: a gap */
}

static void order(void *arg, const struct sl_engine_message *order)
{
    if (order->type == SL_ENGINE_DRAW)
        draw(arg, order);
    else if (order->type == SL_ENGINE_BEEP)
        beep(arg, order);
}

const struct sl_engine_job_ops sl_engine_demo_ops = {create, destroy, order};
