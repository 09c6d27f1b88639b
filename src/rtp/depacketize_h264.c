/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * H264 access units in Annex B from RTP payloads (RFC 6184, packetization modes 0 and 1).
 *
 * SPS and PPS never go straight into the picture: they are kept by id, from whichever packets
 * brought them, and put in front of the slices when the picture is complete: all of them for a key
 * frame, only those that are new for another picture.
 */
#include "base/mem.h"
#include "rtp/depacketizer.h"
#include "rtp/payload.h"

#include <errno.h>
#include <string.h>

enum { START_CODE_LEN = 4 };

static const uint8_t start_code[START_CODE_LEN] = {0, 0, 0, 1};

struct h264 {
    struct sl_depacketizer base;
    struct sl_frame_buffer frame;
    bool after_loss;
    bool fragment_open;  /* a FU-A whose end is still to come */
    size_t nal_at;       /* where the NAL unit being written begins, with its start code */
    size_t sets_at;      /* where the parameter sets belong: behind an access unit delimiter */
    bool has_slice, idr; /* what the picture has */
    bool starts_midway;  /* its first slice is not the first of a picture */
    bool has_sps;        /* it brought one of its own */
    bool sps_expected;   /* the last key frame did */

    struct sl_parameter_sets sets;
    struct sl_h264_sps sps; /* the last one */
};

static struct h264 *h264_of(struct sl_depacketizer *depacketizer)
{
    return sl_container_of(depacketizer, struct h264, base);
}

static void begin(struct sl_depacketizer *depacketizer, bool after_loss)
{
    struct h264 *h264 = h264_of(depacketizer);

    h264->frame.len = 0;
    h264->after_loss = after_loss;
    h264->fragment_open = false;
    h264->sets_at = 0;
    h264->has_slice = false;
    h264->idr = false;
    h264->starts_midway = false;
    h264->has_sps = false;
}

/* ---- Parameter sets ---- */

static int keep_set(struct h264 *h264, const uint8_t *nal, size_t len)
{
    bool is_sps = (nal[0] & SL_NAL_TYPE_MASK) == SL_NAL_SPS;
    int err = is_sps ? sl_h264_sps_parse(nal, len, &h264->sps) : 0;

    if (err == 0)
        err = sl_parameter_sets_keep(&h264->sets, nal, len, 0);
    h264->has_sps |= err == 0 && is_sps;
    return err;
}

static int insert_sets(struct h264 *h264)
{
    struct sl_frame_buffer *frame = &h264->frame;
    bool all = h264->idr;
    size_t len = sl_parameter_sets_write(&h264->sets, all, NULL);
    size_t slices_len = frame->len - h264->sets_at;

    if (len == 0)
        return 0;
    int err = sl_frame_buffer_append(frame, NULL, len);
    if (err < 0)
        return err;
    uint8_t *at = frame->data + h264->sets_at;
    memmove(at + len, at, slices_len);
    (void)sl_parameter_sets_write(&h264->sets, all, at);
    sl_parameter_sets_settle(&h264->sets);
    return 0;
}

/* ---- NAL units ---- */

static int open_nal(struct h264 *h264, uint8_t header)
{
    h264->nal_at = h264->frame.len;
    int err = sl_frame_buffer_append(&h264->frame, start_code, START_CODE_LEN);
    return err < 0 ? err : sl_frame_buffer_append(&h264->frame, &header, 1);
}

/* The NAL unit is complete in the frame: sees what it is, and takes it out if it does not belong.
 */
static int close_nal(struct h264 *h264)
{
    const uint8_t *nal = h264->frame.data + h264->nal_at + START_CODE_LEN;
    size_t len = h264->frame.len - h264->nal_at - START_CODE_LEN;
    uint8_t type = nal[0] & SL_NAL_TYPE_MASK;

    switch (type) {
    case SL_NAL_SPS:
    case SL_NAL_PPS:
        h264->frame.len = h264->nal_at;
        return keep_set(h264, nal, len); /* the bytes stay there until the next append */
    case SL_NAL_IDR:
    case SL_NAL_SLICE:
    case SL_NAL_PARTITION_A:
        if (len < 2)
            return -EBADMSG;
        if (!h264->has_slice)
            h264->starts_midway = !sl_nal_is_first_slice(nal + 1);
        h264->has_slice = true;
        if (type == SL_NAL_IDR)
            h264->idr = true;
        return 0;
    case SL_NAL_AUD:
        if (h264->nal_at == 0)
            h264->sets_at = h264->frame.len;
        return 0;
    case SL_NAL_FILLER: /* constant bit rate is the sender's wish, not the file's */
        h264->frame.len = h264->nal_at;
        return 0;
    default:
        return 0;
    }
}

