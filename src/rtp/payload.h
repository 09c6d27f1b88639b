/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Payload formats, what their inspection and the depacketizers share; private to this directory. */
#ifndef SL_RTP_PAYLOAD_H
#define SL_RTP_PAYLOAD_H

#include "rtp/rtp.h"

/* ---- H264 (RFC 6184) ---- */

/* NAL unit types beside those of H.264 (RFC 6184 table 1). */
enum {
    SL_NAL_STAP_A = 24,
    SL_NAL_FU_A = 28,
    SL_FU_START = 0x80,
    SL_FU_END = 0x40,
    SL_FU_HEADER_LEN = 2, /* indicator and header */
};

/* Steps through a STAP-A: *at starts behind its header. Returns 1 and the next NAL unit (1 byte at
 * least), 0 at the end, -EBADMSG if cut or empty. */
int sl_h264_stap_next(const uint8_t **at, const uint8_t *end, const uint8_t **nal, size_t *len);
int sl_h264_inspect(const uint8_t *payload, size_t len, struct sl_payload_info *out);

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
/* As sl_layer_read(), into what is zeroed; at least one byte. */
int sl_vp9_read_layer(const uint8_t *payload, size_t len, struct sl_layer *out);
int sl_av1_read_layer(const uint8_t *payload, size_t len, struct sl_layer *out);

#endif
