/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The bodies of FLV tags (Adobe Flash Video File Format 10.1, annex E), which RTMP carries as they
 * are: metadata, H264, AAC, G.711. Pure. */
#ifndef SL_MUX_FLV_H
#define SL_MUX_FLV_H

#include "base/bytes.h"
#include "media/media.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SL_FLV_HEAD_MAX = 5, SL_FLV_METADATA_MAX = 1024, SL_FLV_AVC_CONFIG_MAX = 1024 };

/* One tag but for its head, which tells how much later than its time stamp it is shown and so
 * differs from one time line to the next. Made once for all who carry it: immutable to all but its
 * maker, shared by count. */
struct sl_flv_tag {
    _Atomic uint32_t refs;
    struct sl_interleaved order; /* kind and dts_us; the maker's while it waits */
    int64_t pts_us;              /* dts_us, but for pictures that are shown later */
    bool keyframe;
    struct sl_flv_video_config *config; /* of a key frame: what goes before it; a reference */
    size_t len;
    uint8_t bytes[];
};
/* Room for len bytes, shown when it is decoded; NULL when there is no memory (len comes from
 * outside). */
struct sl_flv_tag *sl_flv_tag_create(enum sl_media_kind kind, int64_t dts_us, size_t len);
struct sl_flv_tag *sl_flv_tag_ref(struct sl_flv_tag *tag);
void sl_flv_tag_unref(struct sl_flv_tag *tag); /* Threads: any. NULL is fine. */

struct sl_flv_metadata {
    bool has_video, has_audio;
    int width, height; /* 0: not known */
    enum sl_codec audio;
    int audio_rate_hz, audio_channels;
};
/* @setDataFrame onMetaData. */
void sl_flv_write_metadata(struct sl_writer *w, const struct sl_flv_metadata *metadata);

/* ---- H264 ---- */

/* Parameter sets as FLV wants them in front: AVCDecoderConfigurationRecord (ISO 14496-15 section
 * 5.2.4.1). */
struct sl_flv_avc_config {
    size_t len; /* 0: none */
    uint8_t bytes[SL_FLV_AVC_CONFIG_MAX];
};
/* From the first SPS and the PPSs of an access unit in Annex B. -ENOENT: they are not there, or too
 * long; *out is then unchanged. */
int sl_flv_avc_config_find(const uint8_t *au, size_t len, struct sl_flv_avc_config *out);
/* The access unit with lengths of 32 bits in place of start codes, without parameter sets and
 * delimiters (they stand in the configuration). out holds sl_flv_avc_len_max(len) bytes. Returns
 * the bytes written. */
static inline size_t sl_flv_avc_len_max(size_t len)
{
    return len + len / 3 +
           4; /* a start code of 3 bytes becomes 4; at worst around every NAL unit */
}
size_t sl_flv_avc_convert(const uint8_t *au, size_t len, uint8_t *out);
/* The bytes that it would write. */
size_t sl_flv_avc_len(const uint8_t *au, size_t len);

/* A configuration and the size of the pictures that follow it. Immutable, shared by count. */
struct sl_flv_video_config {
    _Atomic uint32_t refs;
    uint16_t width, height; /* 0: not known */
    struct sl_flv_avc_config avc;
};
struct sl_flv_video_config *sl_flv_video_config_create(const struct sl_flv_avc_config *avc,
                                                       uint16_t width, uint16_t height);
struct sl_flv_video_config *sl_flv_video_config_ref(struct sl_flv_video_config *config);
void sl_flv_video_config_unref(struct sl_flv_video_config *config); /* Threads: any. NULL too. */

/* What precedes a configuration record or an access unit in a video tag; composition_ms: how much
 * later than its time stamp the picture is shown. Returns its length. */
size_t sl_flv_video_head(uint8_t out[static SL_FLV_HEAD_MAX], bool keyframe, bool is_config,
                         uint32_t composition_ms);

/* ---- Audio ---- */

/* What precedes a frame, or (AAC) the AudioSpecificConfig. Returns its length. */
size_t sl_flv_audio_head(uint8_t out[static SL_FLV_HEAD_MAX], enum sl_codec encoding,
                         bool is_config);

#endif
