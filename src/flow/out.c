/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Tracks out as RTP: packets under our own ssrc and numbers, retransmissions from the track's ring,
 * and from one track to another.
 *
 * A player's numbering: its sequence index is base + (track's number - first), never below base. So
 * a packet older than a player's first is never sent to it, and the rollover counter can only grow
 * (performance.md section 4: the defect of a peer that this avoids).
 */
#include "flow/out.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "base/random.h"

#include <errno.h>
#include <string.h>

enum {
    /* First index: well above 0, and far from the first rollover. */
    BASE_MIN = 1000,
    BASE_SPREAD = 16384,
    FRESH_US = 200 * SL_US_PER_MS,
};

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
    sl_rtp_build_header(out, packet->marker, payload_type, seq,
                        packet->timestamp + output->splice.timestamp_offset, ssrc);
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

/* What send_packet() puts behind the header. */
struct payload {
    const uint8_t *data;
    size_t len, padding; /* padding is part of len */
};

/* payload is the packet's own or, for RTX, a copy behind its original number. Returns the
 * datagram's length. */
static size_t send_packet(const struct output *output, const struct sl_flow_path *path,
                          const struct sl_rtp_packet *packet, uint8_t payload_type, uint32_t ssrc,
                          uint64_t index, const struct payload *payload)
{
    size_t room = SL_RTP_HEADER_LEN + SL_ORIENTATION_EXT_LEN + payload->len + SL_SRTP_OVERHEAD;
    uint8_t *out = sl_udp_reserve(path->sender, room);
    size_t header_len = write_header(output, packet, payload_type, ssrc, (uint16_t)index, out);
    size_t len = header_len + payload->len;
    if (payload->padding > 0)
        sl_rtp_set_padding(out);
    if (path->srtp)
        len = sl_srtp_protect(path->engine, path->srtp, out, header_len, payload->data,
                              payload->len, index);
    else
        memcpy(out + header_len, payload->data, payload->len);

    if (path->rtp) {
        sl_udp_commit(path->sender, path->rtp, len);
        return len;
    }
    /* The reserved memory serves as the buffer; it is not queued as a datagram. */
    if (path->srtp)
        sl_srtp_flush(path->engine);
    path->write(path->stream, false, out, len);
    return len;
}

/* The packet's payload with the counters that the output has reached, written to copy. */
static void copy_payload(const struct output *output, const struct sl_rtp_packet *packet,
                         size_t len, uint8_t *copy)
{
    struct sl_vp8_ids ids;

    memcpy(copy, packet->payload, len);
    if (output->moved && packet->codec == SL_CODEC_VP8 &&
        sl_vp8_ids_read(packet->payload, packet->payload_len, &ids) == 0)
        sl_splice_rewrite(&output->splice, &ids, copy);
}

/* The same as below with counters of our own: apart, so that others have no copy on their stack. */
static __attribute__((noinline)) size_t send_rewritten(const struct output *output,
                                                       const struct sl_flow_path *path,
                                                       const struct sl_rtp_packet *packet,
                                                       uint8_t payload_type, uint64_t index)
{
    uint8_t copy[SL_PACKET_PAYLOAD_MAX];
    size_t padding = padding_of(output, packet);
    struct payload payload = {copy, packet->payload_len + padding, padding};

    copy_payload(output, packet, payload.len, copy);
    return send_packet(output, path, packet, payload_type, output->ssrc, index, &payload);
}

/* The packet as it is, for the first time or (where there is no RTX) again. */
static size_t send_original(const struct output *output, const struct sl_flow_path *path,
                            const struct sl_rtp_packet *packet, uint8_t payload_type,
                            uint64_t index)
{
    size_t padding = padding_of(output, packet);
    struct payload payload = {packet->payload, packet->payload_len + padding, padding};

    if (output->moved && packet->codec == SL_CODEC_VP8)
        return send_rewritten(output, path, packet, payload_type, index);
    return send_packet(output, path, packet, payload_type, output->ssrc, index, &payload);
}

static void note_first(struct sl_flow_out *out)
{
    out->media_sent = true;
    if (out->requested_us)
        sl_observe(out->counters, SL_HISTOGRAM_JOIN, sl_now_us() - out->requested_us);
    out->ops->on_started(out->owner);
}

