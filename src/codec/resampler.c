/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One rate and number of channels into another, by libswresample. What it holds back between two
 * calls is accounted for in the time stamps, so that they stay those of the sound. */
#include "base/clock.h"
#include "base/mem.h"
#include "codec/codec.h"
#include "codec/ffmpeg.h"

#include <libavutil/channel_layout.h>
#include <libswresample/swresample.h>

enum {
    RATE_MIN_HZ = 4000,
    RATE_MAX_HZ = 192000,
    COUNT_MAX = 1 << 20, /* samples per channel of one call */
};

struct sl_resampler {
    int rate_hz, channels;
    int from_rate_hz, from_channels; /* what swr is set up for */
    SwrContext *swr;                 /* NULL: nothing to change, or not yet set up */
    int16_t *samples;
    int capacity; /* of samples, per channel */
};

static bool is_format(int rate_hz, int channels)
{
    return rate_hz >= RATE_MIN_HZ && rate_hz <= RATE_MAX_HZ && channels >= 1 && channels <= 2;
}

int sl_resampler_create(int rate_hz, int channels, struct sl_resampler **out)
{
    if (!is_format(rate_hz, channels))
        return -EINVAL;
    struct sl_resampler *resampler = sl_new(struct sl_resampler);
    resampler->rate_hz = rate_hz;
    resampler->channels = channels;
    *out = resampler;
    return 0;
}

void sl_resampler_destroy(struct sl_resampler *resampler)
{
    if (!resampler)
        return;
    swr_free(&resampler->swr);
    av_freep(&resampler->samples);
    free(resampler);
}

static int init_swr(const struct sl_resampler *resampler, int channels)
{
    static const double same[] = {1, 1}; /* the library would take 3 dB off each side */
    int err = 0;

    if (channels == 1 && resampler->channels == 2)
        err = swr_set_matrix(resampler->swr, same, 1);
    return err < 0 ? err : swr_init(resampler->swr);
}

static int set_up(struct sl_resampler *resampler, int rate_hz, int channels)
{
    AVChannelLayout from, to;

    swr_free(&resampler->swr);
    resampler->from_rate_hz = 0;
    if (rate_hz != resampler->rate_hz || channels != resampler->channels) {
        av_channel_layout_default(&from, channels);
        av_channel_layout_default(&to, resampler->channels);
        int err = swr_alloc_set_opts2(&resampler->swr, &to, AV_SAMPLE_FMT_S16, resampler->rate_hz,
                                      &from, AV_SAMPLE_FMT_S16, rate_hz, 0, NULL);
        if (err < 0 || init_swr(resampler, channels) < 0) {
            swr_free(&resampler->swr);
            return -ENOMEM;
        }
    }
    resampler->from_rate_hz = rate_hz;
    resampler->from_channels = channels;
    return 0;
}

static int make_room(struct sl_resampler *resampler, int count)
{
    if (count <= resampler->capacity)
        return 0;
    av_freep(&resampler->samples);
    resampler->capacity = 0;
    resampler->samples =
        av_malloc_array((size_t)count * (size_t)resampler->channels, sizeof(int16_t));
    if (!resampler->samples)
        return -ENOMEM;
    resampler->capacity = count;
    return 0;
}

int sl_resampler_convert(struct sl_resampler *resampler, const struct sl_pcm *in,
                         void (*on_pcm)(void *arg, const struct sl_pcm *pcm), void *arg)
{
    int err = 0;

    if (!is_format(in->rate_hz, in->channels) || in->count > COUNT_MAX)
        return -EINVAL;
    if (in->rate_hz != resampler->from_rate_hz || in->channels != resampler->from_channels)
        err = set_up(resampler, in->rate_hz, in->channels);
    if (err < 0)
        return err;
    if (!resampler->swr) {
        on_pcm(arg, in);
        return 0;
    }
    int64_t held_us = swr_get_delay(resampler->swr, SL_US_PER_S);
    int room = swr_get_out_samples(resampler->swr, (int)in->count);
    err = room < 0 ? -EINVAL : make_room(resampler, room);
    if (err < 0)
        return err;
    uint8_t *out = (uint8_t *)resampler->samples;
    const uint8_t *from = (const uint8_t *)in->samples;
    int count = swr_convert(resampler->swr, &out, room, &from, (int)in->count);
    if (count < 0)
        return sl_ffmpeg_error(count, -EINVAL);
    if (count > 0)
        on_pcm(arg, &(struct sl_pcm){.pts_us = in->pts_us - held_us,
                                     .rate_hz = resampler->rate_hz,
                                     .channels = resampler->channels,
                                     .count = (size_t)count,
                                     .samples = resampler->samples});
    return 0;
}
