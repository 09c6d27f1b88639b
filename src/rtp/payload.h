/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Payload formats, what their inspection and the depacketizers share; private to this directory. */
#ifndef SL_RTP_PAYLOAD_H
#define SL_RTP_PAYLOAD_H

#include "rtp/rtp.h"

/* ---- H264 (RFC 6184) ---- */

/* NAL unit types: H.264 table 7-1, and RFC 6184 table 1 from 24 on. */
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
    SL_NAL_STAP_A = 24,
    SL_NAL_FU_A = 28,
    SL_NAL_TYPE_MASK = 0x1f,
    SL_FU_START = 0x80,
    SL_FU_END = 0x40,
    SL_FU_HEADER_LEN = 2, /* indicator and header */
};

/* True for NAL unit types of their own, which go into a file as they are. */
static inline bool sl_nal_is_single(uint8_t type)
{
    return type >= 1 && type <= SL_NAL_SINGLE_MAX;
}

/* True if the slice begins a picture: first_mb_in_slice, the first code in its header, is 0 (H.264
 * 7.3.3). body: what follows the NAL header, one byte at least. */
static inline bool sl_nal_is_first_slice(const uint8_t *body)
{
    return body[0] & 0x80;
}

/* Steps through a STAP-A: *at starts behind its header. Returns 1 and the next NAL unit (1 byte at
 * least), 0 at the end, -EBADMSG if cut or empty. */
int sl_h264_stap_next(const uint8_t **at, const uint8_t *end, const uint8_t **nal, size_t *len);
int sl_h264_inspect(const uint8_t *payload, size_t len, struct sl_payload_info *out);
/* seq_parameter_set_id of an SPS, pic_parameter_set_id of a PPS; -EBADMSG if cut or above 255. */
int sl_h264_parameter_set_id(const uint8_t *nal, size_t len);

struct sl_h264_sps {
    uint16_t width, height; /* cropping applied */
    int reorder;            /* as in struct sl_assembled_frame */
};
/* -EBADMSG: no SPS, cut before its size is said, or of no possible size; *out is then unchanged. */
int sl_h264_sps_parse(const uint8_t *nal, size_t len, struct sl_h264_sps *out);

/* ---- VP8 (RFC 7741, RFC 6386) ---- */

struct sl_vp8_descriptor {
    size_t len;        /* the frame's bytes follow */
    bool starts_frame; /* first packet of the first partition */
};
/* -EBADMSG if it is cut, or nothing follows. */
int sl_vp8_descriptor_parse(const uint8_t *payload, size_t len, struct sl_vp8_descriptor *out);
/* The first bytes of a frame: whether it is a key frame and, if as much is there, its size.
 * -EBADMSG: empty or a key frame without its start code. */
int sl_vp8_frame_header(const uint8_t *frame, size_t len, bool *keyframe, uint16_t *width,
                        uint16_t *height);
int sl_vp8_inspect(const uint8_t *payload, size_t len, struct sl_payload_info *out);

/* ---- VP9, AV1 ---- */

int sl_vp9_inspect(const uint8_t *payload, size_t len, struct sl_payload_info *out);
int sl_av1_inspect(const uint8_t *payload, size_t len, struct sl_payload_info *out);

#endif
