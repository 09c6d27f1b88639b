/* SPDX-License-Identifier: GPL-3.0-or-later */
/* H264 whatever carries it: NAL units, Annex B, parameter sets (ITU-T H.264). Threads: any. */
#ifndef SL_MEDIA_H264_H
#define SL_MEDIA_H264_H

#include "media/reorder.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* NAL unit types (table 7-1); those from 24 on are for whoever carries them. */
enum {
    SL_NAL_SLICE = 1,
    SL_NAL_PARTITION_A = 2,
    SL_NAL_IDR = 5,
    SL_NAL_SEI = 6,
    SL_NAL_SPS = 7,
    SL_NAL_PPS = 8,
    SL_NAL_AUD = 9,
    SL_NAL_FILLER = 12,
    SL_NAL_SINGLE_MAX = 23,
    SL_NAL_TYPE_MASK = 0x1f,
};

/* True for NAL unit types of their own, which go into a file as they are. */
static inline bool sl_nal_is_single(uint8_t type)
{
    return type >= 1 && type <= SL_NAL_SINGLE_MAX;
}

/* True if the slice begins a picture: first_mb_in_slice, the first code in its header, is 0
 * (7.3.3). body: what follows the NAL header, one byte at least. */
static inline bool sl_nal_is_first_slice(const uint8_t *body)
{
    return body[0] & 0x80;
}

/* One NAL unit in somebody else's buffer, its header first; a byte at least. */
struct sl_nal {
    const uint8_t *data;
    size_t len;
};

static inline uint8_t sl_nal_type(const struct sl_nal *nal)
{
    return nal->data[0] & SL_NAL_TYPE_MASK;
}

/* Steps through an access unit in Annex B: *at is its first byte at first. Bytes before the first
 * start code, zeros behind a NAL unit and empty ones are left out. False at the end. */
bool sl_annexb_next(const uint8_t **at, const uint8_t *end, struct sl_nal *out);

/* seq_parameter_set_id of an SPS, pic_parameter_set_id of a PPS; -EBADMSG if cut or above 255. */
int sl_h264_parameter_set_id(const uint8_t *nal, size_t len);

struct sl_h264_sps {
    uint16_t width, height; /* cropping applied */
    /* How many pictures may come before one in the order of coding and be shown after it; up to
     * SL_REORDER_MAX. -1: it does not say. */
    int reorder;
};
/* -EBADMSG: no SPS, cut before its size is said, or of no possible size; *out is then unchanged. */
int sl_h264_sps_parse(const uint8_t *nal, size_t len, struct sl_h264_sps *out);
/* The size alone. */
int sl_h264_sps_size(const uint8_t *nal, size_t len, uint16_t *width, uint16_t *height);

enum { SL_H264_SPROP_MAX = 512 };

/* Parameter sets that a description brought (RFC 6184 section 8.1, sprop-parameter-sets): each with
 * its length in 16 bits before it. */
struct sl_h264_sprop {
    uint16_t len; /* 0: none */
    uint8_t bytes[SL_H264_SPROP_MAX];
};

#endif
