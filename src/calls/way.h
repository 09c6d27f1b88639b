/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One pair of ports of a line: where packets go, and whose are heard. It sends to where the
 * description says until packets come from elsewhere; once five in a row have come from one
 * address, only that one is heard, until the next description (sip.md 14.5). Of what comes under
 * SRTP, only what verifies counts. [worker] but for making it.
 */
#ifndef SL_CALLS_WAY_H
#define SL_CALLS_WAY_H

#include "calls/lane.h"
#include "flow/flow.h"
#include "net/net.h"

struct sl_call_way {
    enum sl_media_kind kind;
    struct sl_call_lane *lane;
    struct sl_udp_pair ports;  /* rtp -1: this kind has none */
    uint64_t payload_types[2]; /* those that are heard, a bit each */
    struct sl_udp_dest rtp, rtcp;
    struct sl_addr peer; /* from where packets come */
    unsigned in_a_row;
    bool locked, mux;
    struct sl_sdp_crypto ours, theirs; /* what each encrypts with; of no suite: nothing */
    struct sl_srtp_sender *sender;     /* NULL: in clear */
    struct sl_srtp_receiver *receiver; /* NULL: in clear */
    struct sl_udp_inlet *inlets[2];    /* of RTP and RTCP; NULL: nothing is heard */
    void (*on_rtp)(void *owner, enum sl_media_kind kind, const uint8_t *data, size_t len,
                   int64_t now_us);
    void (*on_rtcp)(void *owner, enum sl_media_kind kind, const uint8_t *data, size_t len,
                    int64_t now_us);
    void *owner;
};

/* Its kind, lane, ports, callbacks and owner are set; theirs and ours: what each encrypts with,
 * ours NULL: nothing. [control] */
void sl_call_way_init(struct sl_call_way *way, const struct sl_media *media,
                      const struct sl_sdp_crypto *theirs, const struct sl_sdp_crypto *ours);
void sl_call_way_start(struct sl_call_way *way);
/* What was agreed upon anew: its payload types are heard from now on beside those of before, and
 * what has got other keys has them. theirs, ours: as above. */
void sl_call_way_agree(struct sl_call_way *way, const struct sl_media *media,
                       const struct sl_sdp_crypto *theirs, const struct sl_sdp_crypto *ours);
/* Closes the ports. */
void sl_call_way_stop(struct sl_call_way *way);
/* The description says where: a literal address; anything else, and the old way of holding (RFC
 * 3264 section 8.4), leaves it where it is. */
void sl_call_way_aim(struct sl_call_way *way, const char *address, uint16_t port,
                     uint16_t rtcp_port);
/* False: nobody has said where. */
bool sl_call_way_find(struct sl_call_way *way, struct sl_flow_path *out);

static inline bool sl_call_way_hears(const struct sl_call_way *way, uint8_t payload_type)
{
    return way->payload_types[payload_type >> 6 & 1] >> (payload_type & 63) & 1;
}

static inline void sl_call_way_hear(struct sl_call_way *way, uint8_t payload_type)
{
    way->payload_types[payload_type >> 6 & 1] |= UINT64_C(1) << (payload_type & 63);
}

#endif
