/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Steady time in front, then sound and pictures each on its way. */
#include "program/converter.h"

#include "base/clock.h"
#include "base/mem.h"
#include "net/net.h"
#include "program/audio.h"
#include "program/video.h"
#include "stream/stream.h"

#include <errno.h>

enum {
    /* A missing packet is waited for half a second (stream/frames.c); before that, silence would
     * take the place of sound that is about to come. */
    AUDIO_LATENCY_US = 700000,
};

/* Both ways through a codec process. */
struct ways {
    struct sl_program_audio *audio; /* NULL: there is to be none, or it passes as it is */
    struct sl_program_video *video; /* NULL: pictures pass as they are, or there are none */
};

struct sl_converter {
    /* Constant. */
    struct sl_converter_config config;

    /* The loop's. */
    struct ways ways;
    struct sl_steady steady;
    bool sound_wanted; /* there is a track of it, or somebody has asked for silence */
    int64_t passed_us; /* the newest picture that passed, which made ones come behind */

    /* Control's. */
    struct ways made; /* those that the loop has, or is about to be told of */
    struct sl_msg turn_msgs[2];
    unsigned open; /* of made */
    struct sl_later closed;
};

/* ---- What can be made of what ---- */

static bool can_make(enum sl_media_kind kind, enum sl_codec from, enum sl_codec to)
{
    struct sl_program_sound sound;

    if (kind == SL_AUDIO)
        return sl_program_sound_init(to, from, &sound) == 0;
    return (to == SL_CODEC_H264 && (from == SL_CODEC_H264 || from == SL_CODEC_VP8)) ||
           (to == SL_CODEC_VP8 && from == SL_CODEC_VP8);
}

static enum sl_codec choose(enum sl_media_kind kind, enum sl_codec from,
                            const struct sl_program_want *want)
{
    const enum sl_codec *codecs = want->codecs[kind];

    for (size_t i = 0; i < SL_PROGRAM_CODECS_MAX; i++) {
        if (codecs[i] == from && codecs[i] != SL_CODEC_NONE && can_make(kind, from, from))
            return from;
    }
    for (size_t i = 0; i < SL_PROGRAM_CODECS_MAX && codecs[i] != SL_CODEC_NONE; i++) {
        if (can_make(kind, from, codecs[i]))
            return codecs[i];
    }
    return SL_CODEC_NONE;
}

int sl_program_choose(const enum sl_codec source[2], const struct sl_program_want *want,
                      struct sl_program_form *out)
{
    struct sl_program_form form = {.from = {source[SL_AUDIO], source[SL_VIDEO]}};

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

/* A packet of opus is a frame that decoders take as it is, loss and all. G.711 and AAC become a row
 * without gaps. */
static bool passes(const struct sl_program_form *form, enum sl_media_kind kind)
{
    return form->from[kind] == form->to[kind] &&
           (kind == SL_VIDEO || form->to[kind] == SL_CODEC_OPUS);
}

/* ---- Life ---- */

static void on_coded(void *owner, const struct sl_program_frame *frame)
{
    const struct sl_converter *converter = owner;

    if (sl_codec_kind(frame->codec) == SL_VIDEO && frame->dts_us <= converter->passed_us)
        return;
    converter->config.ops->on_frame(converter->config.owner, frame);
}

static void on_keyframe_wanted(void *owner)
{
    const struct sl_converter_config *config = &((struct sl_converter *)owner)->config;

    config->ops->on_keyframe_wanted(config->owner);
}

static void on_failed(void *owner, enum sl_media_kind kind, int err)
{
    const struct sl_converter_config *config = &((struct sl_converter *)owner)->config;

    config->ops->on_failed(config->owner, kind, err);
}

static void on_coder_closed(void *owner)
{
    struct sl_converter *converter = owner;

    if (--converter->open == 0)
        sl_loop_later(converter->config.control, &converter->closed);
}

static void on_closed(struct sl_later *later)
{
    struct sl_converter *converter = sl_container_of(later, struct sl_converter, closed);

    converter->config.ops->on_closed(converter->config.owner);
}

static const struct sl_coder_ops coder_ops = {
    .on_frame = on_coded,
    .on_keyframe_wanted = on_keyframe_wanted,
    .on_failed = on_failed,
    .on_closed = on_coder_closed,
};

static void make(struct sl_converter *converter, enum sl_media_kind kind, enum sl_codec from)
{
    const struct sl_converter_config *config = &converter->config;
    const struct sl_coder_config coder = {
        .transcoder = config->transcoder,
        .control = config->control,
        .loop = config->loop,
        .source = config->source,
        .ops = &coder_ops,
        .owner = converter,
    };

    if (kind == SL_AUDIO)
        converter->made.audio = sl_program_audio_create(&coder, from, config->sound);
    else
        converter->made.video = sl_program_video_create(&coder);
}

static void on_audio_turn(struct sl_msg *msg) /* on the loop */
{
    struct sl_converter *converter = sl_container_of(msg, struct sl_converter, turn_msgs[SL_AUDIO]);

    converter->ways.audio = converter->made.audio;
}

static void on_video_turn(struct sl_msg *msg) /* on the loop */
{
    struct sl_converter *converter = sl_container_of(msg, struct sl_converter, turn_msgs[SL_VIDEO]);

    converter->ways.video = converter->made.video;
}

struct sl_converter *sl_converter_create(const struct sl_converter_config *config)
{
    struct sl_converter *converter = sl_new(struct sl_converter);
    const struct sl_program_form *form = &config->form;

