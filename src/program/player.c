/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Samples to a codec process, frames back, each at its turn. */
#include "program/player.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/net.h"
#include "program/coder.h"
#include "transcoder/transcoder.h"

#include <string.h>

enum {
    OUTPUT = 1,
    CHUNKS_PER_S = 50,
    AHEAD = 12, /* frames that are ordered before they are needed: a quarter of a second */
    RING = 16,  /* frames that may wait */
};

/* A frame that has come. */
struct coded {
    int64_t index;
    size_t len; /* 0: none */
    uint8_t data[SL_PROGRAM_SOUND_MAX];
};

struct sl_player {
    /* Constant. */
    struct sl_player_config config;
    struct sl_codec_job *job;
    int64_t total; /* frames until the end; INT64_MAX: never */

    _Atomic bool failed; /* no frame comes any more */

    /* The loop's. */
    bool up, wanted, open, closed;
    int64_t given;  /* frames that were played, the first at time 0 */
    int64_t newest; /* the highest index that has come */
    int64_t fed;    /* samples of the file, all rounds */
    struct coded ring[RING];

    struct sl_msg close_msg;
};

/* ---- Sounds ---- */

struct sl_sound *sl_sound_ref(struct sl_sound *sound)
{
    if (sound)
        (void)atomic_fetch_add_explicit(&sound->refs, 1, memory_order_relaxed);
    return sound;
}

void sl_sound_unref(struct sl_sound *sound)
{
    if (!sound || atomic_fetch_sub_explicit(&sound->refs, 1, memory_order_acq_rel) != 1)
        return;
    sl_wav_deinit(&sound->wav);
    free(sound);
}

/* ---- Samples out [loop] ---- */

static int64_t frame_us(const struct sl_player *player, int64_t frames)
{
    return sl_program_sound_us(player->config.form, frames);
}

static int64_t sample_us(const struct sl_player *player, int64_t samples)
{
    return samples * SL_US_PER_S / player->config.sound->wav.rate_hz;
}

static void advance(struct sl_player *player, int64_t until_us)
{
    struct sl_engine_message order = {.type = SL_ENGINE_ADVANCE, .pts_us = until_us};

    (void)sl_codec_job_send(player->job, &order); /* orders are never left out */
}

/* The next chunk of the file; behind its end silence, by which the last frames come out. False: too
 * much waits. */
static bool feed_chunk(struct sl_player *player)
{
    const struct sl_wav *wav = &player->config.sound->wav;
    int64_t count = wav->rate_hz / CHUNKS_PER_S;
    int64_t at = player->fed % (int64_t)wav->count;
    size_t sample_len = (size_t)wav->channels * sizeof(int16_t);
    struct sl_engine_message input = {
        .type = SL_ENGINE_INPUT,
        .codec = SL_CODEC_L16,
        .keyframe = true,
        .pts_us = sample_us(player, player->fed),
        .dts_us = sample_us(player, player->fed),
    };

    if (!player->config.repeat && player->fed >= (int64_t)wav->count) {
        player->fed += count;
        advance(player, sample_us(player, player->fed));
        return true;
    }
    if (count > (int64_t)wav->count - at)
        count = (int64_t)wav->count - at;
    input.data = (const uint8_t *)wav->samples + (size_t)at * sample_len;
    input.len = (size_t)count * sample_len;
    if (!sl_codec_job_send(player->job, &input))
        return false;
    player->fed += count;
    return true;
}

/* Counted from the frame that is played next, so that a pause of the source is one of the sound. */
static void feed(struct sl_player *player)
{
    int64_t until_us = frame_us(player, player->given + AHEAD);

    while (player->open && sample_us(player, player->fed) < until_us) {
        if (!feed_chunk(player))
            return;
    }
}

/* From where it was played to: an encoder's first frames lie before its first sample, and are not
 * heard again. */
static void open_job(struct sl_player *player)
{
    const struct sl_program_sound *form = player->config.form;
    const struct sl_wav *wav = &player->config.sound->wav;
    int64_t heard = player->given > form->priming_frames ? player->given - form->priming_frames : 0;
    struct sl_engine_message open = {
        .type = SL_ENGINE_OPEN,
        .kind = SL_ENGINE_SOUND,
        .form.sound = {.rate_hz = (uint32_t)wav->rate_hz, .channels = (uint8_t)wav->channels},
    };
    struct sl_engine_message output = {
        .type = SL_ENGINE_OUTPUT,
        .output = OUTPUT,
        .codec = form->codec,
        .form.sound = {.rate_hz = (uint32_t)form->rate_hz,
                       .channels = (uint8_t)form->channels,
                       .gapless = true},
    };

    player->open = true;
    player->newest = player->given - 1;
    player->fed = heard * form->frame_samples * wav->rate_hz / form->rate_hz;
    for (size_t i = 0; i < RING; i++)
        player->ring[i].len = 0;
    (void)sl_codec_job_send(player->job, &open);
    (void)sl_codec_job_send(player->job, &output);
    advance(player, frame_us(player, heard));
    feed(player);
}

