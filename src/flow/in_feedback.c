/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a good receiver tells the sender: NACK for gaps, transport-wide feedback or REMB so that it
 * finds its bitrate, receiver reports, PLI. */
#include "flow/in.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/metrics.h"

enum {
    NACKS_PER_TICK = 64,
    REMB_MIN_BPS = 100000,
    REMB_MAX_BPS = 20000000,
    REMB_BESIDE = 10,            /* a part of this size more, for headers and repairs of pictures */
    LOSSES_MAX = 15 * 256 / 100, /* what takers say may cost others that much, and no more */
    SOUND_HEADERS = 40,          /* bytes a packet: RTP, its extensions, SRTP */
};

static void send_rtcp(struct sl_flow_in *in, size_t transport, const uint8_t *data, size_t len)
{
    sl_flow_send_rtcp(in->ops, in->owner, transport, in->counters, data, len);
}

static void send_nacks(struct sl_flow_in *in, struct input *input, int64_t now_us)
{
    uint16_t seqs[NACKS_PER_TICK];
    uint8_t buf[SL_FLOW_RTCP_MAX];
    bool give_up = false;

    size_t count =
        sl_receiver_nacks(input->receiver, now_us, in->rtt_us, seqs, NACKS_PER_TICK, &give_up);
    if (give_up && input->kind == SL_VIDEO)
        (void)sl_flow_in_ask(in, input);
    if (count == 0)
        return;
    struct sl_writer w = sl_writer_of(buf, sizeof(buf));
    sl_rtcp_write_nack(&w, in->ssrc, input->ssrc, seqs, count);
    if (!w.ok)
        return; /* cannot be: NACKS_PER_TICK fit */
    send_rtcp(in, input->transport, buf, sl_writer_len(&w));
    sl_count(in->counters, SL_COUNTER_NACK_SENT, count);
    sl_metric_add(&in->stats.nack, count);
    if (!input->probe_us || now_us - input->probe_us > SL_US_PER_S) {
        input->probe_seq = seqs[count - 1]; /* the newest: asked for the first time, most likely */
        input->probe_us = now_us;
    }
}

bool sl_flow_in_request_keyframe(struct sl_flow_in *in, enum sl_media_kind kind)
{
    struct input *input = &in->inputs[kind];

    SL_ASSERT_ON(sl_worker_loop(in->worker));
    if (in->layers && kind == SL_VIDEO) {
        input = sl_flow_layers_leader(in->layers);
        if (!input)
            return true; /* one is asked for as soon as any comes */
    }
    return sl_flow_in_ask(in, input);
}

/* Of pictures on this transport, those that are known; and their count. */
static size_t picture_ssrcs(const struct sl_flow_in *in, size_t transport,
                            uint32_t out[SL_MEDIA_LAYERS_MAX])
{
    size_t count = 0;

    for (size_t i = 0; i < in->all_count; i++) {
        const struct input *input = in->all[i];
        if (input->kind == SL_VIDEO && input->transport == transport && input->ssrc != 0)
            out[count++] = input->ssrc;
    }
    return count;
}

static void send_twcc(struct sl_flow_in *in, size_t transport, int64_t now_us)
{
    uint8_t buf[SL_FLOW_RTCP_MAX];
    struct sl_twcc *twcc = in->twcc[transport];

    if (!twcc || !sl_twcc_due(twcc, now_us))
        return;
    struct sl_writer w = sl_writer_of(buf, sizeof(buf));
    uint32_t ssrcs[SL_MEDIA_LAYERS_MAX] = {in->inputs[SL_AUDIO].ssrc};
    (void)picture_ssrcs(in, transport, ssrcs);
    sl_twcc_write(twcc, &w, in->ssrc, ssrcs[0], now_us);
    send_rtcp(in, transport, buf, sl_writer_len(&w));
}

/* Our estimate for senders that know no transport-wide feedback: up while nothing is lost and what
 * we allow is used, down with the losses (the rule of RFC 8698's simplest relatives). */
static void update_remb(struct sl_flow_in *in, uint8_t fraction_lost)
{
    uint64_t bytes = atomic_load_explicit(&in->stats.video_bytes, memory_order_relaxed) +
                     atomic_load_explicit(&in->stats.audio_bytes, memory_order_relaxed);
    uint64_t incoming_bps = (bytes - in->remb_bytes_seen) * 8 * SL_US_PER_S / in->report_every_us;

    in->remb_bytes_seen = bytes;
    if (fraction_lost > 26) /* a tenth */
        in->remb_bps = incoming_bps * (512 - fraction_lost) / 512;
    else if (fraction_lost < 6 && incoming_bps > in->remb_bps / 2)
        in->remb_bps += in->remb_bps / 4;
    if (in->remb_bps < REMB_MIN_BPS)
        in->remb_bps = REMB_MIN_BPS;
    if (in->remb_bps > REMB_MAX_BPS)
        in->remb_bps = REMB_MAX_BPS;
}

/* What a sender's sound takes with its headers: a bound of ours is for pictures, and a sender's
 * estimate for all that it sends. */
static void measure_sound(struct sl_flow_in *in)
{
    uint64_t bytes =
        atomic_load_explicit(&in->stats.audio_bytes, memory_order_relaxed) +
        atomic_load_explicit(&in->stats.audio_packets, memory_order_relaxed) * SOUND_HEADERS;

    in->sound_bps = (bytes - in->sound_bytes_seen) * 8 * SL_US_PER_S / in->report_every_us;
    in->sound_bytes_seen = bytes;
}

