/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which layer a packet is of, as its payload says it. */
#include "rtp/payload.h"
#include "rtp/rtp.h"

#include <errno.h>

static int read_vp8(const uint8_t *payload, size_t len, struct sl_layer *out)
{
    struct sl_vp8_ids ids;

    if (sl_vp8_ids_read(payload, len, &ids) < 0 || !ids.has_tid)
        return -ENOENT;
    out->temporal = ids.tid;
    out->sync = ids.layer_sync;
    return 0;
}

int sl_layer_read(enum sl_codec codec, const uint8_t *payload, size_t len, struct sl_layer *out)
{
    *out = (struct sl_layer){.temporal = 0};
    if (len == 0)
        return -ENOENT;
    switch (codec) {
    case SL_CODEC_VP8:
        return read_vp8(payload, len, out);
    case SL_CODEC_VP9:
        return sl_vp9_read_layer(payload, len, out);
    case SL_CODEC_AV1:
        return sl_av1_read_layer(payload, len, out);
    default:
        return -ENOENT;
    }
}
