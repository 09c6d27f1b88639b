/* SPDX-License-Identifier: GPL-3.0-or-later */
/* decode -> resample -> place in time -> silence or source -> encode. */
#include "variant/audio.h"

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
};

static const struct sl_conversion conversions[] = {
    {SL_CODEC_OPUS, SL_CODEC_AAC, AAC_RATE_HZ, 2},
    {SL_CODEC_G722, SL_CODEC_AAC, AAC_RATE_HZ, 1},
    {SL_CODEC_PCMA, SL_CODEC_PCMA, G711_RATE_HZ, 1},
    {SL_CODEC_PCMU, SL_CODEC_PCMU, G711_RATE_HZ, 1},
    {SL_CODEC_NONE, SL_CODEC_AAC, AAC_RATE_HZ, 2},
};

struct sl_variant_audio {
    const struct sl_conversion *conversion;
    sl_on_coded *on_coded;
    void *owner;
    struct sl_audio_decoder *decoder; /* NULL: the source has no sound */
    struct sl_resampler *resampler;
    struct sl_audio_encoder *encoder;
    struct sl_timeline timeline;
    bool begun;
    int64_t encoded; /* samples given to the encoder */
};

const struct sl_conversion *sl_conversion_find(enum sl_codec from, enum sl_codec to)
{
    for (size_t i = 0; i < SL_ARRAY_LEN(conversions); i++) {
        if (conversions[i].from == from && conversions[i].to == to)
            return &conversions[i];
    }
    return NULL;
}

int sl_variant_audio_create(const struct sl_conversion *conversion, sl_on_coded *on_coded,
                            void *owner, struct sl_variant_audio **out)
{
    struct sl_variant_audio *audio = sl_new(struct sl_variant_audio);

    audio->conversion = conversion;
    audio->on_coded = on_coded;
    audio->owner = owner;
    struct sl_audio_encoder_config config = {
        .codec = conversion->to, .rate_hz = conversion->rate_hz, .channels = conversion->channels};
    int err = conversion->from == SL_CODEC_NONE
                  ? 0
                  : sl_audio_decoder_create(conversion->from, &audio->decoder);
    if (err == 0)
        err = sl_resampler_create(config.rate_hz, config.channels, &audio->resampler);
    if (err == 0)
        err = sl_audio_encoder_create(&config, &audio->encoder);
    if (err < 0) {
        sl_variant_audio_destroy(audio);
        return err;
    }
    *out = audio;
    return 0;
}

void sl_variant_audio_destroy(struct sl_variant_audio *audio)
{
    if (!audio)
        return;
    sl_audio_encoder_destroy(audio->encoder);
    sl_resampler_destroy(audio->resampler);
    sl_audio_decoder_destroy(audio->decoder);
    free(audio);
}

/* ---- The row of samples ---- */

void sl_variant_audio_begin(struct sl_variant_audio *audio, int64_t begin_us)
{
    if (audio->begun)
        return;
    audio->begun = true;
    sl_timeline_begin(&audio->timeline, audio->conversion->rate_hz, begin_us);
}

/* samples NULL: silence. */
static void put_block(struct sl_variant_audio *audio, const int16_t *samples, size_t count)
{
    int16_t block[BLOCK * CHANNELS_MAX] = {0};
    const struct sl_conversion *conversion = audio->conversion;
    size_t len = count * (size_t)conversion->channels * sizeof(int16_t);

    if (samples)
        memcpy(block, samples, len);
    struct sl_pcm pcm = {
        .pts_us = audio->timeline.begin_us + audio->encoded * SL_US_PER_S / conversion->rate_hz,
        .rate_hz = conversion->rate_hz,
        .channels = conversion->channels,
        .count = count,
        .samples = block,
    };
    audio->encoded += (int64_t)count;
    /* It fails only without memory: some sound is then missing, and time goes on. */
    (void)sl_audio_encoder_encode(audio->encoder, &pcm, audio->on_coded, audio->owner);
}

static void put(struct sl_variant_audio *audio, const int16_t *samples, size_t count)
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
    struct sl_variant_audio *audio = arg;
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
    struct sl_variant_audio *audio = arg;

    /* Without memory, or of a rate no codec has: a gap, which is filled. */
    (void)sl_resampler_convert(audio->resampler, pcm, on_resampled, audio);
}

void sl_variant_audio_input(struct sl_variant_audio *audio, const uint8_t *data, size_t len,
                            int64_t pts_us)
{
    if (!audio->begun || !audio->decoder)
        return;
    /* What cannot be decoded is a gap, which is filled. */
    (void)sl_audio_decoder_decode(audio->decoder, data, len, pts_us, 0, on_decoded, audio);
}

void sl_variant_audio_advance(struct sl_variant_audio *audio, int64_t until_us)
{
    if (audio->begun)
        put(audio, NULL, sl_timeline_advance(&audio->timeline, until_us));
}
