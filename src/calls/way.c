/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "calls/way.h"

#include "base/clock.h"

#include <string.h>

enum { LOCK_PACKETS = 5 }; /* in a row from one address */

/* ---- Where it is ---- */

static void aim(struct sl_udp_dest *dest, const struct sl_addr *to, uint16_t port)
{
    struct sl_addr addr = *to;

    addr.port = port;
    dest->sa_len = sl_addr_to_sockaddr(&addr, &dest->sa);
}

void sl_call_way_aim(struct sl_call_way *way, const char *address, uint16_t port,
                     uint16_t rtcp_port)
{
    struct sl_addr to;

    if (sl_addr_parse_ip(address, port, &to) < 0 || sl_addr_is_any(&to))
        return;
    sl_udp_flush(sl_call_lane_sender(way->lane)); /* what is queued points to the destination */
    way->mux = rtcp_port == port;
    way->peer = to;
    way->locked = false;
    way->in_a_row = 0;
    aim(&way->rtp, &to, port);
    aim(&way->rtcp, &to, rtcp_port);
}

bool sl_call_way_find(struct sl_call_way *way, struct sl_flow_path *out)
{
    if (way->rtp.sa_len == 0)
        return false;
    *out = (struct sl_flow_path){
        .sender = sl_call_lane_sender(way->lane),
        .rtp = &way->rtp,
        .rtcp = &way->rtcp,
        .engine = sl_call_lane_engine(way->lane),
        .srtp = way->sender,
    };
    return true;
}

/* Whether this packet is heard; it may move where we send to. */
static bool admit(struct sl_call_way *way, const struct sl_addr *from)
{
    if (way->locked)
        return sl_addr_equal(from, &way->peer);
    if (!sl_addr_equal(from, &way->peer)) {
        way->peer = *from;
        way->in_a_row = 0;
        sl_udp_flush(sl_call_lane_sender(way->lane));
        aim(&way->rtp, from, from->port);
        aim(&way->rtcp, from, way->mux ? from->port : (uint16_t)(from->port + 1));
    }
    way->locked = ++way->in_a_row >= LOCK_PACKETS;
    return true;
}

/* ---- What comes ---- */

static bool is_wanted(const struct sl_call_way *way, const uint8_t *data, size_t len)
{
    return len >= SL_RTP_HEADER_LEN && data[0] >> 6 == 2 && sl_call_way_hears(way, data[1] & 0x7f);
}

/* RFC 5761 section 4. */
static bool is_rtcp(const uint8_t *data, size_t len)
{
    return len >= 8 && data[0] >> 6 == 2 && data[1] >= 192 && data[1] <= 223;
}

static void take_rtp(struct sl_call_way *way, const struct sl_udp_datagram *datagram,
                     int64_t now_us)
{
    size_t len = datagram->len;

    if (!is_wanted(way, datagram->data, len) ||
        (way->receiver && sl_srtp_unprotect(sl_call_lane_engine(way->lane), way->receiver,
                                            datagram->data, &len) < 0) ||
        !admit(way, &datagram->from))
        return;
    way->on_rtp(way->owner, way->kind, datagram->data, len, now_us);
}

static void take_rtcp(struct sl_call_way *way, const struct sl_udp_datagram *datagram,
                      int64_t now_us)
{
    size_t len = datagram->len;

    if (!sl_addr_same_ip(&datagram->from, &way->peer) ||
        (way->receiver && sl_srtcp_unprotect(sl_call_lane_engine(way->lane), way->receiver,
                                             datagram->data, &len) < 0))
        return;
    way->on_rtcp(way->owner, way->kind, datagram->data, len, now_us);
}

static void receive(struct sl_call_way *way, int fd, bool rtcp)
{
    const struct sl_udp_datagram *datagrams;
    int64_t now_us = sl_now_us();
    size_t count = sl_udp_receive(sl_call_lane_receiver(way->lane), fd, &datagrams);

    for (size_t i = 0; i < count; i++) {
        if (rtcp || is_rtcp(datagrams[i].data, datagrams[i].len))
            take_rtcp(way, &datagrams[i], now_us);
        else
            take_rtp(way, &datagrams[i], now_us);
    }
}

static void on_rtp(void *owner, int fd)
{
    receive(owner, fd, false);
}

static void on_rtcp(void *owner, int fd)
{
    receive(owner, fd, true);
}

/* ---- Life ---- */

static void hear(struct sl_call_way *way, const struct sl_media *media)
{
    for (size_t i = 0; i < media->codec_count; i++) {
        sl_call_way_hear(way, media->codecs[i].payload_type);
        if (media->codecs[i].rtx_payload_type >= 0)
            sl_call_way_hear(way, (uint8_t)media->codecs[i].rtx_payload_type);
    }
}

static void use_our_keys(struct sl_call_way *way, const struct sl_sdp_crypto *ours)
{
    struct sl_srtp_keys keys;

    way->ours = ours ? *ours : (struct sl_sdp_crypto){.suite = SL_SDP_NO_SUITE};
    way->sender = sl_flow_keys(&way->ours, &keys)
                      ? sl_srtp_sender_create(sl_call_lane_engine(way->lane), &keys)
                      : NULL;
}

static void use_their_keys(struct sl_call_way *way, const struct sl_sdp_crypto *theirs)
{
    struct sl_srtp_keys keys;

    way->theirs = *theirs;
    way->receiver = sl_flow_keys(theirs, &keys)
                        ? sl_srtp_receiver_create(sl_call_lane_engine(way->lane), &keys)
                        : NULL;
}

/* The tag is a name only. */
static bool same_keys(const struct sl_sdp_crypto *a, const struct sl_sdp_crypto *b)
{
    return a->suite == b->suite && memcmp(a->key, b->key, sl_sdp_suite_key_len(a->suite)) == 0;
}

void sl_call_way_agree(struct sl_call_way *way, const struct sl_media *media,
                       const struct sl_sdp_crypto *theirs, const struct sl_sdp_crypto *ours)
{
    static const struct sl_sdp_crypto in_clear = {.suite = SL_SDP_NO_SUITE};

    hear(way, media);
    if (!same_keys(&way->ours, ours ? ours : &in_clear)) {
        sl_udp_flush(sl_call_lane_sender(way->lane)); /* what is queued is encrypted by then */
        sl_srtp_sender_destroy(way->sender);
        use_our_keys(way, ours);
    }
    if (!same_keys(&way->theirs, theirs)) {
        sl_srtp_receiver_destroy(way->receiver);
        use_their_keys(way, theirs);
    }
}

void sl_call_way_init(struct sl_call_way *way, const struct sl_media *media,
                      const struct sl_sdp_crypto *theirs, const struct sl_sdp_crypto *ours)
{
    way->rtp.fd = way->ports.rtp;
    way->rtcp.fd = way->ports.rtcp;
    hear(way, media);
    use_our_keys(way, ours);
    use_their_keys(way, theirs);
}

void sl_call_way_start(struct sl_call_way *way)
{
    struct sl_loop *loop = sl_worker_loop(sl_call_lane_worker(way->lane));

    way->inlets[0] = sl_udp_inlet_create(loop, way->ports.rtp, on_rtp, way);
    way->inlets[1] = sl_udp_inlet_create(loop, way->ports.rtcp, on_rtcp, way);
}

void sl_call_way_stop(struct sl_call_way *way)
{
    sl_udp_inlet_destroy(way->inlets[0], way->ports.rtp);
    sl_udp_inlet_destroy(way->inlets[1], way->ports.rtcp);
    sl_srtp_sender_destroy(way->sender);
    sl_srtp_receiver_destroy(way->receiver);
}
