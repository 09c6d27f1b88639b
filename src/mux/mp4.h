/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the parts of MP4 share. Private to this directory. */
#ifndef SL_MUX_MP4_H
#define SL_MUX_MP4_H

#include "base/buffer.h"
#include "mux/index.h"
#include "mux/muxer.h"
#include "mux/writer.h"

enum {
    SL_MP4_VIDEO_HZ = 90000, /* ticks of pictures' time; those of sound are its samples */
    /* Flags of a trun box (ISO 14496-12 section 8.8.8) ... */
    SL_TRUN_DATA_OFFSET = 0x1,
    SL_TRUN_FIRST_FLAGS = 0x4,
    SL_TRUN_DURATION = 0x100,
    SL_TRUN_SIZE = 0x200,
    SL_TRUN_FLAGS = 0x400,
    SL_TRUN_OFFSET = 0x800,
    /* ... and of a sample (8.8.3.1): depends on none; depends on others, and is no sync sample. */
    SL_SAMPLE_SYNC = 0x02000000,
    SL_SAMPLE_NOT_SYNC = 0x01010000,
    SL_SAMPLE_NOT_SYNC_BIT = 0x00010000,
};

static inline uint32_t sl_mp4_timescale(const struct sl_mux_tracks *tracks, int kind)
{
    return kind == SL_VIDEO ? SL_MP4_VIDEO_HZ : (uint32_t)tracks->rate_hz;
}
/* Pictures are the first track. */
static inline uint32_t sl_mp4_track_id(const struct sl_mux_tracks *tracks, int kind)
{
    return kind == SL_VIDEO || tracks->codecs[SL_VIDEO] == SL_CODEC_NONE ? 1 : 2;
}

/* By how much the edit list moves pictures, in their ticks. */
static inline int64_t sl_mp4_edit(const struct sl_mux_tracks *tracks)
{
    return sl_mux_ticks(tracks->delay_us, SL_MP4_VIDEO_HZ);
}

/* ftyp and moov, without a duration. -EINVAL: the configuration. */
int sl_mp4_write_head(struct sl_buffer *out, const struct sl_mux_tracks *tracks);
/* Into such a head, in place. False: it is none. */
bool sl_mp4_set_duration(uint8_t *head, size_t len, int64_t duration_us);
/* mfra: the key frames of a track. Times are of its scale. */
void sl_mp4_write_index(struct sl_buffer *out, uint32_t track_id, const struct sl_mux_index *index);

#endif
