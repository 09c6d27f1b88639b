/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sound from a program. */
#include "mse/source.h"

#include "base/blob.h"
#include "base/clock.h"
#include "base/mem.h"
#include "jobs/jobs.h"
#include "mse/offer.h"
#include "net/net.h"
#include "program/program.h"
#include "stream/stream.h"

enum {
    /* A player that was told of sound shows nothing without it: then it is silence. */
    START_WAIT_US = SL_US_PER_S,
};

struct sl_mse_sound {
    /* Constant. */
    struct sl_mse_source_config config;
    struct sl_program *program;

    bool closing; /* control's */
    struct sl_msg start_msg, close_msg, closed_msg;

    /* The program's loop's. */
    struct sl_program_taker taker;
    struct sl_mse_carrier carrier;
    int64_t started_us;
    bool begun; /* frames come, or were asked for */
};

/* ---- What can be had [control] ---- */

void sl_mse_sound_want(enum sl_mse_player player, struct sl_stream *stream,
                       struct sl_program_want *out)
{
    *out = (struct sl_program_want){.codecs = {[SL_AUDIO] = {sl_mse_codec(player, SL_AUDIO)}}};
    if (player == SL_MSE_MSE && sl_stream_codec(stream, SL_VIDEO) == SL_CODEC_H264)
        out->codecs[SL_VIDEO][0] = SL_CODEC_H264; /* passed through, for those who mux it */
}

bool sl_mse_sound_is_possible(enum sl_mse_player player, struct sl_stream *stream)
{
    const enum sl_codec source[2] = {[SL_AUDIO] = sl_stream_codec(stream, SL_AUDIO)};
    struct sl_program_want want;
    struct sl_program_form form;

    sl_mse_sound_want(player, stream, &want);
    return sl_program_choose(source, &want, &form) == 0 && form.from[SL_AUDIO] != SL_CODEC_NONE;
}

/* ---- Frames in [the program's loop] ---- */

static struct sl_blob *build(const struct sl_mse_sound *sound, const struct sl_program_frame *frame,
                             int64_t time_us)
{
    const struct sl_wsplayer_stamp stamp = {sound->config.ssrc,
                                            sl_wsplayer_rtp_time(SL_AUDIO, time_us)};

    if (sound->config.player == SL_MSE_WSPLAYER)
        return sl_wsplayer_build_sound(&stamp, frame->data, frame->len);
    return sl_mse_build_sound(time_us, frame->data, frame->len);
}

static void on_frame(void *owner, const struct sl_program_frame *frame)
{
    struct sl_mse_sound *sound = owner;

    if (sl_codec_kind(frame->codec) != SL_AUDIO)
        return; /* of a program that others take as well */
    int64_t time_us = frame->dts_us - sound->config.epoch_us;
    if (time_us < 0)
        return; /* of before there were players */
    sound->begun = true;
    const struct sl_mse_unit unit = {
        .message = build(sound, frame, time_us), .kind = SL_AUDIO, .time_us = time_us};
    sl_mse_carrier_give(&sound->carrier, &unit);
}

static void on_batch(void *owner, int64_t now_us)
{
    struct sl_mse_sound *sound = owner;

    if (!sound->begun && now_us - sound->started_us > START_WAIT_US) {
        sound->begun = true;
        sl_program_begin_sound(sound->program);
    }
    sl_mse_carrier_hand_over(&sound->carrier);
}

static const struct sl_program_taker_ops taker_ops = {on_frame, on_batch};

static void on_start(struct sl_msg *msg)
{
    struct sl_mse_sound *sound = sl_container_of(msg, struct sl_mse_sound, start_msg);

    sound->started_us = sl_now_us();
    sound->taker.ops = &taker_ops;
    sound->taker.owner = sound;
    sl_program_attach(sound->program, &sound->taker);
}

static void on_close(struct sl_msg *msg)
{
    struct sl_mse_sound *sound = sl_container_of(msg, struct sl_mse_sound, close_msg);

    sl_program_detach(&sound->taker);
    sl_loop_post(sound->config.control, &sound->closed_msg);
}

/* ---- Life [control] ---- */

static void on_units(void *owner, const struct sl_mse_unit *units, size_t count, bool lost)
{
    struct sl_mse_sound *sound = owner;

    if (!sound->closing)
        sound->config.ops->on_units(sound->config.owner, units, count, lost);
}

/* Behind the last batch. */
static void on_closed(struct sl_msg *msg)
{
    struct sl_mse_sound *sound = sl_container_of(msg, struct sl_mse_sound, closed_msg);

    sl_program_release(sound->program);
    sound->program = NULL;
    sound->config.ops->on_closed(sound->config.owner);
}

static struct sl_loop *loop_of(const struct sl_mse_sound *sound)
{
    return sl_job_loop_loop(sl_program_loop(sound->program));
}

struct sl_mse_sound *sl_mse_sound_create(const struct sl_mse_source_config *config,
                                         struct sl_programs *programs)
{
    struct sl_mse_sound *sound = sl_new(struct sl_mse_sound);
    struct sl_program_want want;

    sl_mse_sound_want(config->player, config->stream, &want);
    (void)sl_program_take(programs, config->stream, &want, &sound->program); /* it is possible */
    sound->config = *config;
    sl_mse_carrier_init(&sound->carrier, config->control, on_units, sound);
    sound->start_msg.run = on_start;
    sound->close_msg.run = on_close;
    sound->closed_msg.run = on_closed;
    sl_loop_post(loop_of(sound), &sound->start_msg);
    return sound;
}

struct sl_blob *sl_mse_sound_config(const struct sl_mse_sound *sound, int64_t time_us)
{
    const struct sl_program_sound *form = sl_program_sound(sound->program);

    return sl_mse_build_sound_config(time_us, form->config, form->config_len);
}

struct sl_blob *sl_mse_sound_silence(const struct sl_mse_sound *sound, int64_t time_us,
                                     int64_t until_us)
{
    const struct sl_program_sound *form = sl_program_sound(sound->program);

    return sl_mse_build_row(time_us, until_us, sl_program_sound_us(form, 1), form->silence,
                            form->silence_len);
}

void sl_mse_sound_tell_silence(const struct sl_mse_sound *sound, struct sl_mse_lead *out)
{
    const struct sl_program_sound *form = sl_program_sound(sound->program);

    out->silence = form->silence;
    out->silence_len = form->silence_len;
    out->silence_us = sl_program_sound_us(form, 1);
}

void sl_mse_sound_close(struct sl_mse_sound *sound)
{
    if (!sound)
        return;
    sound->closing = true;
    sl_loop_post(loop_of(sound), &sound->close_msg);
}

void sl_mse_sound_destroy(struct sl_mse_sound *sound)
{
    if (!sound)
        return;
    sl_mse_carrier_deinit(&sound->carrier);
    free(sound);
}
