/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The gain goes in a straight line from the end of one block to the end of the next. It is never
 * above what the block at either side of such an end bears, and so is no point of the line: that
 * the next block is known before this one is given out is the whole trick.
 */
#include "engine/limiter.h"

#include <string.h>

static const float loudest = 32767.0F;
/* A block: 3 dB a second with 5 ms. Faster, and the sum's own beats are heard in it. */
static const float recovery = 1.0017F;

void sl_limiter_init(struct sl_limiter *limiter, size_t samples, size_t channels)
{
    memset(limiter, 0, sizeof(*limiter));
    limiter->count = samples * channels;
    limiter->channels = channels;
    limiter->gain = 1;
}

static float most_for(const int32_t *block, size_t count)
{
    int64_t peak = 0;

    for (size_t i = 0; i < count; i++) {
        int64_t value = block[i] < 0 ? -(int64_t)block[i] : block[i];
        if (value > peak)
            peak = value;
    }
    return (float)peak <= loudest ? 1 : loudest / (float)peak;
}

static float least(float a, float b)
{
    return a < b ? a : b;
}

void sl_limiter_step(struct sl_limiter *limiter, const int32_t *next, int16_t *out)
{
    size_t channels = limiter->channels;
    float from = limiter->gain, to = least(from * recovery, 1);

    to = least(to, least(most_for(limiter->held, limiter->count), most_for(next, limiter->count)));
    float step = (to - from) * (float)channels / (float)limiter->count;
    for (size_t i = 0; i < limiter->count; i += channels) {
        float gain = from + step * (float)(i / channels + 1);
        for (size_t channel = 0; channel < channels; channel++)
            out[i + channel] = (int16_t)(gain * (float)limiter->held[i + channel]);
    }
    memcpy(limiter->held, next, limiter->count * sizeof(*next));
    limiter->gain = to;
}
