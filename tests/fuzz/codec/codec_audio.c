/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any packets for the audio decoders, and what comes out through the resampler: samples are those
 * of the codec, and of a packet no more than two seconds.
 *
 * Input: a byte for the codec, then packets, each after a byte for its length.
 */
#include "base/mem.h"
#include "codec/codec.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct watch {
    struct sl_resampler *resampler;
    size_t count; /* of this packet */
};

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void on_resampled(void *arg, const struct sl_pcm *pcm)
{
    volatile int16_t sum = 0;

    (void)arg;
    check(pcm->rate_hz == 48000 && pcm->channels == 2);
    for (size_t i = 0; i < pcm->count * 2; i++)
        sum = (int16_t)(sum + pcm->samples[i]); /* the sanitizer looks at every sample */
}

static void on_pcm(void *arg, const struct sl_pcm *pcm)
{
    struct watch *watch = arg;

    watch->count += pcm->count;
    check(pcm->count > 0 && watch->count <= 2U * (size_t)pcm->rate_hz);
    check(sl_resampler_convert(watch->resampler, pcm, on_resampled, NULL) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const enum sl_codec codecs[] = {SL_CODEC_OPUS, SL_CODEC_PCMA, SL_CODEC_PCMU,
                                           SL_CODEC_G722};
    struct sl_audio_decoder *decoder;
    struct watch watch = {0};
    int64_t pts_us = 0;

    if (len < 1)
        return 0;
    check(sl_audio_decoder_create(codecs[data[0] % SL_ARRAY_LEN(codecs)], &decoder) == 0);
    check(sl_resampler_create(48000, 2, &watch.resampler) == 0);
    for (size_t at = 1; at < len;) {
        size_t packet_len = data[at++];
        if (packet_len > len - at)
            packet_len = len - at;
        watch.count = 0;
        (void)sl_audio_decoder_decode(decoder, packet_len ? data + at : NULL, packet_len, pts_us,
                                      20000, on_pcm, &watch);
        at += packet_len;
        pts_us += 20000;
    }
    sl_resampler_destroy(watch.resampler);
    sl_audio_decoder_destroy(decoder);
    return 0;
}
