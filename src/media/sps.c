/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an SPS says (H.264 7.3.2.1.1, E.1.1): the picture's size, and how far pictures are shown out
 * of the order in which they are coded. */
#include "base/mem.h"
#include "media/bits.h"
#include "media/h264.h"

#include <errno.h>
#include <string.h>

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

/* Returns pic_order_cnt_type. */
static uint32_t read_pic_order(struct sl_bits *bits)
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
    return pic_order_cnt_type;
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

/* E.1.2 */
static void skip_hrd(struct sl_bits *bits)
{
    uint32_t cpb_cnt_minus1 = sl_bits_ue(bits);

    if (cpb_cnt_minus1 > 31)
        bits->ok = false;
    (void)sl_bits_read(bits, 8); /* bit_rate_scale, cpb_size_scale */
    for (uint32_t i = 0; i <= cpb_cnt_minus1 && bits->ok; i++) {
        (void)sl_bits_ue(bits);
        (void)sl_bits_ue(bits);
        (void)sl_bits_bit(bits);
    }
    (void)sl_bits_read(bits, 20); /* four lengths of 5 bits */
}

static void skip_video_signal(struct sl_bits *bits)
{
    enum { EXTENDED_SAR = 255 };

    if (sl_bits_bit(bits) && sl_bits_read(bits, 8) == EXTENDED_SAR)
        (void)sl_bits_read(bits, 32);
    if (sl_bits_bit(bits)) /* overscan_info_present_flag */
        (void)sl_bits_bit(bits);
    if (sl_bits_bit(bits)) { /* video_signal_type_present_flag */
        (void)sl_bits_read(bits, 4);
        if (sl_bits_bit(bits))
            (void)sl_bits_read(bits, 24);
    }
    if (sl_bits_bit(bits)) { /* chroma_loc_info_present_flag */
        (void)sl_bits_ue(bits);
        (void)sl_bits_ue(bits);
    }
}

/* max_num_reorder_frames of the VUI (E.1.1); -1 if it is not said. */
static int read_reorder(struct sl_bits *bits)
{
    if (!sl_bits_bit(bits)) /* vui_parameters_present_flag */
        return -1;
    skip_video_signal(bits);
    if (sl_bits_bit(bits)) { /* timing_info_present_flag */
        (void)sl_bits_read(bits, 32);
        (void)sl_bits_read(bits, 32);
        (void)sl_bits_bit(bits);
    }
    bool nal_hrd = sl_bits_bit(bits);
    if (nal_hrd)
        skip_hrd(bits);
    bool vcl_hrd = sl_bits_bit(bits);
    if (vcl_hrd)
        skip_hrd(bits);
    if (nal_hrd || vcl_hrd)
        (void)sl_bits_bit(bits); /* low_delay_hrd_flag */
    (void)sl_bits_bit(bits);     /* pic_struct_present_flag */
    if (!sl_bits_bit(bits))      /* bitstream_restriction_flag */
        return -1;
    (void)sl_bits_bit(bits); /* motion_vectors_over_pic_boundaries_flag */
    for (int i = 0; i < 4; i++)
        (void)sl_bits_ue(bits); /* sizes of pictures, macroblocks and vectors */
    uint32_t reorder = sl_bits_ue(bits);
    return bits->ok && reorder <= SL_REORDER_MAX ? (int)reorder : -1;
}

/* Where the order of coding is that of showing whatever the VUI says: no B slices, no future
 * picture to refer to, or an order that is not coded at all (7.4.2.1.1, 8.2.1.3, A.2.1). */
static bool is_in_order(uint32_t profile_idc, uint32_t pic_order_cnt_type, uint32_t ref_frames)
{
    enum { BASELINE = 66 };

    return profile_idc == BASELINE || pic_order_cnt_type == 2 || ref_frames <= 1;
}

int sl_h264_sps_parse(const uint8_t *nal, size_t len, struct sl_h264_sps *out)
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
    uint32_t pic_order_cnt_type = read_pic_order(&bits);
    uint32_t ref_frames = sl_bits_ue(&bits);
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
    out->width = (uint16_t)full_width;
    out->height = (uint16_t)full_height;
    out->reorder =
        is_in_order(profile_idc, pic_order_cnt_type, ref_frames) ? 0 : read_reorder(&bits);
    return 0;
}

int sl_h264_sps_size(const uint8_t *nal, size_t len, uint16_t *width, uint16_t *height)
{
    struct sl_h264_sps sps;
    int err = sl_h264_sps_parse(nal, len, &sps);

    if (err < 0)
        return err;
    *width = sps.width;
    *height = sps.height;
    return 0;
}
