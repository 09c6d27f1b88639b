/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A decoder for what comes, made anew when that changes. */
#include "engine/sound_source.h"

#include "base/clock.h"

#include <errno.h>
#include <string.h>

enum {
    CHUNK = 4096,                      /* samples of L16 at once */
    CONCEALED_US = 100 * SL_US_PER_MS, /* as long as a packet is waited for */
};

void sl_sound_source_deinit(struct sl_sound_source *source)
{
    sl_audio_decoder_destroy(source->decoder);
    source->decoder = NULL;
}

/* ---- Samples ---- */

static void on_pcm(void *arg, const struct sl_pcm *pcm)
{
    struct sl_sound_source *source = arg;

    source->begun = true;
    source->end_us = pcm->pts_us + (int64_t)pcm->count * SL_US_PER_S / pcm->rate_hz;
    source->on_pcm(source->owner, pcm);
}

static void take_samples(struct sl_sound_source *source, const struct sl_engine_message *input)
{
    size_t channels = source->form.channels ? source->form.channels : 1;
    size_t count = input->len / sizeof(int16_t) / channels;
    int16_t samples[CHUNK]; /* the message's may lie at any address */

    if (source->form.rate_hz == 0 || source->form.rate_hz > INT32_MAX)
        return;
    for (size_t done = 0; done < count;) {
        size_t part = count - done < CHUNK / channels ? count - done : CHUNK / channels;
        size_t at = done * channels * sizeof(int16_t);
        memcpy(samples, input->data + at, part * channels * sizeof(int16_t));
        const struct sl_pcm pcm = {
            .pts_us = input->pts_us + (int64_t)done * SL_US_PER_S / source->form.rate_hz,
            .rate_hz = (int)source->form.rate_hz,
            .channels = (int)channels,
            .count = part,
            .samples = samples,
        };
        on_pcm(source, &pcm);
        done += part;
    }
}

/* ---- Packets ---- */

void sl_sound_source_config(struct sl_sound_source *source, const struct sl_engine_message *order)
{
    bool same = source->config_codec == order->codec && source->config_len == order->len &&
                memcmp(source->config, order->data, order->len) == 0;

    if (same || order->len > sizeof(source->config))
        return;
    memcpy(source->config, order->data, order->len);
    source->config_len = order->len;
    source->config_codec = order->codec;
    source->refused = false;
    if (source->codec != order->codec)
        return;
    sl_audio_decoder_destroy(source->decoder);
    source->decoder = NULL;
}

static int open_decoder(struct sl_sound_source *source, enum sl_codec codec)
{
    bool has_config = codec == SL_CODEC_AAC;

    if (has_config && source->config_codec != codec)
        return -EAGAIN; /* it comes */
    sl_audio_decoder_destroy(source->decoder);
    source->decoder = NULL;
    source->codec = codec;
    return sl_audio_decoder_create_with(codec, has_config ? source->config : NULL,
                                        has_config ? source->config_len : 0, &source->decoder);
}

/* A few packets that were lost: what the codec makes up for them, or silence. */
static void conceal(struct sl_sound_source *source, int64_t pts_us)
{
    int64_t gap_us = pts_us - source->end_us;

    if (source->begun && gap_us > SL_TIMELINE_HARD_US && gap_us <= CONCEALED_US)
        (void)sl_audio_decoder_decode(source->decoder, NULL, 0, source->end_us, gap_us, on_pcm,
                                      source);
}

/* -ENOSYS: this codec is not decoded. */
static int take_packet(struct sl_sound_source *source, const struct sl_engine_message *input)
{
    if (source->refused && source->codec == input->codec)
        return 0;
    bool is_open = source->decoder && source->codec == input->codec;
    int err = is_open ? 0 : open_decoder(source, input->codec);

    source->refused = err == -EBADMSG || err == -EINVAL;
    if (err < 0)
        return err == -ENOSYS ? err : 0;
    conceal(source, input->pts_us);
    /* What cannot be decoded is a gap. */
    (void)sl_audio_decoder_decode(source->decoder, input->data, input->len, input->pts_us, 0,
                                  on_pcm, source);
    return 0;
}

int sl_sound_source_input(struct sl_sound_source *source, const struct sl_engine_message *input)
{
    if (input->codec == SL_CODEC_TELEPHONE_EVENT) /* no sound, but in its place */
        return 0;
    if (input->codec != SL_CODEC_L16)
        return take_packet(source, input);
    take_samples(source, input);
    return 0;
}
