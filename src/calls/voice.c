/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Frames of silence, and of sound files that a codec process encodes. */
#include "calls/voice.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "calls/lane.h"
#include "program/program.h"
#include "stream/stream.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { LATE_US = SL_US_PER_S }; /* the machine stood still: what was missed is not said */

struct sl_call_voice {
    /* Constant. */
    struct sl_call_voice_config config;
    struct sl_program_sound form;
    struct sl_log_scope log;
    char *source; /* whose fault it is if a codec process dies */
    struct sl_stream *stream;
    struct sl_track *track;
    /* [control] */
    size_t player_count; /* that have not gone */
    unsigned played;     /* sounds, silence too: whose end is told */
    bool closing, closed;
    struct sl_msg closed_msg;
    /* [worker] */
    struct sl_call_rider rider;
    int64_t next_us;          /* when the next frame begins */
    struct sl_player *player; /* NULL: silence */
    unsigned playing;         /* of played */
};

/* ---- On the worker ---- */

/* From the worker to control. */
struct end {
    struct sl_msg msg;
    struct sl_call_voice *voice;
    unsigned playing;
};

static void on_end(struct sl_msg *msg) /* on the control loop */
{
    struct end *end = sl_container_of(msg, struct end, msg);
    struct sl_call_voice *voice = end->voice;
    bool is_last = end->playing == voice->played && !voice->closing;

    free(end);
    if (is_last)
        voice->config.on_silent(voice->config.owner);
}

static void tell_end(struct sl_call_voice *voice)
{
    struct end *end = sl_new(struct end);

    end->msg.run = on_end;
    end->voice = voice;
    end->playing = voice->playing;
    sl_loop_post(voice->config.control, &end->msg);
}

static void say(struct sl_call_voice *voice)
{
    const uint8_t *data = voice->form.silence;
    size_t len = voice->form.silence_len;

    if (voice->player && !sl_player_next(voice->player, &data, &len)) {
        sl_player_close(voice->player);
        voice->player = NULL;
        data = voice->form.silence;
        len = voice->form.silence_len;
        tell_end(voice);
    }
    struct sl_frame *frame = sl_frame_create(voice->form.codec, len);
    if (!frame)
        return; /* one is missing, as on any line */
    frame->keyframe = true;
    frame->pts_us = frame->dts_us = voice->next_us;
    memcpy(frame->data, data, len);
    sl_track_input_frame(voice->track, frame);
}

static void on_tick(struct sl_call_rider *rider, int64_t now_us)
{
    struct sl_call_voice *voice = sl_container_of(rider, struct sl_call_voice, rider);

    if (now_us - voice->next_us > LATE_US)
        voice->next_us = now_us;
    for (; voice->next_us <= now_us; voice->next_us += sl_program_sound_us(&voice->form, 1))
        say(voice);
}

/* ---- Orders ---- */

/* The voice outlives them: `close` is the last. */
struct order {
    struct sl_msg msg;
    struct sl_call_voice *voice;
    void (*run)(struct sl_call_voice *voice, struct sl_player *player);
    struct sl_player *player;
};

static void on_order(struct sl_msg *msg) /* on the worker */
{
    struct order *order = sl_container_of(msg, struct order, msg);

    order->run(order->voice, order->player);
    free(order);
}

static void post(struct sl_call_voice *voice,
                 void (*run)(struct sl_call_voice *voice, struct sl_player *player),
                 struct sl_player *player)
{
    struct order *order = sl_new(struct order);

    *order = (struct order){.msg = {.run = on_order}, .voice = voice, .run = run, .player = player};
    sl_loop_post(sl_worker_loop(sl_call_lane_worker(voice->config.lane)), &order->msg);
}

static void begin(struct sl_call_voice *voice, struct sl_player *player)
{
    (void)player;
    voice->next_us = sl_now_us();
    sl_call_lane_join(voice->config.lane, &voice->rider, true);
}

static void play(struct sl_call_voice *voice, struct sl_player *player)
{
    sl_player_close(voice->player);
    voice->player = player;
    voice->playing++;
}

