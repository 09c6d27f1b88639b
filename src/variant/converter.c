/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Steady time in front, then sound and pictures each on its way. */
#include "variant/converter.h"

#include "base/clock.h"
#include "base/mem.h"
#include "stream/stream.h"
#include "variant/audio.h"
#include "variant/video.h"

#include <errno.h>

enum {
    /* A missing packet is waited for half a second (stream/frames.c); before that, silence would
     * take the place of sound that is about to come. */
    AUDIO_LATENCY_US = 700000,
};

struct sl_converter {
    struct sl_variant_form form;
    const struct sl_converter_ops *ops;
    void *owner;
    struct sl_steady steady;
    struct sl_variant_sound sound;
    struct sl_variant_audio *audio; /* NULL: the source has no sound, and none was asked for */
    bool begun;                     /* the row of samples */
    struct sl_variant_video *video; /* NULL: pictures pass as they are, or there are none */
};

/* ---- What can be made of what ---- */

static bool can_make(enum sl_media_kind kind, enum sl_codec from, enum sl_codec to)
{
    if (kind == SL_AUDIO)
        return sl_conversion_find(from, to);
    return to == SL_CODEC_H264 && (from == SL_CODEC_H264 || from == SL_CODEC_VP8);
}

static enum sl_codec choose(enum sl_media_kind kind, enum sl_codec from,
                            const struct sl_variant_want *want)
{
    const enum sl_codec *codecs = want->codecs[kind];

    for (size_t i = 0; i < SL_VARIANT_CODECS_MAX; i++) {
        if (codecs[i] == from && codecs[i] != SL_CODEC_NONE && can_make(kind, from, from))
            return from;
    }
    for (size_t i = 0; i < SL_VARIANT_CODECS_MAX && codecs[i] != SL_CODEC_NONE; i++) {
        if (can_make(kind, from, codecs[i]))
            return codecs[i];
    }
    return SL_CODEC_NONE;
}

int sl_variant_choose(const enum sl_codec source[2], const struct sl_variant_want *want,
                      struct sl_variant_form *out)
{
    struct sl_variant_form form = {.from = {source[SL_AUDIO], source[SL_VIDEO]}};

    for (int kind = SL_AUDIO; kind <= SL_VIDEO; kind++) {
        if (form.from[kind] != SL_CODEC_NONE)
            form.to[kind] = choose((enum sl_media_kind)kind, form.from[kind], want);
        if (form.to[kind] == SL_CODEC_NONE)
            form.from[kind] = SL_CODEC_NONE;
    }
    if (form.to[SL_AUDIO] == SL_CODEC_NONE && form.to[SL_VIDEO] == SL_CODEC_NONE)
        return -ENOSYS;
    if (form.to[SL_AUDIO] == SL_CODEC_NONE)
        form.to[SL_AUDIO] = choose(SL_AUDIO, SL_CODEC_NONE, want);
    *out = form;
    return 0;
}

/* ---- Out ---- */

static void on_coded_audio(void *owner, const struct sl_coded *coded)
{
    struct sl_converter *converter = owner;
    struct sl_variant_frame frame = {
        .codec = converter->form.to[SL_AUDIO],
        .keyframe = true,
        .pts_us = coded->pts_us,
        .dts_us = coded->pts_us,
        .data = coded->data,
        .len = coded->len,
    };

    converter->ops->on_frame(converter->owner, &frame);
}

static void on_picture(void *owner, const struct sl_variant_frame *frame)
{
    struct sl_converter *converter = owner;

    converter->ops->on_frame(converter->owner, frame);
}

static void on_loss(void *owner)
{
    struct sl_converter *converter = owner;

    converter->ops->on_keyframe_wanted(converter->owner);
}

/* ---- Life ---- */

static const struct sl_variant_video_ops video_ops = {on_picture, on_loss};

static int create_audio(struct sl_converter *converter)
{
    const struct sl_conversion *conversion =
        sl_conversion_find(converter->form.from[SL_AUDIO], converter->form.to[SL_AUDIO]);

    return sl_variant_audio_create(conversion, on_coded_audio, converter, &converter->audio);
}

int sl_converter_create(const struct sl_variant_form *form, const struct sl_converter_ops *ops,
                        void *owner, struct sl_converter **out)
{
    struct sl_converter *converter = sl_new(struct sl_converter);
    int err = 0;

    converter->form = *form;
    converter->ops = ops;
    converter->owner = owner;
    if (form->to[SL_AUDIO] != SL_CODEC_NONE)
        err = sl_variant_sound_init(form->to[SL_AUDIO], form->from[SL_AUDIO], &converter->sound);
    if (err == 0 && form->from[SL_AUDIO] != SL_CODEC_NONE)
        err = create_audio(converter);
    if (err == 0 && form->from[SL_VIDEO] != form->to[SL_VIDEO])
        err =
            sl_variant_video_create(form->from[SL_VIDEO], &video_ops, converter, &converter->video);
    if (err < 0) {
        sl_converter_destroy(converter);
        return err;
    }
    *out = converter;
    return 0;
}

void sl_converter_destroy(struct sl_converter *converter)
{
    if (!converter)
        return;
    sl_variant_video_destroy(converter->video);
    sl_variant_audio_destroy(converter->audio);
    free(converter);
}

const struct sl_variant_sound *sl_converter_sound(const struct sl_converter *converter)
{
    return &converter->sound;
}

/* ---- In ---- */

static void begin_row(struct sl_converter *converter, int64_t begin_us)
{
    if (!converter->audio || converter->begun)
        return;
    converter->begun = true;
    sl_variant_audio_begin(converter->audio, begin_us);
}

static void input_picture(struct sl_converter *converter, const struct sl_frame *frame,
                          int64_t dts_us)
{
    struct sl_variant_frame out = {
        .codec = frame->codec,
        .keyframe = frame->keyframe,
        .width = frame->width,
        .height = frame->height,
        .pts_us = dts_us + (frame->pts_us - frame->dts_us),
        .dts_us = dts_us,
        .data = frame->data,
        .len = frame->len,
    };

    if (converter->video)
        sl_variant_video_input(converter->video, frame->data, frame->len, frame->keyframe,
                               out.pts_us);
    else
        converter->ops->on_frame(converter->owner, &out);
}

void sl_converter_input(struct sl_converter *converter, const struct sl_frame *frame,
                        int64_t arrival_us)
{
    enum sl_media_kind kind = sl_codec_kind(frame->codec);

    if (frame->codec == SL_CODEC_NONE || frame->codec != converter->form.from[kind])
        return;
    int64_t dts_us = sl_steady_dts(&converter->steady, kind, frame->dts_us, arrival_us);
    begin_row(converter, dts_us);
    if (kind == SL_VIDEO)
        input_picture(converter, frame, dts_us);
    else
        sl_variant_audio_input(converter->audio, frame->data, frame->len, dts_us);
}

void sl_converter_tick(struct sl_converter *converter, int64_t now_us)
{
    if (converter->begun)
        sl_variant_audio_advance(converter->audio,
                                 sl_steady_now(&converter->steady, now_us) - AUDIO_LATENCY_US);
}

void sl_converter_begin_sound(struct sl_converter *converter, int64_t now_us)
{
    /* A source without sound gets some for the first time; without memory it stays without. */
    if (!converter->audio && converter->form.to[SL_AUDIO] != SL_CODEC_NONE &&
        create_audio(converter) < 0)
        return;
    begin_row(converter, sl_steady_now(&converter->steady, now_us));
}