    converter->config = *config;
    converter->closed.run = on_closed;
    converter->turn_msgs[SL_AUDIO].run = on_audio_turn;
    converter->turn_msgs[SL_VIDEO].run = on_video_turn;
    converter->sound_wanted = form->from[SL_AUDIO] != SL_CODEC_NONE;
    converter->passed_us = INT64_MIN;
    if (form->to[SL_AUDIO] != SL_CODEC_NONE && !passes(form, SL_AUDIO))
        make(converter, SL_AUDIO, form->from[SL_AUDIO]);
    if (!passes(form, SL_VIDEO))
        make(converter, SL_VIDEO, form->from[SL_VIDEO]);
    converter->ways = converter->made;
    return converter;
}

void sl_converter_turn(struct sl_converter *converter, enum sl_media_kind kind, enum sl_codec codec)
{
    const struct sl_program_form *form = &converter->config.form;
    bool made = kind == SL_AUDIO ? converter->made.audio != NULL : converter->made.video != NULL;

    if (made || form->from[kind] == SL_CODEC_NONE || codec == form->from[kind] ||
        !can_make(kind, codec, form->to[kind]))
        return;
    make(converter, kind, codec);
    sl_loop_post(converter->config.loop, &converter->turn_msgs[kind]);
}

void sl_converter_close(struct sl_converter *converter)
{
    const struct ways *made = &converter->made;

    converter->open = (made->audio ? 1 : 0) + (made->video ? 1 : 0);
    if (made->audio)
        sl_program_audio_close(made->audio);
    if (made->video)
        sl_program_video_close(made->video);
    if (converter->open == 0)
        sl_loop_later(converter->config.control, &converter->closed);
}

void sl_converter_destroy(struct sl_converter *converter)
{
    if (!converter)
        return;
    sl_program_video_destroy(converter->made.video);
    sl_program_audio_destroy(converter->made.audio);
    free(converter);
}

/* ---- In ---- */

static void begin_row(struct sl_converter *converter, int64_t begin_us)
{
    if (converter->ways.audio && converter->sound_wanted)
        sl_program_audio_begin(converter->ways.audio, begin_us);
}

/* What can be used of what comes: what was expected, and what a codec process makes the same of. */
static bool is_usable(const struct sl_converter *converter, enum sl_media_kind kind,
                      enum sl_codec codec)
{
    const struct sl_program_form *form = &converter->config.form;
    bool made = kind == SL_AUDIO ? converter->ways.audio != NULL : converter->ways.video != NULL;

    if (codec == SL_CODEC_NONE || form->from[kind] == SL_CODEC_NONE)
        return false;
    return codec == form->from[kind] || (made && can_make(kind, codec, form->to[kind]));
}

static void pass_frame(struct sl_converter *converter, const struct sl_frame *frame, int64_t dts_us)
{
    const struct sl_program_frame out = {
        .codec = frame->codec,
        .keyframe = frame->keyframe,
        .width = frame->width,
        .height = frame->height,
        .pts_us = dts_us + (frame->pts_us - frame->dts_us),
        .dts_us = dts_us,
        .data = frame->data,
        .len = frame->len,
    };

    if (sl_codec_kind(frame->codec) == SL_VIDEO)
        converter->passed_us = dts_us;
    converter->config.ops->on_frame(converter->config.owner, &out);
}

void sl_converter_input(struct sl_converter *converter, struct sl_frame *frame, int64_t arrival_us)
{
    enum sl_media_kind kind = sl_codec_kind(frame->codec);

    if (!is_usable(converter, kind, frame->codec))
        return;
    int64_t dts_us = sl_steady_dts(&converter->steady, kind, frame->dts_us, arrival_us);
    begin_row(converter, dts_us);
    if (kind == SL_AUDIO && converter->ways.audio)
        sl_program_audio_input(converter->ways.audio, frame, dts_us);
    else if (kind == SL_VIDEO && converter->ways.video)
        sl_program_video_input(converter->ways.video, frame,
                               dts_us + (frame->pts_us - frame->dts_us), arrival_us);
    else
        pass_frame(converter, frame, dts_us);
}

void sl_converter_tick(struct sl_converter *converter, int64_t now_us)
{
    if (converter->ways.audio)
        sl_program_audio_advance(converter->ways.audio,
                                 sl_steady_now(&converter->steady, now_us) - AUDIO_LATENCY_US);
}

void sl_converter_begin_sound(struct sl_converter *converter, int64_t now_us)
{
    converter->sound_wanted = true; /* also of a source that has none */
    begin_row(converter, sl_steady_now(&converter->steady, now_us));
}

void sl_converter_request_keyframe(struct sl_converter *converter)
{
    if (converter->ways.video)
        sl_program_video_request_keyframe(converter->ways.video);
    else
        converter->config.ops->on_keyframe_wanted(converter->config.owner);
}
