/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the parts of WebM and Matroska share. Private to this directory. */
#ifndef SL_MUX_WEBM_H
#define SL_MUX_WEBM_H

#include "base/buffer.h"
#include "mux/index.h"
#include "mux/muxer.h"

enum {
    SL_WEBM_MS_US = 1000, /* times in the file are in milliseconds */
    SL_WEBM_BLOCK_KEYFRAME = 0x80,
};

/* Pictures are the first track. */
static inline uint8_t sl_webm_track(bool has_pictures, int kind)
{
    return kind == SL_VIDEO || !has_pictures ? 1 : 2;
}

/* All before the first cluster, of a file that is being written. -EINVAL: the configuration. */
int sl_webm_write_head(struct sl_buffer *out, enum sl_container container,
                       const struct sl_mux_tracks *tracks);
/* Where the contents of the segment begin, from which its positions count; 0: this is no head. */
size_t sl_webm_segment(const uint8_t *head, size_t len);
/* Puts into such a head, in place, what is known at the end: of a file of file_len bytes with Cues
 * at cues_at. False: it is none. */
bool sl_webm_complete_head(uint8_t *head, size_t len, int64_t duration_us, uint64_t cues_at,
                           uint64_t file_len);
/* Cues: the key frames of the first track. Times are in milliseconds. */
void sl_webm_write_index(struct sl_buffer *out, const struct sl_mux_index *index, size_t segment);

#endif
