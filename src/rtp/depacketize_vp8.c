/* SPDX-License-Identifier: GPL-3.0-or-later */
/* VP8 frames from RTP payloads (RFC 7741). */
#include "base/mem.h"
#include "rtp/depacketizer.h"
#include "rtp/payload.h"

#include <errno.h>

struct vp8 {
    struct sl_depacketizer base;
    struct sl_frame_buffer frame;
};

static struct vp8 *vp8_of(struct sl_depacketizer *depacketizer)
{
    return sl_container_of(depacketizer, struct vp8, base);
}

static void begin(struct sl_depacketizer *depacketizer, bool after_loss)
{
    (void)after_loss; /* a missing beginning shows without it */
    vp8_of(depacketizer)->frame.len = 0;
}

static int input(struct sl_depacketizer *depacketizer, const uint8_t *payload, size_t len)
{
    struct vp8 *vp8 = vp8_of(depacketizer);
    struct sl_vp8_descriptor descriptor;
    int err = sl_vp8_descriptor_parse(payload, len, &descriptor);

    if (err < 0)
        return err;
    if (descriptor.starts_frame != (vp8->frame.len == 0))
        return -EBADMSG;
    return sl_frame_buffer_append(&vp8->frame, payload + descriptor.len, len - descriptor.len);
}

static int finish(struct sl_depacketizer *depacketizer, struct sl_assembled_frame *out)
{
    struct vp8 *vp8 = vp8_of(depacketizer);
    int err = sl_vp8_frame_header(vp8->frame.data, vp8->frame.len, &out->keyframe, &out->width,
                                  &out->height);

    if (err < 0)
        return err;
    if (out->keyframe && out->width == 0) /* too short for its own header */
        return -EBADMSG;
    out->data = vp8->frame.data;
    out->len = vp8->frame.len;
    return 1;
}

static void destroy(struct sl_depacketizer *depacketizer)
{
    struct vp8 *vp8 = vp8_of(depacketizer);

    sl_frame_buffer_deinit(&vp8->frame);
    free(vp8);
}

struct sl_depacketizer *sl_vp8_depacketizer_create(size_t max_frame_len)
{
    static const struct sl_depacketizer_ops ops = {begin, input, finish, destroy};
    struct vp8 *vp8 = sl_new(struct vp8);

    vp8->base.ops = &ops;
    vp8->frame.max = max_frame_len;
    return &vp8->base;
}
