/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Payloads of one picture joined to what a decoder takes; private to this directory. A depacketizer
 * gets the packets in order and whole; order, waiting and key frames are the assembler's business.
 */
#ifndef SL_RTP_DEPACKETIZER_H
#define SL_RTP_DEPACKETIZER_H

#include "rtp/rtp.h"

/* Bytes that grow up to a bound. Embedded. */
struct sl_frame_buffer {
    uint8_t *data;
    size_t len, capacity, max;
};

/* -ENOBUFS beyond the bound (or without memory): nothing is changed. */
int sl_frame_buffer_append(struct sl_frame_buffer *buffer, const void *bytes, size_t len);
void sl_frame_buffer_deinit(struct sl_frame_buffer *buffer);

struct sl_depacketizer;
struct sl_depacketizer_ops {
    /* A new picture; after_loss: packets before its first one are missing, and may be its own. */
    void (*begin)(struct sl_depacketizer *depacketizer, bool after_loss);
    /* len is 1 at least. -EBADMSG, -ENOBUFS: the picture is lost, and neither input() nor finish()
     * is called for it any more. */
    int (*input)(struct sl_depacketizer *depacketizer, const uint8_t *payload, size_t len);
    /* The picture is complete: 1 and fills keyframe, width, height, data, len (valid until
     * begin()). 0: there was none. -EBADMSG: a part is missing. -ENODATA: a key frame whose
     * parameter sets are not known. */
    int (*finish)(struct sl_depacketizer *depacketizer, struct sl_assembled_frame *out);
    void (*destroy)(struct sl_depacketizer *depacketizer);
};

/* First member of each kind. */
struct sl_depacketizer {
    const struct sl_depacketizer_ops *ops;
};

struct sl_depacketizer *sl_h264_depacketizer_create(size_t max_frame_len);
struct sl_depacketizer *sl_vp8_depacketizer_create(size_t max_frame_len);

#endif
