/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A playing peer: packets of the tracks under our own ssrc and numbers, sender reports on the
 * source's clock, retransmissions from the track's ring.
 *
 * A player's numbering: its sequence index is base + (track's number - first), never below base. So
 * a packet older than a player's first is never sent to it, and the rollover counter can only grow
 * (performance.md section 4: the defect of a peer that this avoids).
 */
#include "webrtc/internal.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "base/random.h"

#include <stdio.h>
#include <string.h>

enum {
    NO_PAYLOAD_TYPE = 0xff,
    REPORT_INTERVAL_US = SL_US_PER_S,
    /* First index: well above 0, and far from the first rollover. */
    BASE_MIN = 1000,
    BASE_SPREAD = 16384,
    /* Retransmissions per player: a burst of this many, then this rate. A hostile NACK flood costs
     * no more than that. */
    RTX_BURST = 400,
    RTX_PER_SECOND = 1000,
    NACKS_PER_PACKET = 512,
    FRESH_US = 200 * SL_US_PER_MS,
};

/* What is sent of one kind. */
struct output {
    struct sl_sink *sink; /* NULL: this kind does not flow */
    struct player *player;
    enum sl_media_kind kind;
    size_t transport;
    uint32_t ssrc, rtx_ssrc;
    uint8_t payload_type[SL_CODECS]; /* NO_PAYLOAD_TYPE where the player cannot take the codec */
    uint8_t rtx_payload_type[SL_CODECS];
    uint8_t ext_orientation; /* 0: not negotiated */
    bool started;
    int64_t first_seq; /* track's number of the first packet sent */
    uint64_t base;     /* index it got */
    uint64_t highest;  /* newest index sent */
    uint64_t rtx_index;
    uint32_t packets, octets;    /* for sender reports; wrap (RFC 3550 section 6.4.1) */
    uint32_t last_sr_ntp_middle; /* what a report block will call LSR */
    int64_t last_sr_us;
};

struct player {
    struct sl_peer *peer;
    struct output outputs[2]; /* by kind */
    char *cname;
    int64_t requested_us;
    int64_t reported_us;
    bool media_sent;
    int64_t rtx_tokens_us; /* when the bucket was last filled */
    int64_t rtx_tokens;
};

static const struct sl_sink_ops sink_ops;

/* ---- Set-up, on the control loop ---- */

static void init_output(struct player *player, const struct sl_media *media,
                        const struct sl_peer_config *config)
{
    struct output *output = &player->outputs[media->kind];

    output->player = player;
    output->kind = media->kind;
    output->transport = media->transport;
    output->ssrc = media->local_ssrc;
    output->rtx_ssrc = media->local_rtx_ssrc;
    output->ext_orientation = media->ext_id[SL_EXT_VIDEO_ORIENTATION];
    output->base = BASE_MIN + sl_random_u32() % BASE_SPREAD;
    output->rtx_index = BASE_MIN + sl_random_u32() % BASE_SPREAD;
    memset(output->payload_type, NO_PAYLOAD_TYPE, sizeof(output->payload_type));
    memset(output->rtx_payload_type, NO_PAYLOAD_TYPE, sizeof(output->rtx_payload_type));
    for (size_t i = 0; i < media->codec_count; i++) {
        const struct sl_media_codec *codec = &media->codecs[i];
        if (output->payload_type[codec->codec] != NO_PAYLOAD_TYPE)
            continue; /* the first is the best match */
        output->payload_type[codec->codec] = codec->payload_type;
        if (codec->rtx_payload_type >= 0 && output->rtx_ssrc != 0)
            output->rtx_payload_type[codec->codec] = (uint8_t)codec->rtx_payload_type;
    }
    output->sink = sl_sink_create(config->tracks[media->kind], config->worker, &sink_ops, output);
}

struct player *player_create(struct sl_peer *peer, const struct sl_peer_config *config)
{
    struct player *player = sl_new(struct player);

