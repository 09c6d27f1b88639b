/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which sound becomes what, and the form of it. */
#include "program/sound.h"

#include "base/clock.h"
#include "base/mem.h"

#include <errno.h>
#include <string.h>

enum {
    AAC_RATE_HZ = 48000,
    OPUS_RATE_HZ = 48000,
    OPUS_FRAME_SAMPLES = 960, /* 20 ms, as the encoder and nearly all browsers have them */
    G711_RATE_HZ = 8000,
    G711_FRAME_SAMPLES = 160, /* 20 ms: what RFC 3551 section 4.2 has every receiver expect */
    SILENT_PCMA = 0xd5,       /* ITU-T G.711: the smallest value that is not below zero */
    SILENT_PCMU = 0xff,
};

/* How a source's sound is coded. */
static const struct conversion {
    enum sl_codec from, to;
    int rate_hz, channels;
} conversions[] = {
    {SL_CODEC_OPUS, SL_CODEC_AAC, AAC_RATE_HZ, 2},
    {SL_CODEC_G722, SL_CODEC_AAC, AAC_RATE_HZ, 1},
    {SL_CODEC_PCMA, SL_CODEC_AAC, AAC_RATE_HZ, 1},
    {SL_CODEC_PCMU, SL_CODEC_AAC, AAC_RATE_HZ, 1},
    {SL_CODEC_PCMA, SL_CODEC_PCMA, G711_RATE_HZ, 1},
    {SL_CODEC_PCMU, SL_CODEC_PCMU, G711_RATE_HZ, 1},
    {SL_CODEC_OPUS, SL_CODEC_PCMU, G711_RATE_HZ, 1},
    {SL_CODEC_G722, SL_CODEC_PCMU, G711_RATE_HZ, 1},
    {SL_CODEC_PCMA, SL_CODEC_PCMU, G711_RATE_HZ, 1},
    {SL_CODEC_OPUS, SL_CODEC_OPUS, OPUS_RATE_HZ, 2},
    {SL_CODEC_G722, SL_CODEC_OPUS, OPUS_RATE_HZ, 1},
    {SL_CODEC_PCMA, SL_CODEC_OPUS, OPUS_RATE_HZ, 1},
    {SL_CODEC_PCMU, SL_CODEC_OPUS, OPUS_RATE_HZ, 1},
    {SL_CODEC_NONE, SL_CODEC_AAC, AAC_RATE_HZ, 2},
};

static const struct conversion *find_conversion(enum sl_codec from, enum sl_codec to)
{
    for (size_t i = 0; i < SL_ARRAY_LEN(conversions); i++) {
        if (conversions[i].from == from && conversions[i].to == to)
            return &conversions[i];
    }
    return NULL;
}

static int init_aac(struct sl_program_sound *sound)
{
    const uint8_t *silence = sl_aac_silence(sound->channels, &sound->silence_len);

    memcpy(sound->silence, silence, sound->silence_len);
    sound->frame_samples = SL_AAC_FRAME_SAMPLES;
    sound->priming_frames = 1; /* of FFmpeg's encoder: what a decoder needs to begin with */
    sound->config_len = SL_AAC_CONFIG_LEN;
    return sl_aac_write_config(sound->rate_hz, sound->channels, sound->config);
}

/* RFC 6716 section 3.1: CELT, fullband, 20 ms, one frame; whose two bytes code silence. */
static void init_opus(struct sl_program_sound *sound)
{
    static const uint8_t silence[2][3] = {{0xf8, 0xff, 0xfe}, {0xfc, 0xff, 0xfe}};

    sound->frame_samples = OPUS_FRAME_SAMPLES;
    sound->silence_len = sizeof(silence[0]);
    memcpy(sound->silence, silence[sound->channels - 1], sizeof(silence[0]));
}

static void init_g711(struct sl_program_sound *sound)
{
    sound->frame_samples = G711_FRAME_SAMPLES;
    sound->silence_len = G711_FRAME_SAMPLES;
    memset(sound->silence, sound->codec == SL_CODEC_PCMA ? SILENT_PCMA : SILENT_PCMU,
           G711_FRAME_SAMPLES);
}

int sl_program_sound_init(enum sl_codec codec, enum sl_codec from, struct sl_program_sound *out)
{
    const struct conversion *conversion = find_conversion(from, codec);
    struct sl_program_sound sound = {.codec = codec};
    int err = 0;

    if (!conversion)
        return -ENOSYS;
    sound.rate_hz = conversion->rate_hz;
    sound.channels = conversion->channels;
    if (codec == SL_CODEC_AAC)
        err = init_aac(&sound);
    else if (codec == SL_CODEC_OPUS)
        init_opus(&sound);
    else
        init_g711(&sound);
    if (err == 0)
        *out = sound;
    return err;
}

int64_t sl_program_sound_us(const struct sl_program_sound *sound, int64_t frames)
{
    return frames * sound->frame_samples * SL_US_PER_S / sound->rate_hz;
}
