/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Parameter sets that are known only while they pass. Browsers put them before each key frame;
 * others say them in SDP only, or once at the beginning, and who comes later could not decode.
 *
 * Packets are seen as they arrive, out of order now and then. Sets go before a key frame only where
 * every packet since the last slice is there: where one is missing, it may have brought sets of its
 * own, and ours would be put behind newer ones.
 */
#include "base/mem.h"
#include "rtp/payload.h"

#include <errno.h>
#include <string.h>

struct sl_h264_watch {
    struct sl_parameter_sets sets;
    bool started;
    int64_t newest_seq;
    bool unbroken;           /* no packet is missing since the last slice */
    bool sps_came, pps_came; /* since then */

    /* A set in pieces (FU-A). */
    size_t fragment_len; /* 0: none */
    int64_t fragment_seq;
    uint8_t fragment[SL_PARAMETER_SET_LEN_MAX];
};

struct sl_h264_watch *sl_h264_watch_create(const struct sl_h264_sprop *sprop)
{
    struct sl_h264_watch *watch = sl_new(struct sl_h264_watch);
    const uint8_t *at = sprop->bytes, *end = sprop->bytes + sprop->len, *nal;
    size_t len;

    watch->unbroken = true;
    while (sl_h264_stap_next(&at, end, &nal, &len) > 0)
        (void)sl_parameter_sets_keep(&watch->sets, nal, len, INT64_MIN);
    return watch;
}

void sl_h264_watch_destroy(struct sl_h264_watch *watch)
{
    free(watch);
}

/* One packet as it is looked at. */
struct look {
    int64_t seq;
    bool newest; /* none of a higher number came before it */
    int result;
};

static void note_set(struct sl_h264_watch *watch, const struct look *look, const uint8_t *nal,
                     size_t len)
{
    /* A broken one is the decoder's business; we do not repeat it. */
    if (sl_parameter_sets_keep(&watch->sets, nal, len, look->seq) < 0 || !look->newest)
        return;
    if ((nal[0] & SL_NAL_TYPE_MASK) == SL_NAL_SPS)
        watch->sps_came = true;
    else
        watch->pps_came = true;
}

static void note_slice(struct sl_h264_watch *watch, struct look *look, bool keyframe_begins)
{
    if (!look->newest)
        return;
    if (keyframe_begins && watch->unbroken && !(watch->sps_came && watch->pps_came)) {
        if (sl_parameter_sets_are_whole(&watch->sets))
            look->result = 1;
        else if (watch->started)
            look->result = -ENODATA;
    }
    watch->unbroken = true;
    watch->sps_came = false;
    watch->pps_came = false;
}

/* A whole NAL unit, or the first piece of a slice. */
static void note_nal(struct sl_h264_watch *watch, struct look *look, uint8_t type,
                     const uint8_t *nal, size_t len)
{
    switch (type) {
    case SL_NAL_SPS:
    case SL_NAL_PPS:
        note_set(watch, look, nal, len);
        break;
    case SL_NAL_SLICE:
    case SL_NAL_PARTITION_A:
    case SL_NAL_IDR:
        note_slice(watch, look, type == SL_NAL_IDR && len > 1 && sl_nal_is_first_slice(nal + 1));
        break;
    default:
        break;
    }
}

static void note_stap(struct sl_h264_watch *watch, struct look *look, const uint8_t *payload,
                      size_t len)
{
    const uint8_t *at = payload + 1, *nal;
    size_t nal_len;

    while (sl_h264_stap_next(&at, payload + len, &nal, &nal_len) > 0)
        note_nal(watch, look, nal[0] & SL_NAL_TYPE_MASK, nal, nal_len);
}

static void note_set_fragment(struct sl_h264_watch *watch, const struct look *look,
                              const uint8_t *payload, size_t len)
{
    size_t body_len = len - SL_FU_HEADER_LEN;

    if (payload[1] & SL_FU_START) {
        watch->fragment[0] =
            (uint8_t)((payload[0] & ~SL_NAL_TYPE_MASK) | (payload[1] & SL_NAL_TYPE_MASK));
        watch->fragment_len = 1;
    } else if (watch->fragment_len == 0 || look->seq != watch->fragment_seq + 1) {
        watch->fragment_len = 0;
        return;
    }
    if (body_len > sizeof(watch->fragment) - watch->fragment_len) {
        watch->fragment_len = 0;
        return;
    }
    memcpy(watch->fragment + watch->fragment_len, payload + SL_FU_HEADER_LEN, body_len);
    watch->fragment_len += body_len;
    watch->fragment_seq = look->seq;
    if (payload[1] & SL_FU_END) {
        note_set(watch, look, watch->fragment, watch->fragment_len);
        watch->fragment_len = 0;
    }
}

static void note_fragment(struct sl_h264_watch *watch, struct look *look, const uint8_t *payload,
                          size_t len)
{
    if (len <= SL_FU_HEADER_LEN)
        return;
    uint8_t type = payload[1] & SL_NAL_TYPE_MASK;
    if (type == SL_NAL_SPS || type == SL_NAL_PPS)
        note_set_fragment(watch, look, payload, len);
    else if (payload[1] & SL_FU_START)
        note_nal(watch, look, type, payload + 1, len - 1);
    else if (type == SL_NAL_IDR || type == SL_NAL_SLICE || type == SL_NAL_PARTITION_A)
        note_slice(watch, look, false);
}

int sl_h264_watch_input(struct sl_h264_watch *watch, int64_t seq, const uint8_t *payload,
                        size_t len)
{
    struct look look = {.seq = seq, .newest = !watch->started || seq > watch->newest_seq};

    if (look.newest && watch->started && seq != watch->newest_seq + 1)
        watch->unbroken = false;
    if (len > 0) {
        uint8_t type = payload[0] & SL_NAL_TYPE_MASK;
        if (type == SL_NAL_FU_A)
            note_fragment(watch, &look, payload, len);
        else if (type == SL_NAL_STAP_A)
            note_stap(watch, &look, payload, len);
        else
            note_nal(watch, &look, type, payload, len);
    }
    watch->started = true;
    if (look.newest)
        watch->newest_seq = seq;
    return look.result;
}

void sl_h264_watch_packetize(const struct sl_h264_watch *watch, size_t max_payload,
                             void (*on_payload)(void *arg, const uint8_t *payload, size_t len,
                                                bool marker),
                             void *arg)
{
    uint8_t au[SL_PARAMETER_SETS_LEN_MAX];

    sl_packetize_h264(au, sl_parameter_sets_write(&watch->sets, true, au), max_payload, false,
                      on_payload, arg);
}