    player->peer = peer;
    player->cname = sl_strdup(config->cname);
    player->requested_us = config->requested_us;
    player->rtx_tokens = RTX_BURST;
    for (size_t i = 0; i < config->negotiation->media_count; i++) {
        const struct sl_media *media = &config->negotiation->media[i];
        if (media->accepted && !media->inactive && media->codec_count > 0 &&
            config->tracks[media->kind])
            init_output(player, media, config);
    }
    if (player->outputs[SL_AUDIO].sink && player->outputs[SL_VIDEO].sink)
        sl_sink_ride(player->outputs[SL_AUDIO].sink, player->outputs[SL_VIDEO].sink);
    return player;
}

void player_destroy(struct player *player)
{
    if (!player)
        return;
    for (size_t i = 0; i < 2; i++)
        sl_sink_destroy(player->outputs[i].sink);
    free(player->cname);
    free(player);
}

/* ---- Sending media ---- */

static bool has_extension(const struct output *output, const struct sl_rtp_packet *packet)
{
    return output->ext_orientation && packet->orientation != SL_ORIENTATION_NONE;
}

/* The packet's own padding, which was chosen for its length with its orientation. The answer for
 * one packet and player is always the same: what is sent again under its number and key must be the
 * same octets (RFC 3711 section 9.1: one key stream encrypts one plain text). */
static size_t padding_of(const struct output *output, const struct sl_rtp_packet *packet)
{
    bool as_chosen = packet->orientation == SL_ORIENTATION_NONE || has_extension(output, packet);

    return as_chosen ? packet->padding : 0;
}

/* Writes the RTP header, with the picture's orientation where it was asked for (3GPP TS 26.114
 * section 7.4.5, RFC 8285 section 4.2). Returns its length. */
static size_t write_header(const struct output *output, const struct sl_rtp_packet *packet,
                           uint8_t payload_type, uint32_t ssrc, uint16_t seq, uint8_t *out)
{
    sl_rtp_build_header(out, packet->marker, payload_type, seq, packet->timestamp, ssrc);
    if (!has_extension(output, packet))
        return SL_RTP_HEADER_LEN;
    out[0] |= 0x10; /* X */
    uint8_t *ext = out + SL_RTP_HEADER_LEN;
    sl_store_u16(ext, 0xbede);
    sl_store_u16(ext + 2, 1); /* length in 32-bit words */
    ext[4] = (uint8_t)(output->ext_orientation << 4);
    ext[5] = packet->orientation;
    ext[6] = 0;
    ext[7] = 0;
    return SL_RTP_HEADER_LEN + SL_ORIENTATION_EXT_LEN;
}

/* Everything needed to send one batch to one player, looked up once. */
struct route_out {
    struct rtc_worker *rtc_worker;
    struct sl_srtp_sender *srtp;
    const struct sl_path *path;
};

static bool find_route_out(const struct output *output, struct route_out *out)
{
    struct sl_peer *peer = output->player->peer;
    struct sl_transport *transport = peer_transport(peer, output->transport);

    out->rtc_worker = peer->rtc_worker;
    out->srtp = sl_transport_sender(transport);
    out->path = sl_transport_path(transport);
    return out->srtp && out->path;
}

/* What send_packet() puts behind the header. */
struct payload {
    const uint8_t *data;
    size_t len, padding; /* padding is part of len */
};

/* payload is the packet's own or, for RTX, a copy behind its original number. Returns the
 * datagram's length. */
static size_t send_packet(const struct output *output, const struct route_out *route,
                          const struct sl_rtp_packet *packet, uint8_t payload_type, uint32_t ssrc,
                          uint64_t index, const struct payload *payload)
{
    size_t room = SL_RTP_HEADER_LEN + SL_ORIENTATION_EXT_LEN + payload->len + SL_SRTP_OVERHEAD;
    uint8_t *out = sl_udp_reserve(route->rtc_worker->sender, room);
    size_t header_len = write_header(output, packet, payload_type, ssrc, (uint16_t)index, out);
    if (payload->padding > 0)
        sl_rtp_set_padding(out);
    size_t len = sl_srtp_protect(route->rtc_worker->engine, route->srtp, out, header_len,
                                 payload->data, payload->len, index);

    if (!route->path->tcp) {
        sl_udp_commit(route->rtc_worker->sender, &route->path->dest, len);
        return len;
    }
    /* The reserved memory serves as the buffer; it is not queued as a datagram. */
    sl_srtp_flush(route->rtc_worker->engine);
    tcp_send(route->path->tcp, out, len);
    return len;
}

