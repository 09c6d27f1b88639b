/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * VP9 payload descriptor (draft-ietf-payload-vp9-16 section 4.2, now RFC 9628).
 *
 *       0 1 2 3 4 5 6 7
 *      +-+-+-+-+-+-+-+-+
 *      |I|P|L|F|B|E|V|Z|
 *      +-+-+-+-+-+-+-+-+
 * I:   |M| PICTURE ID  |  M: seven more bits, then eight in the next byte
 *      +-+-+-+-+-+-+-+-+
 * L:   | TID |U| SID |D|  followed by TL0PICIDX when F is 0
 *      +-+-+-+-+-+-+-+-+
 * P,F: | P_DIFF      |N|  up to 3 times, N: another follows
 *      +-+-+-+-+-+-+-+-+
 * V:   | N_S |Y|G|-|-|-|  the scalability structure, section 4.2.1
 *      +-+-+-+-+-+-+-+-+
 */
#include "base/bytes.h"
#include "rtp/payload.h"

#include <errno.h>

enum {
    PICTURE_ID = 0x80,
    INTER_PREDICTED = 0x40,
    LAYERS = 0x20,
    FLEXIBLE = 0x10,
    BEGINS_FRAME = 0x08,
    ENDS_FRAME = 0x04,
    STRUCTURE = 0x02,
    UP_SWITCH = 0x10, /* of the layers' byte */
    REFERENCES_MAX = 3,
};

/* Sizes of the spatial layers, the last one being the picture's, then the groups of pictures. */
static void read_structure(struct sl_reader *r, struct sl_payload_info *out)
{
    uint8_t first = sl_read_u8(r);
    unsigned layers = (first >> 5) + 1U;

    if (first & 0x10) {
        for (unsigned i = 0; i < layers; i++) {
            out->width = sl_read_u16(r);
            out->height = sl_read_u16(r);
        }
    }
    if (first & 0x08) {
        uint8_t pictures = sl_read_u8(r);
        for (unsigned i = 0; i < pictures; i++) {
            uint8_t references = sl_read_u8(r) >> 2 & 3;
            (void)sl_reader_take(r, references); /* r->ok tells */
        }
    }
}

static bool read_references(struct sl_reader *r)
{
    for (unsigned i = 0; i < REFERENCES_MAX; i++) {
        if (!(sl_read_u8(r) & 1))
            return true;
    }
    return false;
}

static void skip_picture_id(struct sl_reader *r, uint8_t first)
{
    if ((first & PICTURE_ID) && (sl_read_u8(r) & 0x80))
        (void)sl_read_u8(r); /* r->ok tells */
}

int sl_vp9_read_layer(const uint8_t *payload, size_t len, struct sl_layer *out)
{
    struct sl_reader r = sl_reader_of(payload, len);
    uint8_t first = sl_read_u8(&r);

    if (!(first & LAYERS))
        return -ENOENT;
    skip_picture_id(&r, first);
    uint8_t layers = sl_read_u8(&r);
    if (!r.ok)
        return -ENOENT;
    out->temporal = layers >> 5;
    out->spatial = layers >> 1 & 7;
    out->opens_above = layers & UP_SWITCH;
    out->ends = first & ENDS_FRAME;
    return 0;
}

int sl_vp9_inspect(const uint8_t *payload, size_t len, struct sl_payload_info *out)
{
    struct sl_reader r = sl_reader_of(payload, len);
    uint8_t first = sl_read_u8(&r);
    unsigned spatial_layer = 0;

    skip_picture_id(&r, first);
    if (first & LAYERS) {
        spatial_layer = sl_read_u8(&r) >> 1 & 7;
        if (!(first & FLEXIBLE))
            (void)sl_read_u8(&r);
    }
    if ((first & FLEXIBLE) && (first & INTER_PREDICTED) && !read_references(&r))
        return -EBADMSG;
    if (first & STRUCTURE)
        read_structure(&r, out);
    if (!r.ok || sl_reader_left(&r) == 0)
        return -EBADMSG;
    out->frame_start = (first & BEGINS_FRAME) && spatial_layer == 0;
    out->keyframe_start = out->frame_start && !(first & INTER_PREDICTED);
    return 0;
}
