/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Packets to a codec process, frames back, and silence where there are none. */
#include "program/audio.h"

#include "base/clock.h"
#include "base/mem.h"
#include "net/net.h"
#include "program/program.h"
#include "transcoder/transcoder.h"

#include <string.h>

enum {
    OUTPUT = 1,
    AHEAD_US = SL_US_PER_S, /* no frame is so much newer than what it was made of */
    KEPT_MAX = 64,          /* packets: those of the time that is waited for a process */
    PATIENCE_US = 100000,   /* with a process that was told to go on */
    LEAD_US = 80000,        /* what a decoder hears before it is to be heard itself (opus) */
};

struct kept {
    struct sl_frame *frame; /* one reference */
    int64_t pts_us;
};

struct sl_program_audio {
    /* Constant. */
    struct sl_coder_config config;
    const struct sl_program_sound *sound;
    struct sl_codec_job *job; /* NULL: the source has no sound */

    /* The loop's. */
    bool up; /* a process makes the frames */
    bool begun;
    int64_t origin_us;          /* of the first frame */
    int64_t count;              /* frames given */
    int64_t newest_us;          /* the latest time that the process was told of */
    struct kept kept[KEPT_MAX]; /* whose sound has not come out yet, the oldest first */
    size_t kept_count;

    struct sl_later closed; /* control's, without a job */
};

/* ---- The row of frames [loop] ---- */

/* Of the n-th frame: counted from the first, so that time stamps are exact for ever. */
static int64_t time_of(const struct sl_program_audio *audio, int64_t n)
{
    return audio->origin_us + sl_program_sound_us(audio->sound, n);
}

static void give(struct sl_program_audio *audio, const uint8_t *data, size_t len)
{
    int64_t pts_us = time_of(audio, audio->count++);
    const struct sl_program_frame frame = {
        .codec = audio->sound->codec,
        .keyframe = true,
        .pts_us = pts_us,
        .dts_us = pts_us,
        .data = data,
        .len = len,
    };

    audio->config.ops->on_frame(audio->config.owner, &frame);
}

/* Frames that begin before this, as far as none are there. */
static void fill(struct sl_program_audio *audio, int64_t until_us)
{
    while (time_of(audio, audio->count) < until_us)
        give(audio, audio->sound->silence, audio->sound->silence_len);
}

/* A stranger's word: its time only says which place of the row it takes. What it left out is
 * silence; what comes for a place that is taken is too late. */
static void take_coded(struct sl_program_audio *audio, const struct sl_engine_message *report)
{
    int64_t half_us = sl_program_sound_us(audio->sound, 1) / 2;

    if (!audio->begun || report->output != OUTPUT || report->codec != audio->sound->codec ||
        report->len > SL_PROGRAM_SOUND_MAX || report->pts_us > audio->newest_us + AHEAD_US ||
        report->pts_us < time_of(audio, audio->count) - half_us)
        return;
    fill(audio, report->pts_us - half_us);
    give(audio, report->data, report->len);
}

/* ---- The process [loop] ---- */

static void advance_process(struct sl_program_audio *audio, int64_t until_us)
{
    struct sl_engine_message order = {.type = SL_ENGINE_ADVANCE, .pts_us = until_us};

    if (until_us > audio->newest_us)
        audio->newest_us = until_us;
    (void)sl_codec_job_send(audio->job, &order); /* orders are never left out */
}

static void send_packet(struct sl_program_audio *audio, const struct kept *packet)
{
    struct sl_engine_message input = {
        .type = SL_ENGINE_INPUT,
        .codec = packet->frame->codec,
        .keyframe = true,
        .pts_us = packet->pts_us,
        .dts_us = packet->pts_us,
        .data = packet->frame->data,
        .len = packet->frame->len,
    };

    if (packet->pts_us > audio->newest_us)
        audio->newest_us = packet->pts_us;
    (void)sl_codec_job_send(audio->job, &input); /* one left out is a gap, which is filled */
}

/* Its row begins where the last frame ended, so that nobody hears where one process has died and
 * the next one goes on: that one's priming comes too late for a place. */
static void begin_process(struct sl_program_audio *audio)
{
    int64_t priming = audio->sound->priming_frames;

    advance_process(audio, time_of(audio, audio->count > priming ? audio->count : priming));
    for (size_t i = 0; i < audio->kept_count; i++)
        send_packet(audio, &audio->kept[i]);
}

static void forget(struct sl_program_audio *audio, size_t count)
{
    for (size_t i = 0; i < count; i++)
        sl_frame_unref(audio->kept[i].frame);
    audio->kept_count -= count;
    memmove(audio->kept, audio->kept + count, audio->kept_count * sizeof(audio->kept[0]));
}

