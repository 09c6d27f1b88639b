/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Start codes become lengths. */
#include "mux/avc.h"

#include "media/media.h"

void sl_avc_append(struct sl_buffer *out, const uint8_t *au, size_t len)
{
    const uint8_t *at = au;
    struct sl_nal nal;

    while (sl_annexb_next(&at, au + len, &nal)) {
        if (sl_nal_type(&nal) == SL_NAL_AUD)
            continue;
        sl_buffer_u32(out, (uint32_t)nal.len);
        sl_buffer_append(out, nal.data, nal.len);
    }
}