/* The packet as it is, for the first time or (where there is no RTX) again. */
static size_t send_original(const struct output *output, const struct route_out *route,
                            const struct sl_rtp_packet *packet, uint8_t payload_type,
                            uint64_t index)
{
    size_t padding = padding_of(output, packet);
    struct payload payload = {packet->payload, packet->payload_len + padding, padding};

    return send_packet(output, route, packet, payload_type, output->ssrc, index, &payload);
}

static void note_first(struct player *player)
{
    int64_t join_us = sl_now_us() - player->requested_us;

    player->media_sent = true;
    if (player->requested_us)
        sl_observe(player->peer->rtc_worker->counters, SL_HISTOGRAM_JOIN, join_us);
    peer_report(player->peer, SL_PEER_STARTED, SL_PEER_OK);
}

static void count_sent(const struct output *output, uint64_t packets, uint64_t bytes,
                       uint64_t frames)
{
    struct sl_peer_stats *stats = &output->player->peer->stats;
    struct sl_counters *counters = output->player->peer->rtc_worker->counters;

    sl_count(counters, SL_COUNTER_RTP_PACKETS_OUT, packets);
    sl_count(counters, SL_COUNTER_RTP_BYTES_OUT, bytes);
    if (output->kind == SL_AUDIO) {
        sl_metric_add(&stats->audio_packets, packets);
        sl_metric_add(&stats->audio_bytes, bytes);
        return;
    }
    sl_metric_add(&stats->video_packets, packets);
    sl_metric_add(&stats->video_bytes, bytes);
    sl_metric_add(&stats->video_frames, frames);
}

static void on_packets(void *owner, struct sl_rtp_packet *const *packets, size_t count)
{
    struct output *output = owner;
    struct route_out route;
    uint64_t sent = 0, bytes = 0, frames = 0;

    if (!find_route_out(output, &route))
        return;
    if (!output->started) {
        output->started = true;
        output->first_seq = packets[0]->seq;
        output->highest = output->base;
    }
    for (size_t i = 0; i < count; i++) {
        const struct sl_rtp_packet *packet = packets[i];
        uint8_t payload_type = output->payload_type[packet->codec];
        if (packet->seq < output->first_seq || payload_type == NO_PAYLOAD_TYPE)
            continue;
        uint64_t index = output->base + (uint64_t)(packet->seq - output->first_seq);
        bytes += send_original(output, &route, packet, payload_type, index);
        if (index > output->highest)
            output->highest = index;
        output->octets += packet->payload_len; /* without padding: RFC 3550 section 6.4.1 */
        frames += packet->marker;
        sent++;
    }
    output->packets += (uint32_t)sent;
    count_sent(output, sent, bytes, frames);
    if (!output->player->media_sent && sent > 0)
        note_first(output->player);
}

static const struct sl_sink_ops sink_ops = {
    .protocol = "webrtc",
    .on_packets = on_packets,
};

void player_start(struct player *player, int64_t now_us)
{
    for (size_t i = 0; i < 2; i++) {
        struct output *output = &player->outputs[i];
        if (!output->sink)
            continue;
        sl_sink_start(output->sink);
        sl_sink_request_keyframe(output->sink);
        /* Sound can begin with what is there; waiting for the next packet would cost 20 ms. */
        struct sl_rtp_packet *newest = sl_sink_newest_packet(output->sink);
        if (i == SL_AUDIO && newest && now_us - newest->arrival_us < FRESH_US)
            on_packets(output, &newest, 1);
    }
    player->reported_us = now_us - REPORT_INTERVAL_US + 200 * SL_US_PER_MS;
}