/* ---- Frames in [loop] ---- */

/* A stranger's word: its time only says which frame it is. */
static void take_coded(struct sl_player *player, const struct sl_engine_message *report)
{
    const struct sl_program_sound *form = player->config.form;
    int64_t pts_us = report->pts_us + frame_us(player, form->priming_frames);
    int64_t since_us = pts_us - frame_us(player, player->given) + frame_us(player, 1) / 2;

    if (report->output != OUTPUT || report->codec != form->codec ||
        report->len > SL_PROGRAM_SOUND_MAX || since_us < 0 || since_us >= frame_us(player, RING))
        return;
    int64_t index = player->given + since_us / frame_us(player, 1);
    struct coded *coded = &player->ring[index % RING];
    coded->index = index;
    coded->len = report->len;
    memcpy(coded->data, report->data, report->len);
    if (index > player->newest)
        player->newest = index;
}

static void fail(struct sl_player *player, int err)
{
    if (!atomic_exchange(&player->failed, true))
        sl_log(SL_LOG_ERROR, player->config.scope,
               "program: a sound file cannot be encoded, it is silent: %s", sl_coder_words(err));
}

static void on_up(void *owner, bool again, bool crowded)
{
    struct sl_player *player = owner;

    (void)again;
    (void)crowded;
    player->up = !player->closed;
    if (player->up && player->wanted)
        open_job(player);
}

static void on_down(void *owner)
{
    struct sl_player *player = owner;

    player->up = false;
    player->open = false;
}

static void on_report(void *owner, const struct sl_engine_message *report)
{
    struct sl_player *player = owner;

    if (player->open && report->type == SL_ENGINE_CODED)
        take_coded(player, report);
    else if (!player->closed && report->type == SL_ENGINE_FAILED)
        fail(player, report->err);
}

bool sl_player_next(struct sl_player *player, const uint8_t **data, size_t *len)
{
    const struct coded *coded = &player->ring[player->given % RING];

    SL_ASSERT_ON(player->config.loop);
    if (player->given >= player->total)
        return false;
    player->wanted = true;
    if (player->up && !player->open)
        open_job(player);
    *data = player->config.form->silence;
    *len = player->config.form->silence_len;
    if (coded->len > 0 && coded->index == player->given) {
        *data = coded->data;
        *len = coded->len;
    }
    /* One that was left out does not come any more. */
    if (player->newest >= player->given || atomic_load(&player->failed))
        player->given++;
    feed(player);
    return true;
}

/* ---- Life ---- */

static void on_failed(void *owner, int err)
{
    fail(owner, err);
}

static void on_closed(void *owner)
{
    struct sl_player *player = owner;
    struct sl_player_config config = player->config;

    sl_sound_unref(config.sound);
    free(player);
    config.on_gone(config.owner);
}

static const struct sl_codec_job_ops job_ops = {
    .on_up = on_up,
    .on_down = on_down,
    .on_report = on_report,
    .on_failed = on_failed,
    .on_closed = on_closed,
};

static void on_close(struct sl_msg *msg) /* [control] */
{
    sl_codec_job_close(sl_container_of(msg, struct sl_player, close_msg)->job);
}

void sl_player_close(struct sl_player *player)
{
    if (!player)
        return;
    SL_ASSERT_ON(player->config.loop);
    player->closed = true;
    player->up = false;
    player->open = false;
    sl_loop_post(player->config.control, &player->close_msg);
}

static int64_t count_frames(const struct sl_program_sound *form, const struct sl_wav *wav)
{
    int64_t samples = ((int64_t)wav->count * form->rate_hz + wav->rate_hz - 1) / wav->rate_hz;

    return form->priming_frames + (samples + form->frame_samples - 1) / form->frame_samples;
}

struct sl_player *sl_player_create(const struct sl_player_config *config)
{
    struct sl_player *player = sl_new(struct sl_player);
    const struct sl_codec_job_config job = {
        .transcoder = config->transcoder,
        .kind = SL_ENGINE_SOUND,
        .loop = config->loop,
        .source = config->source,
        .ops = &job_ops,
        .owner = player,
    };

    SL_ASSERT_ON(config->control);
    player->config = *config;
    (void)sl_sound_ref(config->sound);
    player->total = config->repeat ? INT64_MAX : count_frames(config->form, &config->sound->wav);
    player->newest = -1;
    player->close_msg.run = on_close;
    player->job = sl_codec_job_create(&job);
    return player;
}
