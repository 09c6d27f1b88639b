/* SPDX-License-Identifier: GPL-3.0-or-later */
/* H264: NAL units inside RTP payloads (RFC 6184). */
#include "base/bytes.h"
#include "rtp/payload.h"

#include <errno.h>

int sl_h264_stap_next(const uint8_t **at, const uint8_t *end, const uint8_t **nal, size_t *len)
{
    struct sl_reader r = sl_reader_of(*at, (size_t)(end - *at));

    if (*at == end)
        return 0;
    size_t nal_len = sl_read_u16(&r);
    const uint8_t *found = sl_reader_take(&r, nal_len);
    if (!found || nal_len == 0)
        return -EBADMSG;
    *at = r.at;
    *nal = found;
    *len = nal_len;
    return 1;
}

/* slice_type, the second code of a slice header (H.264 7.3.3, 7.4.3), behind a first one of 0 (a
 * single bit): 1 is B, and 6 says that the picture has no other slices. */
static bool is_b_slice(const uint8_t *body)
{
    return (body[0] & 0xf0) == 0xa0 || (body[0] & 0xfc) == 0x9c;
}

/* A whole NAL unit, or the first bytes of one. */
static void inspect_nal(uint8_t type, const uint8_t *body, size_t len, struct sl_payload_info *out)
{
    bool slice = type == SL_NAL_SLICE || type == SL_NAL_PARTITION_A || type == SL_NAL_IDR;

    if (type == SL_NAL_SPS)
        out->keyframe_start = true;
    if (type == SL_NAL_SPS || type == SL_NAL_AUD)
        out->frame_start = true;
    if (slice && len > 0 && sl_nal_is_first_slice(body)) {
        out->frame_start = true;
        out->b_picture = is_b_slice(body);
        if (type == SL_NAL_IDR)
            out->keyframe_start = true;
    }
}

static int inspect_single(const uint8_t *nal, size_t len, struct sl_payload_info *out)
{
    uint8_t type = nal[0] & SL_NAL_TYPE_MASK;

    if (!sl_nal_is_single(type))
        return -EBADMSG;
    inspect_nal(type, nal + 1, len - 1, out);
    if (type == SL_NAL_SPS) /* an odd one shows no size, which is not this packet's fault */
        (void)sl_h264_sps_size(nal, len, &out->width, &out->height);
    return 0;
}

static int inspect_stap(const uint8_t *payload, size_t len, struct sl_payload_info *out)
{
    const uint8_t *at = payload + 1, *end = payload + len, *nal;
    size_t nal_len;
    int found;

    if (at == end)
        return -EBADMSG;
    while ((found = sl_h264_stap_next(&at, end, &nal, &nal_len)) > 0) {
        int err = inspect_single(nal, nal_len, out);
        if (err < 0)
            return err;
    }
    return found;
}

static int inspect_fragment(const uint8_t *payload, size_t len, struct sl_payload_info *out)
{
    if (len <= SL_FU_HEADER_LEN || !sl_nal_is_single(payload[1] & SL_NAL_TYPE_MASK))
        return -EBADMSG;
    if (payload[1] & SL_FU_START)
        inspect_nal(payload[1] & SL_NAL_TYPE_MASK, payload + SL_FU_HEADER_LEN,
                    len - SL_FU_HEADER_LEN, out);
    return 0;
}

int sl_h264_inspect(const uint8_t *payload, size_t len, struct sl_payload_info *out)
{
    switch (payload[0] & SL_NAL_TYPE_MASK) {
    case SL_NAL_STAP_A:
        return inspect_stap(payload, len, out);
    case SL_NAL_FU_A:
        return inspect_fragment(payload, len, out);
    default: /* STAP-B, MTAP, FU-B need interleaved mode, which is never agreed: -EBADMSG */
        return inspect_single(payload, len, out);
    }
}