void player_stop(struct player *player)
{
    for (size_t i = 0; i < 2; i++) {
        if (player->outputs[i].sink)
            sl_sink_stop(player->outputs[i].sink);
    }
}

/* ---- Retransmission ---- */

static bool take_rtx_token(struct player *player, int64_t now_us)
{
    int64_t earned = (now_us - player->rtx_tokens_us) * RTX_PER_SECOND / SL_US_PER_S;

    if (earned > 0) {
        player->rtx_tokens =
            player->rtx_tokens + earned > RTX_BURST ? RTX_BURST : player->rtx_tokens + earned;
        player->rtx_tokens_us = now_us;
    }
    if (player->rtx_tokens == 0)
        return false;
    player->rtx_tokens--;
    return true;
}

static void resend(struct output *output, const struct route_out *route, uint16_t seq)
{
    struct sl_counters *counters = route->rtc_worker->counters;
    uint8_t copy[2 + SL_PACKET_PAYLOAD_MAX];
    /* The number nearest to the newest one sent. */
    int64_t index = (int64_t)output->highest + (int16_t)(seq - (uint16_t)output->highest);

    if (index < (int64_t)output->base || index > (int64_t)output->highest)
        return; /* never sent */
    struct sl_rtp_packet *packet =
        sl_sink_find_packet(output->sink, output->first_seq + index - (int64_t)output->base);
    if (!packet || output->payload_type[packet->codec] == NO_PAYLOAD_TYPE) {
        sl_count(counters, SL_COUNTER_NACK_MISSED, 1);
        return;
    }
    sl_count(counters, SL_COUNTER_RTX_SENT, 1);
    uint8_t rtx_payload_type = output->rtx_payload_type[packet->codec];
    if (rtx_payload_type == NO_PAYLOAD_TYPE) {
        (void)send_original(output, route, packet, output->payload_type[packet->codec],
                            (uint64_t)index);
        return;
    }
    sl_store_u16(copy, seq); /* RFC 4588 section 4: the original sequence number */
    memcpy(copy + 2, packet->payload, packet->payload_len);
    struct payload payload = {copy, packet->payload_len + 2U, 0};
    (void)send_packet(output, route, packet, rtx_payload_type, output->rtx_ssrc,
                      output->rtx_index++, &payload);
}

static struct output *find_output(struct player *player, uint32_t ssrc)
{
    for (size_t i = 0; i < 2; i++) {
        if (player->outputs[i].sink && player->outputs[i].ssrc == ssrc)
            return &player->outputs[i];
    }
    return NULL;
}

static void on_nack(struct player *player, const struct sl_rtcp_view *view, int64_t now_us)
{
    uint16_t seqs[NACKS_PER_PACKET];
    struct route_out route;
    uint32_t ssrc;
    int count = sl_rtcp_read_nack(view, &ssrc, seqs, NACKS_PER_PACKET);

    if (count <= 0)
        return;
    struct output *output = find_output(player, ssrc);
    if (!output || !output->started || !find_route_out(output, &route))
        return;
    sl_count(route.rtc_worker->counters, SL_COUNTER_NACK_RECEIVED, (uint64_t)count);
    sl_metric_add(&player->peer->stats.nack, (uint64_t)count);
    for (int i = 0; i < count && take_rtx_token(player, now_us); i++)
        resend(output, &route, seqs[i]);
}

/* ---- RTCP in ---- */

static void on_keyframe_request(struct player *player, const struct sl_rtcp_view *view)
{
    uint32_t ssrcs[4];
    int count = sl_rtcp_read_keyframe_request(view, ssrcs, 4);

    for (int i = 0; i < count; i++) {
        struct output *output = find_output(player, ssrcs[i]);
        if (!output || output->kind != SL_VIDEO)
            continue;
        sl_count(player->peer->rtc_worker->counters, SL_COUNTER_PLI_RECEIVED, 1);
        sl_metric_add(&player->peer->stats.pli, 1);
        sl_sink_request_keyframe(output->sink);
    }
}

