/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "calls/formats.h"

static void fill(struct sl_call_formats *out, uint8_t payload_type)
{
    out->fillers[payload_type >> 6 & 1] |= UINT64_C(1) << (payload_type & 63);
}

void sl_call_formats_read(const struct sl_media *sound, struct sl_call_formats *out)
{
    uint32_t sound_hz = sl_sdp_clock_hz(&sound->codecs[0]);
    bool noise = true;

    *out = (struct sl_call_formats){.sound = sound->codecs[0].payload_type,
                                    .event = SL_CALL_NO_PAYLOAD_TYPE};
    for (size_t i = 0; i < sound->codec_count; i++) {
        const struct sl_media_codec *codec = &sound->codecs[i];
        noise &= codec->payload_type != SL_CALL_COMFORT_NOISE;
        if (codec->codec != SL_CODEC_TELEPHONE_EVENT)
            continue;
        fill(out, codec->payload_type);
        if (out->event != SL_CALL_NO_PAYLOAD_TYPE && codec->clock_hz != sound_hz)
            continue;
        out->event = codec->payload_type;
        out->event_clock_hz = codec->clock_hz;
    }
    if (noise)
        fill(out, SL_CALL_COMFORT_NOISE);
}
