/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A publisher that sends pictures in several sizes, as struct sl_flow_in is told of it, and how its
 * packets name them. */
#ifndef SL_TESTS_FLOW_SIZES_H
#define SL_TESTS_FLOW_SIZES_H

#include "base/bytes.h"
#include "base/mem.h"
#include "flow/flow.h"

#include <string.h>

enum {
    SIZES_VP8 = 96, /* payload types */
    SIZES_RTX = 97,
    SIZES_H264 = 98,
    SIZES_RID_EXT = 10,
    SIZES_REPAIRED_EXT = 11,
};

/* The includer's: where its RTCP goes. */
static void write_stream(void *stream, bool rtcp, const uint8_t *data, size_t len);

static inline bool sizes_find_path(void *owner, size_t transport, struct sl_flow_path *out)
{
    (void)transport;
    *out = (struct sl_flow_path){.write = write_stream, .stream = owner};
    return true;
}

static inline void sizes_on_started(void *owner)
{
    (void)owner;
}

static const struct sl_flow_ops sizes_ops = {"test", sizes_find_path, sizes_on_started};

/* The owner is what write_stream() is called with. [control] */
static inline struct sl_flow_in *sizes_create_in(struct sl_worker *worker, const char *const *rids,
                                                 size_t count, void *owner)
{
    struct sl_negotiation *negotiation = sl_new(struct sl_negotiation);
    const struct sl_flow_in_config config = {
        .worker = worker, .negotiation = negotiation, .ops = &sizes_ops, .owner = owner};
    struct sl_media *media = &negotiation->media[0];

    negotiation->media_count = 1;
    negotiation->transport_count = 1;
    *media = (struct sl_media){
        .accepted = true,
        .direction = SL_SDP_RECVONLY,
        .kind = SL_VIDEO,
        .codec_count = 2,
        .ext_id = {[SL_EXT_RID] = SIZES_RID_EXT, [SL_EXT_REPAIRED_RID] = SIZES_REPAIRED_EXT},
        .layer_count = count};
    for (size_t i = 0; i < count; i++)
        memcpy(media->layers[i].id, rids[i], strlen(rids[i]) + 1);
    media->codecs[0] = (struct sl_media_codec){.codec = SL_CODEC_VP8,
                                               .payload_type = SIZES_VP8,
                                               .rtx_payload_type = SIZES_RTX,
                                               .nack = true,
                                               .pli = true};
    media->codecs[1] = (struct sl_media_codec){
        .codec = SL_CODEC_H264, .payload_type = SIZES_H264, .rtx_payload_type = -1};
    struct sl_flow_in *in = sl_flow_in_create(&config);
    free(negotiation);
    return in;
}

/* Behind a packet's header; the name has 1 to 16 letters (RFC 8285 section 4.2). Returns where the
 * payload begins. */
static inline uint8_t *sizes_write_rid(uint8_t *packet, const char *rid, bool repaired)
{
    uint8_t *at = packet + SL_RTP_HEADER_LEN;
    size_t len = strlen(rid), words = (1 + len + 3) / 4;

    packet[0] |= 0x10;
    memset(at, 0, 4 + 4 * words);
    sl_store_u16(at, 0xbede);
    sl_store_u16(at + 2, (uint16_t)words);
    at[4] = (uint8_t)((repaired ? SIZES_REPAIRED_EXT : SIZES_RID_EXT) << 4 | (len - 1));
    memcpy(at + 5, rid, len);
    return at + 4 + 4 * words;
}

#endif