static void on_report_blocks(struct player *player, const struct sl_rtcp_view *view, int64_t now_us)
{
    struct sl_report_block blocks[8];
    int count = sl_rtcp_read_blocks(view, blocks, 8);
    uint64_t lost = 0;
    bool seen = false;

    for (int i = 0; i < count; i++) {
        struct output *output = find_output(player, blocks[i].ssrc);
        if (!output)
            continue;
        seen = true;
        lost += blocks[i].lost > 0 ? (uint64_t)blocks[i].lost : 0;
        if (blocks[i].lsr == 0 || blocks[i].lsr != output->last_sr_ntp_middle)
            continue;
        int64_t held_us = (int64_t)blocks[i].dlsr * SL_US_PER_S / 65536;
        int64_t rtt_us = now_us - output->last_sr_us - held_us;
        if (rtt_us >= 0 && rtt_us < 10 * SL_US_PER_S)
            atomic_store_explicit(&player->peer->stats.rtt_us, (uint32_t)rtt_us,
                                  memory_order_relaxed);
    }
    if (seen)
        atomic_store_explicit(&player->peer->stats.lost, lost, memory_order_relaxed);
}

void player_on_rtcp(struct player *player, const uint8_t *data, size_t len, int64_t now_us)
{
    struct sl_rtcp_view view;
    size_t offset = 0;

    while (sl_rtcp_next(data, len, &offset, &view) == 1) {
        if (view.type == SL_RTCP_RTPFB && view.count == SL_RTPFB_NACK)
            on_nack(player, &view, now_us);
        else if (view.type == SL_RTCP_PSFB &&
                 (view.count == SL_PSFB_PLI || view.count == SL_PSFB_FIR))
            on_keyframe_request(player, &view);
        else if (view.type == SL_RTCP_RR || view.type == SL_RTCP_SR)
            on_report_blocks(player, &view, now_us);
    }
}

/* ---- Sender reports ---- */

/* NTP and RTP time of now, both carried forward from the source's own report: the two tracks keep
 * the relation the source gave them. */
static bool now_on_source_clock(struct output *output, int64_t now_us, struct sl_sender_info *info)
{
    const struct sl_track_clock *clock = sl_sink_clock(output->sink);

    if (!clock->valid)
        return false;
    const struct sl_rtp_packet *newest = sl_sink_newest_packet(output->sink);
    if (!newest)
        return false;
    int64_t since_us = now_us - clock->local_us;
    int64_t clock_hz = sl_codec_clock_hz(newest->codec);
    int64_t fraction = (since_us % SL_US_PER_S) * (1LL << 32) / SL_US_PER_S;
    info->ntp = clock->ntp + (uint64_t)((since_us / SL_US_PER_S) * (1LL << 32) + fraction);
    info->rtp_timestamp = clock->rtp_timestamp + (uint32_t)(since_us * clock_hz / SL_US_PER_S);
    info->packets = output->packets;
    info->octets = output->octets;
    return true;
}

static void write_report(struct output *output, struct sl_writer *w, int64_t now_us)
{
    struct sl_sender_info info;

    if (!output->sink || !output->started || !now_on_source_clock(output, now_us, &info))
        return;
    sl_rtcp_write_sr(w, output->ssrc, &info, NULL, 0);
    sl_rtcp_write_cname(w, output->ssrc, output->player->cname);
    output->last_sr_ntp_middle = (uint32_t)(info.ntp >> 16);
    output->last_sr_us = now_us;
}

void player_tick(struct player *player, int64_t now_us)
{
    uint8_t buf[RTCP_MAX];

    if (now_us - player->reported_us < REPORT_INTERVAL_US)
        return;
    player->reported_us = now_us;
    for (size_t transport = 0; transport < player->peer->link_count; transport++) {
        struct sl_writer w = sl_writer_of(buf, sizeof(buf));
        for (size_t i = 0; i < 2; i++) {
            if (player->outputs[i].transport == transport)
                write_report(&player->outputs[i], &w, now_us);
        }
        if (w.ok)
            peer_send_rtcp(player->peer, transport, buf, sl_writer_len(&w));
    }
}