static int input_nal(struct h264 *h264, const uint8_t *nal, size_t len)
{
    if (!sl_nal_is_single(nal[0] & SL_NAL_TYPE_MASK))
        return -EBADMSG;
    int err = open_nal(h264, nal[0]);
    if (err == 0)
        err = sl_frame_buffer_append(&h264->frame, nal + 1, len - 1);
    return err < 0 ? err : close_nal(h264);
}

static int input_stap(struct h264 *h264, const uint8_t *payload, size_t len)
{
    const uint8_t *at = payload + 1, *end = payload + len, *nal;
    size_t nal_len;
    int found;

    while ((found = sl_h264_stap_next(&at, end, &nal, &nal_len)) > 0) {
        int err = input_nal(h264, nal, nal_len);
        if (err < 0)
            return err;
    }
    return found;
}

static int input_fragment(struct h264 *h264, const uint8_t *payload, size_t len)
{
    bool starts = len > 1 && (payload[1] & SL_FU_START);
    int err = 0;

    if (len <= SL_FU_HEADER_LEN || starts == h264->fragment_open)
        return -EBADMSG;
    if (starts) {
        uint8_t type = payload[1] & SL_NAL_TYPE_MASK;
        if (!sl_nal_is_single(type))
            return -EBADMSG;
        h264->fragment_open = true;
        err = open_nal(h264, (uint8_t)((payload[0] & ~SL_NAL_TYPE_MASK) | type));
    }
    if (err == 0)
        err = sl_frame_buffer_append(&h264->frame, payload + SL_FU_HEADER_LEN,
                                     len - SL_FU_HEADER_LEN);
    if (err == 0 && (payload[1] & SL_FU_END)) {
        h264->fragment_open = false;
        err = close_nal(h264);
    }
    return err;
}

static int input(struct sl_depacketizer *depacketizer, const uint8_t *payload, size_t len)
{
    struct h264 *h264 = h264_of(depacketizer);
    uint8_t type = payload[0] & SL_NAL_TYPE_MASK;

    if (type == SL_NAL_FU_A)
        return input_fragment(h264, payload, len);
    if (h264->fragment_open)
        return -EBADMSG;
    if (type == SL_NAL_STAP_A)
        return input_stap(h264, payload, len);
    return input_nal(h264, payload, len);
}

/* The beginning was lost with the packets before: its first slice, or an SPS, which may differ from
 * the known one, of a sender that puts one before each key frame. */
static bool lacks_beginning(const struct h264 *h264)
{
    bool lacks_sps = h264->idr && h264->sps_expected && !h264->has_sps;

    return h264->after_loss && (h264->starts_midway || lacks_sps);
}

static int finish(struct sl_depacketizer *depacketizer, struct sl_assembled_frame *out)
{
    struct h264 *h264 = h264_of(depacketizer);

    if (h264->fragment_open || lacks_beginning(h264))
        return -EBADMSG;
    if (!h264->has_slice)
        return 0;
    if (h264->idr && !sl_parameter_sets_are_whole(&h264->sets))
        return -ENODATA;
    int err = insert_sets(h264);
    if (err < 0)
        return err;
    out->keyframe = h264->idr;
    if (h264->idr) {
        h264->sps_expected = h264->has_sps;
        out->width = h264->sps.width;
        out->height = h264->sps.height;
    }
    out->reorder = h264->sps.reorder;
    out->data = h264->frame.data;
    out->len = h264->frame.len;
    return 1;
}

static void destroy(struct sl_depacketizer *depacketizer)
{
    struct h264 *h264 = h264_of(depacketizer);

    sl_frame_buffer_deinit(&h264->frame);
    free(h264);
}

struct sl_depacketizer *sl_h264_depacketizer_create(size_t max_frame_len)
{
    static const struct sl_depacketizer_ops ops = {begin, input, finish, destroy};
    struct h264 *h264 = sl_new(struct h264);

    h264->base.ops = &ops;
    h264->frame.max = max_frame_len;
    return &h264->base;
}
