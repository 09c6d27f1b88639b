/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "flow/recut.h"

#include <assert.h>
#include <string.h>

enum { USUAL_MS = 20 };

bool sl_recut_can(enum sl_codec codec)
{
    return codec == SL_CODEC_PCMA || codec == SL_CODEC_PCMU || codec == SL_CODEC_G722;
}

size_t sl_recut_len(enum sl_codec codec, unsigned ms)
{
    if (!sl_recut_can(codec) || ms < SL_RECUT_MS_MIN || ms > SL_RECUT_MS_MAX || ms == USUAL_MS)
        return 0;
    return (size_t)ms * SL_RECUT_TICKS_PER_MS;
}

bool sl_recut_goes_on(const struct sl_recut *recut, const struct sl_rtp_packet *packet)
{
    return recut->begin == recut->end ||
           (packet->codec == recut->codec &&
            packet->timestamp == recut->timestamp + (uint32_t)(recut->end - recut->begin));
}

void sl_recut_put(struct sl_recut *recut, const struct sl_rtp_packet *packet)
{
    size_t kept = recut->end - recut->begin;

    assert(kept < recut->packet_len);
    memmove(recut->bytes, recut->bytes + recut->begin, kept);
    if (kept == 0) {
        recut->timestamp = packet->timestamp;
        recut->marker = packet->marker;
    }
    memcpy(recut->bytes + kept, packet->payload, packet->payload_len);
    recut->begin = 0;
    recut->end = kept + packet->payload_len;
    recut->seq = packet->seq;
    recut->codec = packet->codec;
}

bool sl_recut_take(struct sl_recut *recut, bool all, struct sl_recut_piece *out)
{
    size_t kept = recut->end - recut->begin;
    bool whole = kept < recut->packet_len || !sl_recut_can(recut->codec);
    size_t len = whole ? kept : recut->packet_len;

    if (len == 0 || (whole && !all))
        return false;
    *out = (struct sl_recut_piece){
        .timestamp = recut->timestamp,
        .marker = recut->marker,
        .data = recut->bytes + recut->begin,
        .len = len,
    };
    recut->begin += len;
    recut->timestamp += (uint32_t)len;
    recut->marker = false;
    return true;
}

void sl_recut_clear(struct sl_recut *recut)
{
    recut->begin = recut->end = 0;
    recut->seq = -1;
}