static void leave(struct sl_call_voice *voice, struct sl_player *player)
{
    play(voice, player);
    sl_call_lane_leave(voice->config.lane, &voice->rider);
    sl_loop_post(voice->config.control, &voice->closed_msg);
}

/* ---- On the control loop ---- */

static void free_if_gone(struct sl_call_voice *voice)
{
    void (*told)(void *owner) = voice->config.on_closed;
    void *owner = voice->config.owner;

    if (!voice->closed || voice->player_count > 0)
        return;
    sl_stream_release(voice->stream);
    free(voice->source);
    free(voice);
    told(owner);
}

static void on_closed(struct sl_msg *msg)
{
    struct sl_call_voice *voice = sl_container_of(msg, struct sl_call_voice, closed_msg);

    voice->closed = true;
    free_if_gone(voice);
}

static void on_player_gone(void *owner)
{
    struct sl_call_voice *voice = owner;

    voice->player_count--;
    free_if_gone(voice);
}

static const struct sl_source_ops source_ops = {.protocol = "sip"};

/* Of G.722 there are no frames without an encoder: it is made of PCMA. */
static int choose_form(enum sl_codec codec, struct sl_program_sound *out)
{
    switch (codec) {
    case SL_CODEC_OPUS:
        return sl_program_sound_init(SL_CODEC_OPUS, SL_CODEC_PCMA, out); /* of one channel */
    case SL_CODEC_PCMU:
        return sl_program_sound_init(SL_CODEC_PCMU, SL_CODEC_PCMU, out);
    default:
        return sl_program_sound_init(SL_CODEC_PCMA, SL_CODEC_PCMA, out);
    }
}

int sl_call_voice_create(const struct sl_call_voice_config *config, struct sl_call_voice **out,
                         struct sl_error *error)
{
    struct sl_call_voice *voice = sl_new(struct sl_call_voice);
    struct sl_stream_config stream = {
        .worker = sl_call_lane_worker(config->lane), .ops = &source_ops, .owner = voice};
    size_t len = strlen(config->id) + sizeof("call ");
    int err = choose_form(config->codec, &voice->form);

    assert(err == 0); /* these are the form's own */
    stream.tracks[SL_AUDIO] = (struct sl_track_config){.present = true,
                                                       .frames = true,
                                                       .codec_count = 1,
                                                       .codecs = {{.codec = voice->form.codec}}};
    err = sl_stream_create(config->streams, &stream, &voice->stream);
    if (err < 0) {
        free(voice);
        return sl_error_set(error, err, "no room for another stream");
    }
    sl_stream_set_live(voice->stream);
    voice->config = *config;
    voice->track = sl_stream_track(voice->stream, SL_AUDIO);
    voice->source = sl_alloc(len);
    (void)snprintf(voice->source, len, "call %s", config->id);
    voice->config.id = NULL; /* both are borrowed */
    voice->config.log = NULL;
    voice->log = *config->log;
    voice->rider.on_tick = on_tick;
    voice->closed_msg.run = on_closed;
    post(voice, begin, NULL);
    *out = voice;
    return 0;
}

struct sl_stream *sl_call_voice_stream(const struct sl_call_voice *voice)
{
    return voice->stream;
}

void sl_call_voice_play(struct sl_call_voice *voice, struct sl_sound *sound)
{
    const struct sl_player_config config = {
        .transcoder = voice->config.transcoder,
        .control = voice->config.control,
        .loop = sl_worker_loop(sl_call_lane_worker(voice->config.lane)),
        .source = voice->source,
        .scope = &voice->log,
        .form = &voice->form,
        .sound = sound,
        .on_gone = on_player_gone,
        .owner = voice,
    };
    struct sl_player *player = sound ? sl_player_create(&config) : NULL;

    voice->player_count += player != NULL;
    voice->played++;
    post(voice, play, player);
}

void sl_call_voice_close(struct sl_call_voice *voice)
{
    voice->closing = true;
    sl_stream_end(voice->stream);
    post(voice, leave, NULL);
}
