/* SPDX-License-Identifier: GPL-3.0-or-later */
/* decode -> resample -> place in time -> silence, sound or source -> encode. */
#include "push/audio.h"

#include "base/clock.h"
#include "base/mem.h"
#include "media/media.h"

#include <errno.h>
#include <string.h>

enum {
    BLOCK = 1024, /* samples handled at once */
    CHANNELS_MAX = 2,
    AAC_RATE_HZ = 48000,
    G711_RATE_HZ = 8000,
    SOUND_CHUNKS_PER_S = 50,
    SOUND_FIFO = 8192, /* samples per channel: a chunk of 20 ms at 48 kHz, with a wide margin */
};

struct conversion {
    enum sl_codec codec;
    enum sl_codec encoding;
    int rate_hz, channels;
};

static const struct conversion conversions[] = {
    {SL_CODEC_OPUS, SL_CODEC_AAC, AAC_RATE_HZ, 2},
    {SL_CODEC_G722, SL_CODEC_AAC, AAC_RATE_HZ, 1},
    {SL_CODEC_PCMA, SL_CODEC_PCMA, G711_RATE_HZ, 1},
    {SL_CODEC_PCMU, SL_CODEC_PCMU, G711_RATE_HZ, 1},
    {SL_CODEC_NONE, SL_CODEC_AAC, AAC_RATE_HZ, 2},
};

/* A sound being played: brought to the push's rate a chunk at a time, because whole it could be
 * twelve times as large as the file. */
struct player {
    struct sound *sound; /* NULL: none */
    bool loop;
    size_t at; /* next sample of the file */
    struct sl_resampler *resampler;
    int16_t fifo[SOUND_FIFO * CHANNELS_MAX];
    size_t first, end; /* samples per channel in fifo */
};

struct audio {
    const struct conversion *conversion;
    const struct audio_ops *ops;
    void *owner;
    struct sl_audio_decoder *decoder; /* NULL: the source has no sound */
    struct sl_resampler *resampler;
    struct sl_audio_encoder *encoder;
    struct sl_timeline timeline;
    bool begun, muted;
    int64_t encoded; /* samples given to the encoder */
    struct player player;
};

static const struct conversion *find_conversion(enum sl_codec codec)
{
    for (size_t i = 0; i < SL_ARRAY_LEN(conversions); i++) {
        if (conversions[i].codec == codec)
            return &conversions[i];
    }
    return NULL;
}

bool audio_can_take(enum sl_codec codec)
{
    return codec != SL_CODEC_NONE && find_conversion(codec);
}

int audio_create(enum sl_codec codec, const struct audio_ops *ops, void *owner, struct audio **out)
{
    const struct conversion *conversion = find_conversion(codec);

    if (!conversion)
        return -ENOSYS;
    struct audio *audio = sl_new(struct audio);
    audio->conversion = conversion;
    audio->ops = ops;
    audio->owner = owner;
    struct sl_audio_encoder_config config = {.codec = conversion->encoding,
                                             .rate_hz = conversion->rate_hz,
                                             .channels = conversion->channels};
    int err = codec == SL_CODEC_NONE ? 0 : sl_audio_decoder_create(codec, &audio->decoder);
    if (err == 0)
        err = sl_resampler_create(config.rate_hz, config.channels, &audio->resampler);
    if (err == 0)
        err = sl_audio_encoder_create(&config, &audio->encoder);
    if (err < 0) {
        audio_destroy(audio);
        return err;
    }
    *out = audio;
    return 0;
}

static void stop_player(struct player *player)
{
    sound_unref(player->sound);
    sl_resampler_destroy(player->resampler);
    player->sound = NULL;
    player->resampler = NULL;
    player->first = 0;
    player->end = 0;
}

void audio_destroy(struct audio *audio)
{
    if (!audio)
        return;
    stop_player(&audio->player);
    sl_audio_encoder_destroy(audio->encoder);
    sl_resampler_destroy(audio->resampler);
    sl_audio_decoder_destroy(audio->decoder);
    free(audio);
}

enum sl_codec audio_encoding(const struct audio *audio)
{
    return audio->conversion->encoding;
}

int audio_rate_hz(const struct audio *audio)
{
    return audio->conversion->rate_hz;
}

int audio_channels(const struct audio *audio)
{
    return audio->conversion->channels;
}

const uint8_t *audio_config(const struct audio *audio, size_t *len)
{
    return sl_audio_encoder_extradata(audio->encoder, len);
}

/* ---- A sound in place of the source ---- */

void audio_set_muted(struct audio *audio, bool muted)
{
    audio->muted = muted;
}

void audio_set_sound(struct audio *audio, struct sound *sound, bool loop)
{
    struct player *player = &audio->player;

    stop_player(player);
    if (!sound || sl_resampler_create(audio->conversion->rate_hz, audio->conversion->channels,
                                      &player->resampler) < 0)
        return;
    player->sound = sound_ref(sound);
    player->loop = loop;
    player->at = 0;
}

