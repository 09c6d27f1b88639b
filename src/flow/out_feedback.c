/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What who takes our packets says of them, and what we report: lost packets sent again, key frames
 * asked for, sender reports on the source's clock. */
#include "flow/out.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/metrics.h"

enum {
    /* Beyond a burst. A hostile NACK flood costs no more than that. */
    RTX_PER_SECOND = 1000,
    NACKS_PER_PACKET = 512,
};

/* ---- Asked again ---- */

static bool take_rtx_token(struct sl_flow_out *out, int64_t now_us)
{
    int64_t earned = (now_us - out->rtx_tokens_us) * RTX_PER_SECOND / SL_US_PER_S;

    if (earned > 0) {
        out->rtx_tokens = out->rtx_tokens + earned > SL_FLOW_RTX_BURST ? SL_FLOW_RTX_BURST
                                                                       : out->rtx_tokens + earned;
        out->rtx_tokens_us = now_us;
    }
    if (out->rtx_tokens == 0)
        return false;
    out->rtx_tokens--;
    return true;
}

static struct output *find_output(struct sl_flow_out *out, uint32_t ssrc)
{
    for (size_t i = 0; i < 2; i++) {
        if (out->outputs[i].current && out->outputs[i].ssrc == ssrc)
            return &out->outputs[i];
    }
    return NULL;
}

static void on_nack(struct sl_flow_out *out, const struct sl_rtcp_view *view, int64_t now_us)
{
    uint16_t seqs[NACKS_PER_PACKET];
    struct sl_flow_path path;
    uint32_t ssrc;
    int count = sl_rtcp_read_nack(view, &ssrc, seqs, NACKS_PER_PACKET);

    if (count <= 0)
        return;
    struct output *output = find_output(out, ssrc);
    if (!output || !output->started || !sl_flow_out_path(output, &path))
        return;
    sl_count(out->counters, SL_COUNTER_NACK_RECEIVED, (uint64_t)count);
    sl_metric_add(&out->stats.nack, (uint64_t)count);
    for (int i = 0; i < count && take_rtx_token(out, now_us); i++)
        sl_flow_resend(output, &path, seqs[i]);
}

/* ---- RTCP in ---- */

static void on_keyframe_request(struct sl_flow_out *out, const struct sl_rtcp_view *view)
{
    uint32_t ssrcs[4];
    int count = sl_rtcp_read_keyframe_request(view, ssrcs, 4);

    for (int i = 0; i < count; i++) {
        struct output *output = find_output(out, ssrcs[i]);
        if (!output || output->kind != SL_VIDEO)
            continue;
        sl_count(out->counters, SL_COUNTER_PLI_RECEIVED, 1);
        sl_metric_add(&out->stats.pli, 1);
        sl_sink_request_keyframe(output->current->sink);
    }
}

static void on_report_blocks(struct sl_flow_out *out, const struct sl_rtcp_view *view,
                             int64_t now_us)
{
    struct sl_report_block blocks[8];
    int count = sl_rtcp_read_blocks(view, blocks, 8);
    uint64_t lost = 0;
    bool seen = false;

    for (int i = 0; i < count; i++) {
        struct output *output = find_output(out, blocks[i].ssrc);
        if (!output)
            continue;
        seen = true;
        lost += blocks[i].lost > 0 ? (uint64_t)blocks[i].lost : 0;
        if (blocks[i].lsr == 0 || blocks[i].lsr != output->last_sr_ntp_middle)
            continue;
        int64_t held_us = (int64_t)blocks[i].dlsr * SL_US_PER_S / 65536;
        int64_t rtt_us = now_us - output->last_sr_us - held_us;
        if (rtt_us >= 0 && rtt_us < 10 * SL_US_PER_S)
            atomic_store_explicit(&out->stats.rtt_us, (uint32_t)rtt_us, memory_order_relaxed);
    }
    if (seen)
        atomic_store_explicit(&out->stats.lost, lost, memory_order_relaxed);
}

void sl_flow_out_rtcp(struct sl_flow_out *out, const uint8_t *data, size_t len, int64_t now_us)
{
    struct sl_rtcp_view view;
    size_t offset = 0;

    SL_ASSERT_ON(sl_worker_loop(out->worker));
    while (sl_rtcp_next(data, len, &offset, &view) == 1) {
        if (view.type == SL_RTCP_RTPFB && view.count == SL_RTPFB_NACK)
            on_nack(out, &view, now_us);
        else if (view.type == SL_RTCP_PSFB &&
                 (view.count == SL_PSFB_PLI || view.count == SL_PSFB_FIR))
            on_keyframe_request(out, &view);
        else if (view.type == SL_RTCP_RR || view.type == SL_RTCP_SR)
            on_report_blocks(out, &view, now_us);
    }
}

/* ---- Sender reports ---- */

/* NTP and RTP time of now, both carried forward from the source's own report: the two tracks keep
 * the relation the source gave them. */
static bool now_on_source_clock(struct output *output, int64_t now_us, struct sl_sender_info *info)
{
    const struct sl_track_clock *clock = sl_sink_clock(output->current->sink);

    if (!clock->valid)
        return false;
    const struct sl_rtp_packet *newest = sl_sink_newest_packet(output->current->sink);
    if (!newest)
        return false;
    int64_t since_us = now_us - clock->local_us;
    int64_t clock_hz = output->clock_hz[newest->codec];
    int64_t fraction = (since_us % SL_US_PER_S) * (1LL << 32) / SL_US_PER_S;
    info->ntp = clock->ntp + (uint64_t)((since_us / SL_US_PER_S) * (1LL << 32) + fraction);
    info->rtp_timestamp = clock->rtp_timestamp + output->splice.timestamp_offset +
                          (uint32_t)(since_us * clock_hz / SL_US_PER_S);
    info->packets = output->packets;
    info->octets = output->octets;
    return true;
}

static void write_report(struct output *output, struct sl_writer *w, int64_t now_us)
{
    struct sl_sender_info info;

    if (!output->current || !output->started || !now_on_source_clock(output, now_us, &info))
        return;
    sl_rtcp_write_sr(w, output->ssrc, &info, NULL, 0);
    sl_rtcp_write_cname(w, output->ssrc, output->flow->cname);
    output->last_sr_ntp_middle = (uint32_t)(info.ntp >> 16);
    output->last_sr_us = now_us;
}

void sl_flow_out_tick(struct sl_flow_out *out, int64_t now_us)
{
    uint8_t buf[SL_FLOW_RTCP_MAX];

    SL_ASSERT_ON(sl_worker_loop(out->worker));
    sl_flow_out_give_back(out);
    if (now_us - out->reported_us < SL_FLOW_REPORT_US)
        return;
    out->reported_us = now_us;
    for (size_t transport = 0; transport < out->transport_count; transport++) {
        struct sl_writer w = sl_writer_of(buf, sizeof(buf));
        for (size_t i = 0; i < 2; i++) {
            if (out->outputs[i].transport == transport)
                write_report(&out->outputs[i], &w, now_us);
        }
        if (w.ok)
            sl_flow_send_rtcp(out->ops, out->owner, transport, out->counters, buf,
                              sl_writer_len(&w));
    }
}
