/* SPDX-License-Identifier: GPL-3.0-or-later */
/* H264: NAL units inside RTP payloads (RFC 6184) and the picture size in an SPS (H.264 7.3.2.1.1).
 */
#include "base/bytes.h"
#include "rtp/bits.h"
#include "rtp/payload.h"

#include <errno.h>

/* ---- Payloads ---- */

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

/* ---- Parameter sets ---- */

/* profile_idc, the constraint flags and level_idc */
enum { SPS_FIXED_BITS = 24 };

int sl_h264_parameter_set_id(const uint8_t *nal, size_t len)
{
    struct sl_bits bits = sl_bits_of(nal, len);
    unsigned type = sl_bits_read(&bits, 8) & SL_NAL_TYPE_MASK;

    if (type == SL_NAL_SPS)
        (void)sl_bits_read(&bits, SPS_FIXED_BITS); /* bits.ok tells */
    uint32_t id = sl_bits_ue(&bits);
    return bits.ok && id <= 255 ? (int)id : -EBADMSG;
}

/* Those with chroma format and scaling lists in the SPS (7.3.2.1.1). */
static bool has_chroma_fields(uint32_t profile_idc)
{
    static const uint8_t profiles[] = {100, 110, 122, 244, 44,  83, 86,
                                       118, 128, 138, 139, 134, 135};

    return memchr(profiles, (int)profile_idc, sizeof(profiles)) != NULL;
}

/* 7.3.2.1.1.1; the values are not needed. Arithmetic modulo 256 as there. */
static void skip_scaling_list(struct sl_bits *bits, unsigned size)
{
    uint8_t last = 8, next = 8;

    for (unsigned i = 0; i < size && bits->ok; i++) {
        if (next != 0)
            next = (uint8_t)(last + (uint32_t)sl_bits_se(bits));
        if (next != 0)
            last = next;
    }
}

/* Returns ChromaArrayType: 0 also for 4:4:4 coded as separate planes. */
static uint32_t read_chroma_fields(struct sl_bits *bits)
{
    uint32_t chroma_format_idc = sl_bits_ue(bits);
    bool separate_planes = chroma_format_idc == 3 && sl_bits_bit(bits);

    if (chroma_format_idc > 3)
        bits->ok = false;
    (void)sl_bits_ue(bits);  /* bit_depth_luma_minus8 */
    (void)sl_bits_ue(bits);  /* bit_depth_chroma_minus8 */
    (void)sl_bits_bit(bits); /* qpprime_y_zero_transform_bypass_flag */
    if (sl_bits_bit(bits)) { /* seq_scaling_matrix_present_flag */
        unsigned lists = chroma_format_idc == 3 ? 12 : 8;
        for (unsigned i = 0; i < lists; i++) {
            if (sl_bits_bit(bits))
                skip_scaling_list(bits, i < 6 ? 16 : 64);
        }
    }
    return separate_planes ? 0 : chroma_format_idc;
}

static void skip_pic_order(struct sl_bits *bits)
{
    uint32_t pic_order_cnt_type = sl_bits_ue(bits);

    if (pic_order_cnt_type == 0) {
        (void)sl_bits_ue(bits); /* log2_max_pic_order_cnt_lsb_minus4 */
    } else if (pic_order_cnt_type == 1) {
        (void)sl_bits_bit(bits); /* delta_pic_order_always_zero_flag */
        (void)sl_bits_se(bits);  /* offset_for_non_ref_pic */
        (void)sl_bits_se(bits);  /* offset_for_top_to_bottom_field */
        uint32_t cycle = sl_bits_ue(bits);
        if (cycle > 255) /* 7.4.2.1.1 */
            bits->ok = false;
        for (uint32_t i = 0; i < cycle && bits->ok; i++)
            (void)sl_bits_se(bits);
    } else if (pic_order_cnt_type > 2) {
        bits->ok = false;
    }
}

/* (7-19) to (7-22): what is cut off, in samples. 64 bits: the fields are any 32 bits. */
static bool crop(uint64_t *size, uint64_t before, uint64_t after, unsigned unit)
{
    uint64_t cut = (before + after) * unit;

    if (cut >= *size)
        return false;
    *size -= cut;
    return *size <= UINT16_MAX;
}

int sl_h264_sps_size(const uint8_t *nal, size_t len, uint16_t *width, uint16_t *height)
{
    struct sl_bits bits = sl_bits_of(nal, len);
    uint32_t chroma_array_type = 1; /* 4:2:0 */
    uint32_t left = 0, right = 0, top = 0, bottom = 0;

    if ((sl_bits_read(&bits, 8) & SL_NAL_TYPE_MASK) != SL_NAL_SPS)
        return -EBADMSG;
    uint32_t profile_idc = sl_bits_read(&bits, SPS_FIXED_BITS) >> 16;
    (void)sl_bits_ue(&bits); /* seq_parameter_set_id */
    if (has_chroma_fields(profile_idc))
        chroma_array_type = read_chroma_fields(&bits);
    (void)sl_bits_ue(&bits); /* log2_max_frame_num_minus4 */
    skip_pic_order(&bits);
    (void)sl_bits_ue(&bits);  /* max_num_ref_frames */
    (void)sl_bits_bit(&bits); /* gaps_in_frame_num_value_allowed_flag */
    uint64_t columns = (uint64_t)sl_bits_ue(&bits) + 1;
    uint64_t rows = (uint64_t)sl_bits_ue(&bits) + 1;
    unsigned fields = sl_bits_bit(&bits) ? 1 : 2; /* frame_mbs_only_flag */
    if (fields == 2)
        (void)sl_bits_bit(&bits); /* mb_adaptive_frame_field_flag */
    (void)sl_bits_bit(&bits);     /* direct_8x8_inference_flag */
    if (sl_bits_bit(&bits)) {     /* frame_cropping_flag */
        left = sl_bits_ue(&bits);
        right = sl_bits_ue(&bits);
        top = sl_bits_ue(&bits);
        bottom = sl_bits_ue(&bits);
    }
    uint64_t full_width = columns * 16, full_height = rows * 16 * fields;
    unsigned unit_x = chroma_array_type == 1 || chroma_array_type == 2 ? 2 : 1;
    unsigned unit_y = (chroma_array_type == 1 ? 2 : 1) * fields;
    if (!bits.ok || !crop(&full_width, left, right, unit_x) ||
        !crop(&full_height, top, bottom, unit_y))
        return -EBADMSG;
    *width = (uint16_t)full_width;
    *height = (uint16_t)full_height;
    return 0;
}