static void write_remb(struct sl_flow_in *in, struct sl_writer *w, size_t transport)
{
    uint32_t ssrcs[SL_MEDIA_LAYERS_MAX];
    size_t count = picture_ssrcs(in, transport, ssrcs);
    uint64_t bps = UINT64_MAX;

    if (count == 0)
        return;
    if (!in->twcc[transport])
        bps = in->remb_bps;
    uint64_t beside_bps = in->max_bitrate_bps / REMB_BESIDE + in->sound_bps;
    if (in->max_bitrate_bps > 0 && in->max_bitrate_bps + beside_bps < bps)
        bps = in->max_bitrate_bps + beside_bps;
    if (in->bound_bps > 0 && in->bound_bps + in->sound_bps < bps)
        bps = in->bound_bps + in->sound_bps;
    if (bps == UINT64_MAX && in->was_bounded)
        bps = REMB_MAX_BPS; /* the last word counts for good: this one takes it back */
    in->was_bounded |= in->bound_bps > 0;
    if (bps != UINT64_MAX)
        sl_rtcp_write_remb(w, in->ssrc, bps, ssrcs, count);
}

static void send_report(struct sl_flow_in *in, size_t transport, int64_t now_us)
{
    struct sl_report_block blocks[1 + SL_MEDIA_LAYERS_MAX] = {{0}};
    uint8_t buf[SL_FLOW_RTCP_MAX];
    uint8_t fraction_lost = 0;
    size_t count = 0;
    bool pictures = false;

    for (size_t i = 0; i < in->all_count; i++) {
        struct input *input = in->all[i];
        if (input->transport != transport)
            continue;
        pictures |= input->kind == SL_VIDEO;
        if (!input->heard_us)
            continue;
        sl_receiver_report(input->receiver, now_us, &blocks[count]);
        blocks[count].ssrc = input->ssrc;
        if (input->kind == SL_VIDEO && blocks[count].fraction_lost > fraction_lost)
            fraction_lost = blocks[count].fraction_lost;
        else if (input->kind == SL_AUDIO && blocks[count].fraction_lost < in->losses)
            blocks[count].fraction_lost = in->losses;
        count++;
    }
    struct sl_writer w = sl_writer_of(buf, sizeof(buf));
    sl_rtcp_write_rr(&w, in->ssrc, blocks, count);
    sl_rtcp_write_cname(&w, in->ssrc, "sluice");
    if (pictures && !in->twcc[transport])
        update_remb(in, fraction_lost);
    write_remb(in, &w, transport);
    if (w.ok)
        send_rtcp(in, transport, buf, sl_writer_len(&w));
}

/* A compound packet of its own, now: whoever is told late fills a queue until then. */
void sl_flow_in_bound(struct sl_flow_in *in, uint64_t bitrate_bps)
{
    struct input *video = &in->inputs[SL_VIDEO];
    uint8_t buf[SL_FLOW_RTCP_MAX];
    struct sl_writer w = sl_writer_of(buf, sizeof(buf));

    SL_ASSERT_ON(sl_worker_loop(in->worker));
    if (in->layers)
        return;
    in->bound_bps = bitrate_bps;
    sl_rtcp_write_rr(&w, in->ssrc, NULL, 0);
    sl_rtcp_write_cname(&w, in->ssrc, "sluice");
    write_remb(in, &w, video->transport);
    if (w.ok)
        send_rtcp(in, video->transport, buf, sl_writer_len(&w));
}

/* Only the fraction, which encoders of sound look at: rates follow from the totals, and those stay
 * as they are. */
void sl_flow_in_losses(struct sl_flow_in *in, uint8_t fraction)
{
    SL_ASSERT_ON(sl_worker_loop(in->worker));
    in->losses = fraction < LOSSES_MAX ? fraction : LOSSES_MAX;
}

static void count_lost(struct sl_flow_in *in)
{
    struct sl_flow_stats *stats = &in->stats;
    uint64_t lost = 0, before = atomic_load_explicit(&stats->lost, memory_order_relaxed);

    for (size_t i = 0; i < in->all_count; i++) {
        int64_t of_input = sl_receiver_stats(in->all[i]->receiver)->lost;
        lost += of_input > 0 ? (uint64_t)of_input : 0;
    }
    if (lost >
        before) /* a counter never falls; late packets correct the stream's own figure only */
        sl_count(in->counters, SL_COUNTER_RTP_LOST_IN, lost - before);
    atomic_store_explicit(&stats->lost, lost, memory_order_relaxed);
}

static bool is_taken(const struct sl_flow_in *in, struct input *input)
{
    return !in->layers || input->kind == SL_AUDIO || sl_flow_layers_is_taken(in->layers, input);
}

void sl_flow_in_tick(struct sl_flow_in *in, int64_t now_us)
{
    SL_ASSERT_ON(sl_worker_loop(in->worker));
    for (size_t i = 0; i < in->all_count; i++) {
        struct input *input = in->all[i];
        if (input->nack && input->heard_us && is_taken(in, input))
            send_nacks(in, input, now_us);
        sl_flow_in_tell_size(input, now_us);
        if (input->want_pli)
            (void)sl_flow_in_ask(in, input);
    }
    if (in->layers)
        sl_flow_layers_tick(in, now_us);
    for (size_t i = 0; i < in->transport_count; i++)
        send_twcc(in, i, now_us);
    if (now_us - in->reported_us < in->report_every_us)
        return;
    in->reported_us = now_us;
    measure_sound(in);
    for (size_t i = 0; i < in->transport_count; i++)
        send_report(in, i, now_us);
    count_lost(in);
}