static void keep(struct sl_program_audio *audio, struct sl_frame *frame, int64_t pts_us)
{
    int64_t from_us = time_of(audio, audio->count) - LEAD_US;
    size_t old = 0;

    while (old < audio->kept_count && audio->kept[old].pts_us < from_us)
        old++;
    if (old == 0 && audio->kept_count == KEPT_MAX)
        old = 1;
    forget(audio, old);
    audio->kept[audio->kept_count++] = (struct kept){sl_frame_ref(frame), pts_us};
}

static void on_up(void *owner, bool again, bool crowded)
{
    struct sl_program_audio *audio = owner;
    struct sl_engine_message open = {.type = SL_ENGINE_OPEN, .kind = SL_ENGINE_SOUND};
    struct sl_engine_message output = {
        .type = SL_ENGINE_OUTPUT,
        .output = OUTPUT,
        .codec = audio->sound->codec,
        .form.sound = {.rate_hz = (uint32_t)audio->sound->rate_hz,
                       .channels = (uint8_t)audio->sound->channels,
                       .gapless = true},
    };

    (void)again;
    (void)crowded;
    audio->up = true;
    (void)sl_codec_job_send(audio->job, &open);
    (void)sl_codec_job_send(audio->job, &output);
    if (audio->begun)
        begin_process(audio);
}

static void on_down(void *owner)
{
    ((struct sl_program_audio *)owner)->up = false;
}

static void on_report(void *owner, const struct sl_engine_message *report)
{
    struct sl_program_audio *audio = owner;

    if (report->type == SL_ENGINE_CODED && audio->up) {
        take_coded(audio, report);
    } else if (report->type == SL_ENGINE_FAILED) {
        audio->up = false;
        audio->config.ops->on_failed(audio->config.owner, SL_AUDIO, report->err);
    }
}

/* ---- In [loop] ---- */

void sl_program_audio_begin(struct sl_program_audio *audio, int64_t begin_us)
{
    if (audio->begun)
        return;
    audio->begun = true;
    audio->origin_us = begin_us - sl_program_sound_us(audio->sound, audio->sound->priming_frames);
    audio->newest_us = begin_us;
    if (audio->up)
        begin_process(audio);
}

void sl_program_audio_input(struct sl_program_audio *audio, struct sl_frame *frame, int64_t pts_us)
{
    if (!audio->begun || !audio->job || frame->len == 0)
        return;
    keep(audio, frame, pts_us);
    if (audio->up)
        send_packet(audio, &audio->kept[audio->kept_count - 1]);
}

/* A process is told only when its frames do not come: as a rule, packets say how late it is. One
 * that hangs is not waited for, as pictures are not held back for sound for ever (interleave.h). */
void sl_program_audio_advance(struct sl_program_audio *audio, int64_t until_us)
{
    if (!audio->begun)
        return;
    if (audio->up && time_of(audio, audio->count) < until_us) {
        advance_process(audio, until_us);
        until_us -= PATIENCE_US;
    }
    fill(audio, until_us - sl_program_sound_us(audio->sound, 1));
}

/* ---- Life [control] ---- */

static void on_job_failed(void *owner, int err)
{
    struct sl_program_audio *audio = owner;

    audio->config.ops->on_failed(audio->config.owner, SL_AUDIO, err);
}

static void on_job_closed(void *owner)
{
    struct sl_program_audio *audio = owner;

    audio->config.ops->on_closed(audio->config.owner);
}

static void on_closed(struct sl_later *later)
{
    on_job_closed(sl_container_of(later, struct sl_program_audio, closed));
}

static const struct sl_codec_job_ops job_ops = {
    .on_up = on_up,
    .on_down = on_down,
    .on_report = on_report,
    .on_failed = on_job_failed,
    .on_closed = on_job_closed,
};

struct sl_program_audio *sl_program_audio_create(const struct sl_coder_config *config,
                                                 enum sl_codec from,
                                                 const struct sl_program_sound *sound)
{
    struct sl_program_audio *audio = sl_new(struct sl_program_audio);
    const struct sl_codec_job_config job = {
        .transcoder = config->transcoder,
        .kind = SL_ENGINE_SOUND,
        .loop = config->loop,
        .source = config->source,
        .ops = &job_ops,
        .owner = audio,
    };

    audio->config = *config;
    audio->sound = sound;
    audio->closed.run = on_closed;
    if (from != SL_CODEC_NONE)
        audio->job = sl_codec_job_create(&job);
    return audio;
}

void sl_program_audio_close(struct sl_program_audio *audio)
{
    if (audio->job)
        sl_codec_job_close(audio->job);
    else
        sl_loop_later(audio->config.control, &audio->closed);
}

void sl_program_audio_destroy(struct sl_program_audio *audio)
{
    if (!audio)
        return;
    forget(audio, audio->kept_count);
    free(audio);
}
