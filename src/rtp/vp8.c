/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * VP8 payload descriptor (RFC 7741 section 4.2) and frame header (RFC 6386 section 9.1).
 *
 *       0 1 2 3 4 5 6 7
 *      +-+-+-+-+-+-+-+-+
 *      |X|R|N|S|R| PID |
 *      +-+-+-+-+-+-+-+-+
 * X:   |I|L|T|K| RSV   |
 *      +-+-+-+-+-+-+-+-+
 * I:   |M| PictureID   |  M: seven more bits, then eight in the next byte
 *      +-+-+-+-+-+-+-+-+
 * L:   |   TL0PICIDX   |
 *      +-+-+-+-+-+-+-+-+
 * T/K: |TID|Y| KEYIDX  |
 *      +-+-+-+-+-+-+-+-+
 */
#include "base/bytes.h"
#include "rtp/payload.h"

#include <errno.h>

int sl_vp8_descriptor_parse(const uint8_t *payload, size_t len, struct sl_vp8_descriptor *out)
{
    struct sl_reader r = sl_reader_of(payload, len);
    uint8_t first = sl_read_u8(&r);

    if (first & 0x80) {
        uint8_t fields = sl_read_u8(&r);
        if ((fields & 0x80) && (sl_read_u8(&r) & 0x80))
            (void)sl_read_u8(&r); /* r.ok tells, here and below */
        if (fields & 0x40)
            (void)sl_read_u8(&r);
        if (fields & 0x30)
            (void)sl_read_u8(&r);
    }
    if (!r.ok || sl_reader_left(&r) == 0)
        return -EBADMSG;
    out->len = (size_t)(r.at - payload);
    out->starts_frame = (first & 0x17) == 0x10; /* S, and partition 0 */
    return 0;
}

/* A key frame: 3 bytes frame tag, 9d 01 2a, 14 bits of width and of height, little-endian. */
int sl_vp8_frame_header(const uint8_t *frame, size_t len, bool *keyframe, uint16_t *width,
                        uint16_t *height)
{
    static const uint8_t start_code[] = {0x9d, 0x01, 0x2a};

    if (len == 0)
        return -EBADMSG;
    *keyframe = !(frame[0] & 0x01);
    if (!*keyframe || len < 10)
        return 0;
    if (memcmp(frame + 3, start_code, sizeof(start_code)) != 0)
        return -EBADMSG;
    *width = (uint16_t)((frame[7] << 8 | frame[6]) & 0x3fff);
    *height = (uint16_t)((frame[9] << 8 | frame[8]) & 0x3fff);
    return 0;
}

int sl_vp8_inspect(const uint8_t *payload, size_t len, struct sl_payload_info *out)
{
    struct sl_vp8_descriptor descriptor;
    int err = sl_vp8_descriptor_parse(payload, len, &descriptor);

    if (err < 0 || !descriptor.starts_frame)
        return err;
    out->frame_start = true;
    return sl_vp8_frame_header(payload + descriptor.len, len - descriptor.len, &out->keyframe_start,
                               &out->width, &out->height);
}
