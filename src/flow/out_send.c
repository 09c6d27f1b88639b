/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Packets of a track out as RTP: under our own ssrc and numbers, and again from the track's ring.
 *
 * A player's numbering: its sequence index is base + (track's number - first), never below base. So
 * a packet older than a player's first is never sent to it, and the rollover counter can only grow
 * (performance.md section 4: the defect of a peer that this avoids).
 */
#include "flow/out.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "flow/layering.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

enum {
    RED_BLOCKS = 3, /* two lost in a row are mended */
    EXT_WORD = 4,
    EXT_ROOM = 4 * EXT_WORD, /* the longest that write_extensions() makes */
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

/* One element of the one-byte form (RFC 8285 section 4.2). Returns what is behind it. */
static uint8_t *write_element(uint8_t *at, uint8_t id, const uint8_t *data, size_t len)
{
    *at++ = (uint8_t)(id << 4 | (len - 1));
    memcpy(at, data, len);
    return at + len;
}

/* 24 bits of seconds since no matter when, 18 of them behind the point
 * (http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time). */
static void write_send_time(uint8_t out[static 3], int64_t now_us)
{
    uint64_t time = (((uint64_t)now_us << 18) / SL_US_PER_S) & 0xffffff;

    out[0] = (uint8_t)(time >> 16);
    sl_store_u16(out + 1, (uint16_t)time);
}

/*
 * The transport-wide number or the time, where one was asked for, and the picture's orientation
 * (3GPP TS 26.114 section 7.4.5). Returns their length; 0: none. With an orientation it is always
 * SL_ORIENTATION_EXT_LEN more than without: the packet's padding was chosen for that.
 */
static size_t write_extensions(const struct output *output, const struct sl_rtp_packet *packet,
                               size_t packet_len, uint8_t *out)
{
    uint8_t *at = out + EXT_WORD, number[2], time[3];
    size_t len = 0;

    if (output->ext_transport_cc) {
        sl_store_u16(number, sl_estimator_sent(output->estimator, packet_len, output->sending_us));
        at = write_element(at, output->ext_transport_cc, number, sizeof(number));
        len = 2 * EXT_WORD;
    } else if (output->ext_send_time) {
        sl_estimator_sent_unnumbered(output->estimator, packet_len, output->sending_us);
        write_send_time(time, output->sending_us);
        at = write_element(at, output->ext_send_time, time, sizeof(time));
        len = 2 * EXT_WORD;
    }
    if (has_extension(output, packet)) {
        at = write_element(at, output->ext_orientation, &packet->orientation, 1);
        len += SL_ORIENTATION_EXT_LEN;
    }
    if (len == 0)
        return 0;
    sl_store_u16(out, 0xbede);
    sl_store_u16(out + 2, (uint16_t)(len / EXT_WORD - 1));
    memset(at, 0, (size_t)(out + len - at));
    return len;
}

/* What send_packet() puts behind the header, and whether it ends a picture. */
struct payload {
    const uint8_t *data;
    size_t len, padding; /* padding is part of len */
    bool marker;
};

/* Returns its length. */
static size_t write_header(const struct output *output, const struct sl_rtp_packet *packet,
                           uint8_t payload_type, uint32_t ssrc, uint16_t seq,
                           const struct payload *payload, uint8_t *out)
{
    sl_rtp_build_header(out, payload->marker, payload_type, seq,
                        packet->timestamp + output->splice.timestamp_offset, ssrc);
    size_t len = write_extensions(output, packet, SL_RTP_HEADER_LEN + 2 * EXT_WORD + payload->len,
                                  out + SL_RTP_HEADER_LEN);
    if (len > 0)
        out[0] |= 0x10; /* X */
    return SL_RTP_HEADER_LEN + len;
}

/* The header is in out, which was reserved. Returns the datagram's length. */
static size_t finish_packet(const struct sl_flow_path *path, uint8_t *out, size_t header_len,
                            const struct payload *payload, uint64_t index)
{
    size_t len = header_len + payload->len;

    if (path->srtp)
        len = sl_srtp_protect(path->engine, path->srtp, out, header_len, payload->data,
                              payload->len, index);
    else if (payload->len > 0)
        memcpy(out + header_len, payload->data, payload->len);
    if (path->capture)
        sl_capture_note(path->capture, true, path->remote, out, len);
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

/* payload is the packet's own or, for RTX, a copy behind its original number. Returns the
 * datagram's length. */
static size_t send_packet(const struct output *output, const struct sl_flow_path *path,
                          const struct sl_rtp_packet *packet, uint8_t payload_type, uint32_t ssrc,
                          uint64_t index, const struct payload *payload)
{
    size_t room = SL_RTP_HEADER_LEN + EXT_ROOM + payload->len + SL_SRTP_OVERHEAD;
    uint8_t *out = sl_udp_reserve(path->sender, room);
    size_t header_len =
        write_header(output, packet, payload_type, ssrc, (uint16_t)index, payload, out);
    if (payload->padding > 0)
        sl_rtp_set_padding(out);
    return finish_packet(path, out, header_len, payload, index);
}

/* The one that an index lies before and not behind; NULL: it lies behind all, or is not known. */
static const struct seam *find_seam(const struct output *output, uint64_t index)
{
    if (index >= output->splice.base || !output->seams)
        return NULL;
    for (size_t i = 0; i < SL_FLOW_SEAMS; i++) {
        const struct seam *seam = &output->seams[i];
        if (index >= seam->base && index < seam->end)
            return seam;
    }
    return NULL;
}

/* Whether the picture ends here for the player: with the highest layer that was sent to it. */
static bool ends_picture(const struct output *output, const struct sl_rtp_packet *packet,
                         uint64_t index)
{
    struct sl_layer layer;

    if (packet->marker || packet->codec != SL_CODEC_VP9)
        return packet->marker;
    const struct seam *seam = find_seam(output, index);
    uint8_t spatial = seam ? seam->spatial : output->spatial;
    return output->seams && spatial != SL_LAYERING_ALL_SPATIAL &&
           sl_layer_read(packet->codec, packet->payload, packet->payload_len, &layer) == 0 &&
           layer.ends && layer.spatial == spatial;
}

/* The packet's payload with the counters that the output had reached, written to copy. */
static void copy_payload(const struct output *output, const struct sl_rtp_packet *packet,
                         uint64_t index, size_t len, uint8_t *copy)
{
    struct sl_vp8_ids ids;

    memcpy(copy, packet->payload, len);
    if (!output->moved || packet->codec != SL_CODEC_VP8 ||
        sl_vp8_ids_read(packet->payload, packet->payload_len, &ids) < 0)
        return;
    struct sl_splice splice = output->splice;
    const struct seam *seam = find_seam(output, index);
    if (seam)
        splice.picture_offset = seam->picture_offset;
    sl_splice_rewrite(&splice, &ids, copy);
}

/* The same as below with counters of our own: apart, so that others have no copy on their stack. */
static __attribute__((noinline)) size_t send_rewritten(const struct output *output,
                                                       const struct sl_flow_path *path,
                                                       const struct sl_rtp_packet *packet,
                                                       uint8_t payload_type, uint64_t index)
{
    uint8_t copy[SL_PACKET_PAYLOAD_MAX];
    size_t padding = padding_of(output, packet);
    struct payload payload = {copy, packet->payload_len + padding, padding, packet->marker};

    copy_payload(output, packet, index, payload.len, copy);
    return send_packet(output, path, packet, payload_type, output->ssrc, index, &payload);
}

/* The packet as it is, for the first time or (where there is no RTX) again. */
static size_t send_original(const struct output *output, const struct sl_flow_path *path,
                            const struct sl_rtp_packet *packet, uint8_t payload_type,
                            uint64_t index, bool ends)
{
    size_t padding = padding_of(output, packet);
    struct payload payload = {packet->payload, packet->payload_len + padding, padding, ends};

    if (output->moved && packet->codec == SL_CODEC_VP8)
        return send_rewritten(output, path, packet, payload_type, index);
    return send_packet(output, path, packet, payload_type, output->ssrc, index, &payload);
}

/* A packet of sound with those before it. Never sent again: nothing that is sent redundantly can be
 * asked for. */
static __attribute__((noinline)) size_t send_redundant(const struct output *output,
                                                       const struct sl_flow_path *path,
                                                       const struct sl_rtp_packet *packet,
                                                       uint64_t index)
{
    struct sl_red_block blocks[RED_BLOCKS];
    uint8_t copy[SL_PACKET_PAYLOAD_MAX];
    size_t count = 0;

    for (int64_t seq = packet->seq - (RED_BLOCKS - 1); seq < packet->seq; seq++) {
        const struct sl_rtp_packet *before = sl_sink_find_packet(output->current->sink, seq);
        if (before && before->codec == packet->codec && seq >= output->splice.first_seq)
            blocks[count++] =
                (struct sl_red_block){before->payload, before->payload_len, before->timestamp};
    }
    blocks[count++] =
        (struct sl_red_block){packet->payload, packet->payload_len, packet->timestamp};
    struct payload payload = {.data = copy, .marker = packet->marker};
    payload.len =
        sl_red_write(output->payload_type[packet->codec], blocks, count, copy, sizeof(copy));
    if (payload.len == 0)
        return send_original(output, path, packet, output->payload_type[packet->codec], index,
                             packet->marker);
    return send_packet(output, path, packet, output->red_payload_type, output->ssrc, index,
                       &payload);
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

/* ---- Packets of our own ---- */

/* One that is no track's packet as it is. */
struct own {
    bool marker;
    uint8_t payload_type;
    uint32_t timestamp;
    struct payload payload;
};

/* Behind all that was sent. Returns the datagram's length. */
static size_t send_own(struct output *output, const struct sl_flow_path *path,
                       const struct own *packet)
{
    uint64_t index = ++output->end.index;
    uint8_t *header =
        sl_udp_reserve(path->sender, SL_RTP_HEADER_LEN + packet->payload.len + SL_SRTP_OVERHEAD);

    sl_rtp_build_header(header, packet->marker, packet->payload_type, (uint16_t)index,
                        packet->timestamp, output->ssrc);
    output->packets++;
    output->octets += (uint32_t)packet->payload.len;
    return finish_packet(path, header, SL_RTP_HEADER_LEN, &packet->payload, index);
}

/* ---- Sound in packets of another length ---- */

static void send_piece(struct output *output, const struct sl_flow_path *path,
                       const struct sl_recut_piece *piece)
{
    const struct own own = {
        .marker = piece->marker,
        .payload_type = output->payload_type[output->recut->codec],
        .timestamp = piece->timestamp + output->splice.timestamp_offset,
        .payload = {.data = piece->data, .len = piece->len},
    };

    if (own.payload_type == SL_NO_PAYLOAD_TYPE)
        return; /* it is another one's by now */
    count_sent(output, 1, send_own(output, path, &own), 0);
    if ((int32_t)(own.timestamp - output->end.timestamp) > 0)
        output->end.timestamp = own.timestamp; /* it begins behind its packet's beginning */
}

/* all: what is left of it, too. */
static void send_pieces(struct output *output, const struct sl_flow_path *path, bool all)
{
    struct sl_recut_piece piece;

    while (sl_recut_take(output->recut, all, &piece))
        send_piece(output, path, &piece);
}

void sl_flow_out_flush(struct output *output)
{
    struct sl_flow_path path;

    if (!output->recut)
        return;
    if (output->started && sl_flow_out_path(output, &path))
        send_pieces(output, &path, true);
    sl_recut_clear(output->recut);
}

/* Numbers stand for what was lost, so that the other side sees a loss and no pause. */
static void skip_lost(struct output *output, const struct sl_rtp_packet *packet)
{
    const struct sl_recut *recut = output->recut;
    uint32_t ticks = packet->timestamp - recut->timestamp;

    if (recut->seq >= 0 && packet->seq > recut->seq + 1 && ticks < SL_FLOW_OWN_CLOCK_HZ)
        output->end.index += (ticks + recut->packet_len - 1) / recut->packet_len;
}

static void recut_packet(struct output *output, const struct sl_flow_path *path,
                         const struct sl_rtp_packet *packet)
{
    struct sl_recut *recut = output->recut;

    if (!sl_recut_goes_on(recut, packet))
        send_pieces(output, path, true);
    skip_lost(output, packet);
    note_end(output, packet);
    sl_recut_put(recut, packet);
    send_pieces(output, path, !sl_recut_can(packet->codec)); /* such a one as it is */
}

static void send_recut(struct output *output, const struct sl_flow_path *path,
                       struct sl_rtp_packet *const *packets, size_t count)
{
    struct sl_recut *recut = output->recut;
    uint32_t before = output->packets;

    for (size_t i = 0; i < count; i++) {
        const struct sl_rtp_packet *packet = packets[i];
        if (packet->seq < output->splice.first_seq || packet->seq <= recut->seq ||
            output->payload_type[packet->codec] == SL_NO_PAYLOAD_TYPE)
            continue; /* behind recut->seq: too late, its place is gone */
        if (packet->payload_len > 0)
            recut_packet(output, path, packet);
        else if (recut->seq >= 0) /* digits, or comfort noise: nothing is lost */
            recut->seq = packet->seq;
    }
    if (!output->flow->media_sent && output->packets != before)
        note_first(output->flow);
}

/* ---- Among the track's ---- */

int sl_flow_out_interject(struct sl_flow_out *out, const struct sl_flow_interjection *packet)
{
    struct output *output = &out->outputs[SL_AUDIO];
    const struct own own = {
        .marker = packet->marker,
        .payload_type = packet->payload_type,
        .timestamp = packet->timestamp,
        .payload = {.data = packet->payload, .len = packet->len},
    };
    struct sl_flow_path path;

    SL_ASSERT_ON(sl_worker_loop(out->worker));
    assert(packet->len <= SL_FLOW_INTERJECTION_MAX);
    if (!output->current || !sl_flow_out_path(output, &path))
        return -ENOTCONN;
    if (!output->started) {
        output->started = true;
        output->end.index = output->splice.base - 1;
    }
    sl_flow_out_flush(output);
    output->interrupted = true; /* the track's next one goes behind it */
    count_sent(output, 1, send_own(output, &path, &own), 0);
    return 0;
}

/* ---- A track's packets ---- */

void sl_flow_out_send(struct output *output, const struct sl_flow_path *path,
                      struct sl_rtp_packet *const *packets, size_t count)
{
    const struct sl_rtp_packet *newest = NULL;
    uint64_t sent = 0, bytes = 0, frames = 0;

    if (output->recut) {
        send_recut(output, path, packets, count);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const struct sl_rtp_packet *packet = packets[i];
        uint8_t payload_type = output->payload_type[packet->codec];
        if (packet->seq < output->splice.first_seq || payload_type == SL_NO_PAYLOAD_TYPE)
            continue;
        uint64_t index = output->splice.base + (uint64_t)(packet->seq - output->splice.first_seq);
        bool ends = ends_picture(output, packet, index);
        if (output->redundant && packet->codec == SL_CODEC_OPUS)
            bytes += send_redundant(output, path, packet, index);
        else
            bytes += send_original(output, path, packet, payload_type, index, ends);
        if (index > output->end.index) {
            output->end.index = index;
            newest = packet;
        }
        output->octets += packet->payload_len; /* without padding: RFC 3550 section 6.4.1 */
        frames += ends;
        sent++;
    }
    if (newest)
        note_end(output, newest);
    output->packets += (uint32_t)sent;
    count_sent(output, sent, bytes, frames);
    if (!output->flow->media_sent && sent > 0)
        note_first(output->flow);
}

/* ---- Again ---- */

/* The track's number of what was sent under this one before pictures were left out; -1: not known.
 */
static int64_t find_before(const struct output *output, uint64_t index)
{
    const struct seam *seam = find_seam(output, index);

    return seam ? seam->first_seq + (int64_t)(index - seam->base) : -1;
}

/* What was sent under this index; NULL: it is not there any more, or never was. */
static struct sl_rtp_packet *find_sent(const struct output *output, uint64_t index)
{
    uint64_t base = output->splice.base;
    int64_t seq = -1;

    /* Of the track before this one nothing is kept: a key frame follows what is missing. */
    if (index >= base)
        seq = output->splice.first_seq + (int64_t)(index - base);
    else
        seq = find_before(output, index);
    struct sl_rtp_packet *packet = seq < 0 ? NULL : sl_sink_find_packet(output->current->sink, seq);
    return packet && output->payload_type[packet->codec] != SL_NO_PAYLOAD_TYPE ? packet : NULL;
}

static size_t send_rtx(struct output *output, const struct sl_flow_path *path,
                       const struct sl_rtp_packet *packet, uint64_t index)
{
    uint8_t copy[2 + SL_PACKET_PAYLOAD_MAX];

    sl_store_u16(copy, (uint16_t)index); /* RFC 4588 section 4: the original sequence number */
    copy_payload(output, packet, index, packet->payload_len, copy + 2);
    struct payload payload = {copy, packet->payload_len + 2U, 0,
                              ends_picture(output, packet, index)};
    return send_packet(output, path, packet, output->rtx_payload_type[packet->codec],
                       output->rtx_ssrc, output->rtx_index++, &payload);
}

size_t sl_flow_repeat(struct output *output, const struct sl_flow_path *path, uint64_t index)
{
    const struct sl_rtp_packet *packet = find_sent(output, index);

    if (!packet || output->rtx_payload_type[packet->codec] == SL_NO_PAYLOAD_TYPE)
        return 0;
    return send_rtx(output, path, packet, index);
}

struct sl_rtp_packet *sl_flow_find_sent(const struct output *output, uint16_t seq, uint64_t *index)
{
    /* The number nearest to the newest one sent. */
    int64_t newest = (int64_t)output->end.index;
    int64_t nearest = newest + (int16_t)(seq - (uint16_t)newest);

    if (nearest > newest || nearest < SL_FLOW_INDEX_MIN)
        return NULL; /* never sent */
    *index = (uint64_t)nearest;
    return find_sent(output, *index);
}

void sl_flow_resend(struct output *output, const struct sl_flow_path *path,
                    const struct sl_rtp_packet *packet, uint64_t index)
{
    sl_count(output->flow->counters, SL_COUNTER_RTX_SENT, 1);
    if (output->rtx_payload_type[packet->codec] == SL_NO_PAYLOAD_TYPE)
        (void)send_original(output, path, packet, output->payload_type[packet->codec], index,
                            ends_picture(output, packet, index));
    else
        (void)send_rtx(output, path, packet, index);
}
