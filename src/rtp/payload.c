/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a payload tells, by codec. The inspectors get at least one byte and a zeroed result. */
#include "rtp/payload.h"

#include "base/bytes.h"
#include "rtp/rtp.h"

#include <errno.h>

enum { LEB128_MAX = 8 };

/* AV1 aggregation header (AV1 RTP payload format section 4.4): Z|Y| W |N|-|-|-|. */
int sl_av1_inspect(const uint8_t *payload, size_t len, struct sl_payload_info *out)
{
    bool continues = payload[0] & 0x80;
    bool new_sequence = payload[0] & 0x08;

    if (len < 2 || (continues && new_sequence)) /* Z must be 0 when N is 1 */
        return -EBADMSG;
    out->keyframe_start = new_sequence;
    out->frame_start = new_sequence;
    return 0;
}

/* The first OBU's header (AV1 section 5.3.2, 5.3.3), where the packet begins with one: its length
 * stands before it unless W says that the packet holds no other. */
int sl_av1_read_layer(const uint8_t *payload, size_t len, struct sl_layer *out)
{
    struct sl_reader r = sl_reader_of(payload, len);
    uint8_t aggregation = sl_read_u8(&r);
    bool continues = aggregation & 0x80, alone = (aggregation >> 4 & 3) == 1;
    uint8_t obu, extension;

    if (continues)
        return -ENOENT;
    if (!alone) {
        for (unsigned i = 0; i < LEB128_MAX && (sl_read_u8(&r) & 0x80); i++)
            ;
    }
    obu = sl_read_u8(&r);
    extension = sl_read_u8(&r);
    if (!r.ok || !(obu & 0x04))
        return -ENOENT;
    out->temporal = extension >> 5;
    return 0;
}

static int inspect(enum sl_codec codec, const uint8_t *payload, size_t len,
                   struct sl_payload_info *out)
{
    switch (codec) {
    case SL_CODEC_H264:
        return sl_h264_inspect(payload, len, out);
    case SL_CODEC_VP8:
        return sl_vp8_inspect(payload, len, out);
    case SL_CODEC_VP9:
        return sl_vp9_inspect(payload, len, out);
    case SL_CODEC_AV1:
        return sl_av1_inspect(payload, len, out);
    case SL_CODEC_NONE:
    case SL_CODEC_OPUS:
    case SL_CODEC_PCMA:
    case SL_CODEC_PCMU:
    case SL_CODEC_G722:
    case SL_CODEC_AAC:
    case SL_CODEC_L16:
    case SL_CODEC_TELEPHONE_EVENT:
    case SL_CODEC_MPEG1:
        return 0;
    }
    return 0;
}

int sl_payload_inspect(enum sl_codec codec, const uint8_t *payload, size_t len,
                       struct sl_payload_info *out)
{
    struct sl_payload_info info = {0};
    int err = len > 0 ? inspect(codec, payload, len, &info) : 0;

    if (err == 0)
        *out = info;
    return err;
}
