/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "webrtc/framing.h"

#include <errno.h>
#include <string.h>

uint8_t *sl_framing_room(struct sl_framing *framing, size_t *len)
{
    *len = sizeof(framing->bytes) - framing->have;
    return framing->bytes + framing->have;
}

int sl_framing_input(struct sl_framing *framing, size_t len,
                     int (*on_frame)(void *owner, uint8_t *data, size_t len), void *owner)
{
    uint8_t *at = framing->bytes;

    framing->have += len;
    while (framing->have >= SL_FRAME_HEAD) {
        size_t frame_len = (size_t)at[0] << 8 | at[1];
        if (frame_len > SL_FRAME_MAX)
            return -EBADMSG;
        if (framing->have - SL_FRAME_HEAD < frame_len)
            break;
        framing->have -= SL_FRAME_HEAD + frame_len;
        int err = on_frame(owner, at + SL_FRAME_HEAD, frame_len);
        if (err < 0)
            return err;
        at += SL_FRAME_HEAD + frame_len;
    }
    memmove(framing->bytes, at, framing->have);
    return 0;
}

void sl_framing_build_head(uint8_t head[static SL_FRAME_HEAD], size_t len)
{
    head[0] = (uint8_t)(len >> 8);
    head[1] = (uint8_t)len;
}
