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

enum {
    START_CODE_LEN = 4,
    /* Chromium and phones send one of each, x264 and hardware encoders up to three PPS. */
    SETS_MAX = 12,
    SET_LEN_MAX = 1024, /* an SPS with all scaling lists and VUI stays below 700 bytes */
};

static const uint8_t start_code[START_CODE_LEN] = {0, 0, 0, 1};

struct parameter_set {
    uint8_t type; /* SL_NAL_SPS or SL_NAL_PPS */
    int id;
    bool fresh; /* came since the last picture */
    size_t len;
    uint8_t nal[SET_LEN_MAX];
};

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

    struct parameter_set sets[SETS_MAX];
    size_t set_count, oldest_set;
    uint16_t width, height; /* of the last SPS */
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

static struct parameter_set *set_for(struct h264 *h264, uint8_t type, int id)
{
    for (size_t i = 0; i < h264->set_count; i++) {
        if (h264->sets[i].type == type && h264->sets[i].id == id)
            return &h264->sets[i];
    }
    if (h264->set_count < SETS_MAX)
        return &h264->sets[h264->set_count++];
    h264->oldest_set = (h264->oldest_set + 1) % SETS_MAX;
    return &h264->sets[h264->oldest_set];
}

static int keep_set(struct h264 *h264, const uint8_t *nal, size_t len)
{
    uint8_t type = nal[0] & SL_NAL_TYPE_MASK;
    int id = sl_h264_parameter_set_id(nal, len);

    if (id < 0)
        return id;
    if (len > SET_LEN_MAX)
        return -ENOBUFS;
    if (type == SL_NAL_SPS) {
        int err = sl_h264_sps_size(nal, len, &h264->width, &h264->height);
        if (err < 0)
            return err;
        h264->has_sps = true;
    }
    struct parameter_set *set = set_for(h264, type, id);
    set->type = type;
    set->id = id;
    set->fresh = true;
    set->len = len;
    memcpy(set->nal, nal, len);
    return 0;
}

static bool knows_set(const struct h264 *h264, uint8_t type)
{
    for (size_t i = 0; i < h264->set_count; i++) {
        if (h264->sets[i].type == type)
            return true;
    }
    return false;
}

/* Copies those of one type to out, or only counts when out is NULL. Returns the bytes. */
static size_t put_sets(const struct h264 *h264, uint8_t type, uint8_t *out)
{
    size_t len = 0;

    for (size_t i = 0; i < h264->set_count; i++) {
        const struct parameter_set *set = &h264->sets[i];
        if (set->type != type || !(set->fresh || h264->idr))
            continue;
        if (out) {
            memcpy(out + len, start_code, START_CODE_LEN);
            memcpy(out + len + START_CODE_LEN, set->nal, set->len);
        }
        len += START_CODE_LEN + set->len;
    }
    return len;
}

static int insert_sets(struct h264 *h264)
{
    struct sl_frame_buffer *frame = &h264->frame;
    size_t sps_len = put_sets(h264, SL_NAL_SPS, NULL);
    size_t len = sps_len + put_sets(h264, SL_NAL_PPS, NULL);
    size_t slices_len = frame->len - h264->sets_at;

    if (len == 0)
        return 0;
    int err = sl_frame_buffer_append(frame, NULL, len);
    if (err < 0)
        return err;
    uint8_t *at = frame->data + h264->sets_at;
    memmove(at + len, at, slices_len);
    (void)put_sets(h264, SL_NAL_SPS, at);
    (void)put_sets(h264, SL_NAL_PPS, at + sps_len);
    for (size_t i = 0; i < h264->set_count; i++)
        h264->sets[i].fresh = false;
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
    if (h264->idr && (!knows_set(h264, SL_NAL_SPS) || !knows_set(h264, SL_NAL_PPS)))
        return -ENODATA;
    int err = insert_sets(h264);
    if (err < 0)
        return err;
    out->keyframe = h264->idr;
    if (h264->idr) {
        h264->sps_expected = h264->has_sps;
        out->width = h264->width;
        out->height = h264->height;
    }
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