static void on_sound_pcm(void *arg, const struct sl_pcm *pcm)
{
    struct player *player = arg;
    size_t count = SOUND_FIFO - player->end, channels = (size_t)pcm->channels;

    if (pcm->count < count)
        count = pcm->count;
    memcpy(player->fifo + player->end * channels, pcm->samples, count * channels * sizeof(int16_t));
    player->end += count;
}

/* The next chunk of the file into the empty fifo; false at its end. */
static bool fill_fifo(struct player *player)
{
    const struct sl_wav *wav = &player->sound->wav;

    player->first = 0;
    player->end = 0;
    while (player->end == 0) {
        if (player->at == wav->count && !player->loop)
            return false;
        if (player->at == wav->count)
            player->at = 0;
        size_t count = (size_t)(wav->rate_hz / SOUND_CHUNKS_PER_S);
        if (count > wav->count - player->at)
            count = wav->count - player->at;
        struct sl_pcm pcm = {.rate_hz = wav->rate_hz,
                             .channels = wav->channels,
                             .count = count,
                             .samples = wav->samples + player->at * (size_t)wav->channels};
        player->at += count;
        if (sl_resampler_convert(player->resampler, &pcm, on_sound_pcm, player) < 0)
            return false;
    }
    return true;
}

/* Overwrites samples by the sound's, as many as are left of it. */
static void play_sound(struct audio *audio, int16_t *samples, size_t count)
{
    struct player *player = &audio->player;
    size_t channels = (size_t)audio->conversion->channels, done = 0;

    while (done < count) {
        if (player->first == player->end && !fill_fifo(player)) {
            stop_player(player);
            audio->ops->on_sound_end(audio->owner);
            return;
        }
        size_t part = player->end - player->first;
        if (part > count - done)
            part = count - done;
        memcpy(samples + done * channels, player->fifo + player->first * channels,
               part * channels * sizeof(int16_t));
        player->first += part;
        done += part;
    }
}

/* ---- The row of samples ---- */

void audio_begin(struct audio *audio, int64_t begin_us)
{
    if (audio->begun)
        return;
    audio->begun = true;
    sl_timeline_begin(&audio->timeline, audio->conversion->rate_hz, begin_us);
}

/* samples NULL: silence. */
static void put_block(struct audio *audio, const int16_t *samples, size_t count)
{
    int16_t block[BLOCK * CHANNELS_MAX] = {0};
    const struct conversion *conversion = audio->conversion;
    size_t len = count * (size_t)conversion->channels * sizeof(int16_t);

    if (samples)
        memcpy(block, samples, len);
    if (audio->player.sound)
        play_sound(audio, block, count);
    if (audio->muted)
        memset(block, 0, len);
    struct sl_pcm pcm = {
        .pts_us = audio->timeline.begin_us + audio->encoded * SL_US_PER_S / conversion->rate_hz,
        .rate_hz = conversion->rate_hz,
        .channels = conversion->channels,
        .count = count,
        .samples = block,
    };
    audio->encoded += (int64_t)count;
    /* It fails only without memory: some sound is then missing, and time goes on. */
    (void)sl_audio_encoder_encode(audio->encoder, &pcm, audio->ops->on_coded, audio->owner);
}

static void put(struct audio *audio, const int16_t *samples, size_t count)
{
    size_t channels = (size_t)audio->conversion->channels;

    while (count > 0) {
        size_t part = count < BLOCK ? count : BLOCK;
        put_block(audio, samples, part);
        if (samples)
            samples += part * channels;
        count -= part;
    }
}

static void on_resampled(void *arg, const struct sl_pcm *pcm)
{
    struct audio *audio = arg;
    size_t channels = (size_t)pcm->channels;
    struct sl_placement placement = sl_timeline_place(&audio->timeline, pcm->pts_us, pcm->count);

    put(audio, NULL, placement.silence);
    size_t count = pcm->count - placement.skip;
    if (placement.stretch < 0)
        count--;
    put(audio, pcm->samples + placement.skip * channels, count);
    if (placement.stretch > 0)
        put(audio, pcm->samples + (pcm->count - 1) * channels, 1);
}

static void on_decoded(void *arg, const struct sl_pcm *pcm)
{
    struct audio *audio = arg;

    /* Without memory, or of a rate no codec has: a gap, which is filled. */
    (void)sl_resampler_convert(audio->resampler, pcm, on_resampled, audio);
}

void audio_input(struct audio *audio, const uint8_t *data, size_t len, int64_t pts_us)
{
    if (!audio->begun || !audio->decoder)
        return;
    /* What cannot be decoded is a gap, which is filled. */
    (void)sl_audio_decoder_decode(audio->decoder, data, len, pts_us, 0, on_decoded, audio);
}

void audio_advance(struct audio *audio, int64_t until_us)
{
    if (audio->begun)
        put(audio, NULL, sl_timeline_advance(&audio->timeline, until_us));
}
