/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Coded pictures and sound, and what a decoder must have before the first of them. Both are shared
 * by reference count and immutable once anybody else has them. Threads: any. */
#ifndef SL_MEDIA_FRAME_H
#define SL_MEDIA_FRAME_H

#include "media/codec.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* H264: SPS and PPS in Annex B, every SPS before every PPS. AAC: its AudioSpecificConfig (ISO
 * 14496-3 section 1.6.2.1). Other codecs need none. */
struct sl_codec_config {
    _Atomic uint32_t refs;
    enum sl_codec codec;
    uint16_t width, height; /* of pictures; 0 if it does not say */
    size_t len;
    uint8_t data[];
};
/* One reference; the bytes are copied. */
struct sl_codec_config *sl_codec_config_create(enum sl_codec codec, const uint8_t *data,
                                               size_t len);
struct sl_codec_config *sl_codec_config_ref(struct sl_codec_config *config); /* NULL is fine */
void sl_codec_config_unref(struct sl_codec_config *config);                  /* NULL is fine */
/* The parameter sets of an access unit in Annex B, if they differ from those of *config: then
 * *config is let go of and is the new ones. Nothing happens where an SPS or a PPS is missing, or
 * broken. */
void sl_codec_config_note(struct sl_codec_config **config, const uint8_t *au, size_t len);

/* A whole coded picture or audio frame on the common clock of the stream's tracks. */
struct sl_frame {
    _Atomic uint32_t refs;
    enum sl_codec codec;
    bool keyframe; /* sound: always */
    /* Local monotonic time, comparable between the tracks of one stream. dts_us rises with each
     * frame and is pts_us but for pictures that are shown in another order than they come in; never
     * after it. */
    int64_t pts_us, dts_us;
    uint16_t width, height; /* 0 if the frame does not say; video key frames do */
    /* Of the codec, one reference; NULL where it needs none, or it is not known. The same one from
     * frame to frame while it holds. */
    struct sl_codec_config *config;
    size_t len;
    /* H264: Annex B (start codes 00 00 00 01), SPS and PPS inside key frames. VP8: the frame as in
     * RFC 6386. AAC: an access unit without a header. Other sound: an RTP payload. */
    uint8_t data[];
};
/* To be filled: one reference, all zero but codec and len. NULL: no memory. */
struct sl_frame *sl_frame_create(enum sl_codec codec, size_t len);
struct sl_frame *sl_frame_ref(struct sl_frame *frame);
void sl_frame_unref(struct sl_frame *frame); /* NULL is fine */

#endif