static void count_sent(const struct output *output, uint64_t packets, uint64_t bytes,
                       uint64_t frames)
{
    struct sl_flow_stats *stats = &output->flow->stats;
    struct sl_counters *counters = output->flow->counters;

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

/* The newest packet sent, for who comes behind it. */
static void note_end(struct output *output, const struct sl_rtp_packet *packet)
{
    output->end.timestamp = packet->timestamp + output->splice.timestamp_offset;
    output->end_arrival_us = packet->arrival_us;
    output->end_codec = packet->codec;
    output->end.ids.picture_bits = 0;
    output->end.ids.has_tl0 = false;
    if (packet->codec != SL_CODEC_VP8 ||
        sl_vp8_ids_read(packet->payload, packet->payload_len, &output->end.ids) < 0)
        return;
    output->end.ids.picture += output->splice.picture_offset;
    output->end.ids.tl0 += output->splice.tl0_offset;
}

static void send_packets(struct output *output, struct sl_rtp_packet *const *packets, size_t count)
{
    const struct sl_rtp_packet *newest = NULL;
    struct sl_flow_path path;
    uint64_t sent = 0, bytes = 0, frames = 0;

    if (!sl_flow_out_path(output, &path))
        return;
    if (!output->started) {
        output->started = true;
        output->splice.first_seq = packets[0]->seq;
        output->end.index = output->splice.base;
        newest = packets[0];
    }
    for (size_t i = 0; i < count; i++) {
        const struct sl_rtp_packet *packet = packets[i];
        uint8_t payload_type = output->payload_type[packet->codec];
        if (packet->seq < output->splice.first_seq || payload_type == SL_NO_PAYLOAD_TYPE)
            continue;
        uint64_t index = output->splice.base + (uint64_t)(packet->seq - output->splice.first_seq);
        bytes += send_original(output, &path, packet, payload_type, index);
        if (index > output->end.index) {
            output->end.index = index;
            newest = packet;
        }
        output->octets += packet->payload_len; /* without padding: RFC 3550 section 6.4.1 */
        frames += packet->marker;
        sent++;
    }
    if (newest)
        note_end(output, newest);
    output->packets += (uint32_t)sent;
    count_sent(output, sent, bytes, frames);
    if (!output->flow->media_sent && sent > 0)
        note_first(output->flow);
}

/* ---- From track to track ---- */

/* Local time of a packet, on its track's clock, which is valid. */
static int64_t local_us(const struct output *output, const struct feed *feed, uint32_t timestamp,
                        enum sl_codec codec)
{
    const struct sl_track_clock *clock = sl_sink_clock(feed->sink);
    int64_t ticks = (int32_t)(timestamp - clock->rtp_timestamp);

    return clock->local_us + ticks * SL_US_PER_S / output->clock_hz[codec];
}

static void splice_to(struct output *output, const struct sl_rtp_packet *packet)
{
    uint32_t before = output->end.timestamp - output->splice.timestamp_offset;
    int64_t end_us = output->end_arrival_us, begin_us = packet->arrival_us;
    int64_t clock_hz = output->clock_hz[packet->codec];
    struct sl_vp8_ids ids = {.picture_bits = 0};

    if (sl_sink_clock(output->current->sink)->valid && sl_sink_clock(output->next->sink)->valid) {
        end_us = local_us(output, output->current, before, output->end_codec);
        begin_us = local_us(output, output->next, packet->timestamp, packet->codec);
    }
    if (packet->codec == SL_CODEC_VP8)
        (void)sl_vp8_ids_read(packet->payload, packet->payload_len, &ids); /* else: none */
    sl_splice_move(&output->splice, &output->end, packet->seq, packet->timestamp, &ids,
                   (begin_us - end_us) * clock_hz / SL_US_PER_S);
    output->moved = true;
}

/* The next track's packets, from the first that can be decoded by itself. */
static void go_over(struct output *output, struct sl_rtp_packet *const *packets, size_t count)
{
    size_t i = 0;

    while (i < count && (output->payload_type[packets[i]->codec] == SL_NO_PAYLOAD_TYPE ||
                         (output->kind == SL_VIDEO && !packets[i]->keyframe_start)))
        i++;
    if (i == count)
        return;
    if (output->started)
        splice_to(output, packets[i]);
    output->current->behind = output->left;
    output->left = output->current;
    output->current = output->next; /* behind is NULL: it was never left */
    output->next = NULL;
    send_packets(output, packets + i, count - i);
}

static void on_packets(void *owner, struct sl_rtp_packet *const *packets, size_t count)
{
    struct feed *feed = owner;
    struct output *output = feed->output;

    SL_ASSERT_ON(sl_worker_loop(output->flow->worker));
    if (feed == output->current)
        send_packets(output, packets, count);
    else if (feed == output->next)
        go_over(output, packets, count);
}

static void on_end(void *owner, int reason)
{
    struct feed *feed = owner;

    (void)reason; /* there is one only */
    feed->ended = true;
}

static void on_given_back(struct sl_msg *msg) /* on the control loop */
{
    struct feed *feed = sl_container_of(msg, struct feed, msg);

    sl_sink_destroy(feed->sink);
    feed->sink = NULL;
    if (feed != &feed->output->first)
        free(feed);
}

static void give_back(struct feed *feed)
{
    struct sl_loop *control = feed->output->flow->control;

    sl_sink_stop(feed->sink);
    feed->msg.run = on_given_back;
    sl_loop_post(control, &feed->msg);
}

void sl_flow_out_give_back(struct sl_flow_out *out)
{
    for (size_t i = 0; i < 2; i++) {
        struct output *output = &out->outputs[i];
        while (output->left) {
            struct feed *feed = output->left;
            output->left = feed->behind;
            give_back(feed);
        }
        if (output->next && output->next->ended) {
            give_back(output->next);
            output->next = NULL;
        }
    }
}

static void start(struct feed *feed)
{
    sl_sink_start(feed->sink);
    sl_sink_request_keyframe(feed->sink);
}

static void on_move(struct sl_msg *msg) /* on the worker */
{
    struct feed *feed = sl_container_of(msg, struct feed, msg);
    struct output *output = feed->output;

    if (output->next)
        give_back(output->next);
    output->next = feed;
    if (output->flow->started && !output->flow->stopped)
        start(feed);
}

static void create_sink(struct feed *feed, struct sl_track *track)
{
    const struct output *output = feed->output;
    struct sl_flow_out *out = output->flow;

    feed->sink = sl_sink_create(track, out->worker, &out->sink_ops, feed);
    if (output->nack)
        sl_sink_keep_packets(feed->sink);
}

int sl_flow_out_move(struct sl_flow_out *out, enum sl_media_kind kind, struct sl_track *track)
{
    struct output *output = &out->outputs[kind];

    if (!output->flow || !out->control || sl_track_kind(track) != kind)
        return -EINVAL;
    SL_ASSERT_ON(out->control);
    struct feed *feed = sl_new(struct feed);
    feed->output = output;
    create_sink(feed, track);
    feed->msg.run = on_move;
    sl_loop_post(sl_worker_loop(out->worker), &feed->msg);
    return 0;
}

/* ---- Start and stop ---- */

void sl_flow_out_start(struct sl_flow_out *out, int64_t now_us)
{
    SL_ASSERT_ON(sl_worker_loop(out->worker));
    out->started = true;
    for (size_t i = 0; i < 2; i++) {
        struct output *output = &out->outputs[i];
        if (!output->current)
            continue;
        start(output->current);
        if (output->next)
            start(output->next);
        /* Sound can begin with what is there; waiting for the next packet would cost 20 ms. */
        struct sl_rtp_packet *newest = sl_sink_newest_packet(output->current->sink);
        if (i == SL_AUDIO && newest && now_us - newest->arrival_us < FRESH_US)
            send_packets(output, &newest, 1);
    }
    out->reported_us = now_us - SL_FLOW_REPORT_US + 200 * SL_US_PER_MS;
}

void sl_flow_out_stop(struct sl_flow_out *out)
{
    SL_ASSERT_ON(sl_worker_loop(out->worker));
    out->stopped = true;
    for (size_t i = 0; i < 2; i++) {
        struct output *output = &out->outputs[i];
        if (output->current)
            sl_sink_stop(output->current->sink);
        if (output->next)
            sl_sink_stop(output->next->sink);
        for (struct feed *feed = output->left; feed; feed = feed->behind)
            sl_sink_stop(feed->sink);
    }
}

/* ---- Retransmission ---- */

void sl_flow_resend(struct output *output, const struct sl_flow_path *path, uint16_t seq)
{
    struct sl_counters *counters = output->flow->counters;
    uint8_t copy[2 + SL_PACKET_PAYLOAD_MAX];
    /* The number nearest to the newest one sent. */
    int64_t newest = (int64_t)output->end.index, base = (int64_t)output->splice.base;
    int64_t index = newest + (int16_t)(seq - (uint16_t)newest);

    if (index > newest || (index < base && !output->moved))
        return; /* never sent */
    /* Of the track before this one nothing is kept: a key frame follows what is missing. */
    struct sl_rtp_packet *packet =
        index < base
            ? NULL
            : sl_sink_find_packet(output->current->sink, output->splice.first_seq + index - base);
    if (!packet || output->payload_type[packet->codec] == SL_NO_PAYLOAD_TYPE) {
        sl_count(counters, SL_COUNTER_NACK_MISSED, 1);
        return;
    }
    sl_count(counters, SL_COUNTER_RTX_SENT, 1);
    uint8_t rtx_payload_type = output->rtx_payload_type[packet->codec];
    if (rtx_payload_type == SL_NO_PAYLOAD_TYPE) {
        (void)send_original(output, path, packet, output->payload_type[packet->codec],
                            (uint64_t)index);
        return;
    }
    sl_store_u16(copy, seq); /* RFC 4588 section 4: the original sequence number */
    copy_payload(output, packet, packet->payload_len, copy + 2);
    struct payload payload = {copy, packet->payload_len + 2U, 0};
    (void)send_packet(output, path, packet, rtx_payload_type, output->rtx_ssrc, output->rtx_index++,
                      &payload);
}

/* ---- Set-up, on the control loop ---- */

static void init_output(struct sl_flow_out *out, const struct sl_media *media,
                        const struct sl_flow_out_config *config)
{
    struct output *output = &out->outputs[media->kind];

    output->flow = out;
    output->kind = media->kind;
    output->transport = media->transport;
    output->ssrc = media->local_ssrc;
    output->rtx_ssrc = media->local_rtx_ssrc;
    output->ext_orientation = media->ext_id[SL_EXT_VIDEO_ORIENTATION];
    output->splice.base = BASE_MIN + sl_random_u32() % BASE_SPREAD;
    output->rtx_index = BASE_MIN + sl_random_u32() % BASE_SPREAD;
    memset(output->payload_type, SL_NO_PAYLOAD_TYPE, sizeof(output->payload_type));
    memset(output->rtx_payload_type, SL_NO_PAYLOAD_TYPE, sizeof(output->rtx_payload_type));
    for (size_t i = 0; i < media->codec_count; i++) {
        const struct sl_media_codec *codec = &media->codecs[i];
        if (output->payload_type[codec->codec] != SL_NO_PAYLOAD_TYPE)
            continue; /* the first is the best match */
        output->payload_type[codec->codec] = codec->payload_type;
        output->clock_hz[codec->codec] = sl_sdp_clock_hz(codec);
        if (codec->rtx_payload_type >= 0 && output->rtx_ssrc != 0)
            output->rtx_payload_type[codec->codec] = (uint8_t)codec->rtx_payload_type;
    }
    for (size_t i = 0; i < media->codec_count; i++)
        output->nack |= media->codecs[i].nack;
    output->first.output = output;
    create_sink(&output->first, config->tracks[media->kind]);
    output->current = &output->first;
}

struct sl_flow_out *sl_flow_out_create(const struct sl_flow_out_config *config)
{
    struct sl_flow_out *out = sl_new(struct sl_flow_out);

    out->worker = config->worker;
    out->counters = sl_worker_counters(config->worker);
    out->ops = config->ops;
    out->owner = config->owner;
    out->sink_ops.protocol = config->ops->protocol;
    out->sink_ops.on_packets = on_packets;
    out->sink_ops.on_end = on_end;
    out->control = config->control;
    out->transport_count = config->negotiation->transport_count;
    out->cname = sl_strdup(config->cname);
    out->requested_us = config->requested_us;
    out->rtx_tokens = SL_FLOW_RTX_BURST;
    for (size_t i = 0; i < config->negotiation->media_count; i++) {
        const struct sl_media *media = &config->negotiation->media[i];
        if (sl_sdp_media_flows(media) && sl_sdp_sends(media->direction) &&
            config->tracks[media->kind])
            init_output(out, media, config);
    }
    if (out->outputs[SL_AUDIO].current && out->outputs[SL_VIDEO].current)
        sl_sink_ride(out->outputs[SL_AUDIO].first.sink, out->outputs[SL_VIDEO].first.sink);
    return out;
}

/* This one and those behind it. */
static void destroy_feeds(struct feed *feed)
{
    while (feed) {
        struct feed *behind = feed->behind;
        sl_sink_destroy(feed->sink);
        if (feed != &feed->output->first)
            free(feed);
        feed = behind;
    }
}

void sl_flow_out_destroy(struct sl_flow_out *out)
{
    if (!out)
        return;
    for (size_t i = 0; i < 2; i++) {
        destroy_feeds(out->outputs[i].current);
        destroy_feeds(out->outputs[i].next);
        destroy_feeds(out->outputs[i].left);
    }
    free(out->cname);
    free(out);
}

const struct sl_flow_stats *sl_flow_out_stats(const struct sl_flow_out *out)
{
    return &out->stats;
}
