/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sprop-parameter-sets (RFC 6184 section 8.1): H264 parameter sets that may never come in band.
 * They describe one sender's stream, so they are taken out of the fmtp: no answer echoes them, and
 * no other offer repeats them.
 */
#include "base/base64.h"
#include "base/bytes.h"
#include "sdp/format.h"
#include "sdp/span.h"

#include <string.h>

/* One that is no Base64, or finds no room, costs itself only. */
static void add_set(struct sl_span text, struct sl_h264_sprop *out)
{
    uint8_t nal[SL_H264_SPROP_MAX];
    char padded[SL_H264_SPROP_MAX / 3 * 4 + 1];

    if (!sl_span_copy(text, padded, sizeof(padded)))
        return;
    while (text.len % 4 != 0 && text.len < sizeof(padded) - 1)
        padded[text.len++] = '='; /* some leave it out */
    int len = sl_base64_decode(padded, text.len, nal, sizeof(nal));
    if (len <= 0 || (size_t)len + 2 > sizeof(out->bytes) - out->len)
        return;
    sl_store_u16(out->bytes + out->len, (uint16_t)len);
    memcpy(out->bytes + out->len + 2, nal, (size_t)len);
    out->len = (uint16_t)(out->len + len + 2);
}

static struct sl_h264_sprop *place_for(struct sl_sdp_section *section, uint8_t payload_type)
{
    for (size_t i = 0; i < section->sprop_count; i++)
        if (section->sprops[i].payload_type == payload_type)
            return &section->sprops[i].sets;
    if (section->sprop_count == SL_SDP_SPROPS_MAX)
        return NULL;
    section->sprops[section->sprop_count].payload_type = payload_type;
    return &section->sprops[section->sprop_count++].sets;
}

struct sl_span sl_sdp_take_sprop(struct sl_sdp_section *section, uint8_t payload_type,
                                 struct sl_span *fmtp)
{
    struct sl_span rest = *fmtp;

    while (rest.len > 0) {
        size_t before = (size_t)(rest.at - fmtp->at);
        struct sl_span value = sl_span_cut(&rest, ';');
        struct sl_span key = sl_span_trim(sl_span_cut(&value, '='));
        if (!sl_span_is_nocase(key, "sprop-parameter-sets"))
            continue;
        struct sl_h264_sprop *sets = place_for(section, payload_type);
        while (sets && value.len > 0)
            add_set(sl_span_trim(sl_span_cut(&value, ',')), sets);
        *fmtp = (struct sl_span){fmtp->at, before > 0 ? before - 1 : 0}; /* without the ';' */
        return sl_span_trim(rest);
    }
    return (struct sl_span){fmtp->at, 0};
}

void sl_sdp_choose_sprop(const struct sl_sdp_section *section, struct sl_media *media)
{
    for (size_t i = 0; i < media->codec_count; i++) {
        for (size_t k = 0; k < section->sprop_count; k++) {
            if (media->codecs[i].codec != SL_CODEC_H264 ||
                section->sprops[k].payload_type != media->codecs[i].payload_type)
                continue;
            media->sprop = section->sprops[k].sets;
            return;
        }
    }
}
