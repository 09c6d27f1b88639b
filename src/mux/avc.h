/* SPDX-License-Identifier: GPL-3.0-or-later */
/* H264 as MP4 and Matroska carry it: each NAL unit behind its length. Parameter sets stay where
 * they are, besides those in the configuration, so that a picture of another size may follow.
 * Private to this directory. */
#ifndef SL_MUX_AVC_H
#define SL_MUX_AVC_H

#include "base/buffer.h"

/* What an access unit of len bytes becomes, at most: a NAL unit of a byte behind a start code of
 * three gets a byte longer. */
static inline size_t sl_avc_len_max(size_t len)
{
    return len + len / 4;
}
/* An access unit in Annex B, without delimiters; nothing, if there is none in it. */
void sl_avc_append(struct sl_buffer *out, const uint8_t *au, size_t len);

#endif
