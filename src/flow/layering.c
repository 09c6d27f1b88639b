/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "flow/layering.h"

#include "base/clock.h"

#include <string.h>

enum {
    COUNT_US = 500 * SL_US_PER_MS, /* what a rung takes is measured over so much */
    FIT_PERCENT = 95,
    ROOM_PERCENT = 85, /* one more has to leave some */
    TOP = SL_LAYERING_RUNGS - 1,
    TOP_TEMPORAL = SL_LAYERING_TEMPORAL - 1,
};

static uint8_t rung_of(const struct sl_layer *layer)
{
    unsigned rung = layer->spatial ? TOP_TEMPORAL + layer->spatial : layer->temporal;
    unsigned most = layer->spatial ? TOP : TOP_TEMPORAL;

    return (uint8_t)(rung < most ? rung : most);
}

void sl_layering_begin(struct sl_layering *layering, int64_t now_us)
{
    *layering = (struct sl_layering){.sent = TOP, .top = TOP, .wanted = TOP, .since_us = now_us};
}

/* As much as the link takes; one rung more than now only if there is room for it. */
static void choose(struct sl_layering *layering, uint64_t limit_bps)
{
    uint64_t sum = 0;
    uint8_t wanted = 0;

    for (uint8_t i = 0; i < SL_LAYERING_RUNGS; i++) {
        unsigned percent = i > layering->top ? ROOM_PERCENT : FIT_PERCENT;
        sum += layering->rates_bps[i];
        if (limit_bps == 0 || sum * 100 <= limit_bps * percent)
            wanted = i;
    }
    layering->wanted = wanted;
    if (layering->top > wanted)
        layering->top = wanted;
}

void sl_layering_count(struct sl_layering *layering, const struct sl_layer *layer, size_t bytes,
                       uint64_t limit_bps, int64_t now_us)
{
    int64_t took_us = now_us - layering->since_us;

    if (took_us >= COUNT_US) {
        layering->exist = false;
        for (size_t i = 0; i < SL_LAYERING_RUNGS; i++) {
            uint64_t bps = (uint64_t)layering->bytes[i] * 8 * SL_US_PER_S / (uint64_t)took_us;
            uint64_t before = layering->rates_bps[i];
            layering->rates_bps[i] = before ? (before + bps) / 2 : bps;
            layering->bytes[i] = 0;
            layering->exist |= i > 0 && layering->rates_bps[i] > 0;
        }
        layering->since_us = now_us;
        if (layering->exist)
            choose(layering, limit_bps);
    }
    layering->bytes[rung_of(layer)] += (uint32_t)bytes;
}

void sl_layering_picture(struct sl_layering *layering, const struct sl_layer *layer, bool keyframe)
{
    uint8_t most = layering->wanted < TOP_TEMPORAL ? layering->wanted : TOP_TEMPORAL;

    if (keyframe)
        layering->top = layering->wanted;
    else if (layering->opens && layering->top < most)
        layering->top = most;
    else if (layer->sync && layer->temporal == layering->top + 1 && layer->temporal <= most)
        layering->top = layer->temporal;
    layering->sent = layering->top;
    layering->opens = layer->opens_above && layer->temporal <= layering->top;
}

bool sl_layering_takes(const struct sl_layering *layering, const struct sl_layer *layer)
{
    if (layer->spatial && rung_of(layer) > layering->sent)
        return false;
    return layer->temporal <= layering->sent || layering->sent >= TOP_TEMPORAL;
}

/* The highest rung that is there, up to one. */
static uint8_t highest(const struct sl_layering *layering, uint8_t most)
{
    while (most > 0 && layering->rates_bps[most] == 0)
        most--;
    return most;
}

int sl_layering_change(struct sl_layering *layering)
{
    uint8_t height = highest(layering, layering->sent);
    uint8_t before = layering->is_told ? layering->told : highest(layering, TOP);

    layering->told = height;
    layering->is_told = layering->exist;
    return (height > before) - (height < before);
}

bool sl_layering_step_down(struct sl_layering *layering)
{
    uint8_t height = highest(layering, layering->top);

    if (height == 0)
        return false;
    layering->top = layering->wanted = (uint8_t)(height - 1);
    return true;
}

uint8_t sl_layering_spatial(const struct sl_layering *layering)
{
    if (layering->sent == TOP)
        return SL_LAYERING_ALL_SPATIAL;
    return layering->sent > TOP_TEMPORAL ? (uint8_t)(layering->sent - TOP_TEMPORAL) : 0;
}

bool sl_layering_is_full(const struct sl_layering *layering)
{
    return !layering->exist || highest(layering, TOP) <= layering->top;
}

bool sl_layering_awaits_keyframe(const struct sl_layering *layering, enum sl_codec codec)
{
    uint8_t without = layering->top;

    if (!layering->exist || layering->top >= layering->wanted)
        return false;
    /* AV1's payload does not tell where an upper layer may begin. */
    if (codec != SL_CODEC_AV1 && without < TOP_TEMPORAL)
        without = TOP_TEMPORAL;
    return highest(layering, layering->wanted) > without;
}
