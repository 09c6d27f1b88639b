/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What who takes our packets says of them: lost packets sent again, key frames asked for. */
#include "flow/out.h"

#include "base/clock.h"
#include "base/metrics.h"

enum {
    /* Beyond a burst. A hostile NACK flood costs no more than that. */
    RTX_PER_SECOND = 1000,
    NACKS_PER_PACKET = 512,
    /* A player whose link is hopeless asks again and again, and each key frame costs all others
     * picture quality: a few at once, then one in four seconds. */
    KEYFRAME_EVERY_US = 4 * SL_US_PER_S,
    RED_FROM = 3 * 256 / 100, /* of 256 */
    RED_US = 10 * SL_US_PER_S,
    KEYFRAME_BURST_US = 3 * KEYFRAME_EVERY_US,
    NEXT_US = SL_US_PER_S, /* until the next track is asked again; each time twice as long, */
    NEXT_MOST_US = 8 * SL_US_PER_S, /* up to this */
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

/* Notes a repair. True: there was one of this packet not long ago. */
static bool is_asked_again(struct output *output, uint16_t seq)
{
    for (size_t i = 0; i < SL_FLOW_RESENT; i++) {
        if (output->resent[i] == seq)
            return true;
    }
    output->resent[output->resent_at] = seq;
    output->resent_at = (output->resent_at + 1) % SL_FLOW_RESENT;
    return false;
}

/* A repair that was lost, too, has cost the player's patience: two go out next time, where the link
 * is known to have room and a copy is no replay. */
static bool goes_twice(struct output *output, const struct sl_rtp_packet *packet, uint16_t seq)
{
    return is_asked_again(output, seq) && output->estimator &&
           sl_estimator_limit_bps(output->estimator) == 0 &&
           output->rtx_payload_type[packet->codec] != SL_NO_PAYLOAD_TYPE;
}

static void repair(struct output *output, const struct sl_flow_path *path, uint16_t seq,
                   int64_t now_us)
{
    uint64_t index;
    const struct sl_rtp_packet *packet = sl_flow_find_sent(output, seq, &index);

    if (!packet || (output->shaper && !sl_flow_shaper_may_repair(output->shaper, packet, now_us))) {
        sl_count(output->flow->counters, SL_COUNTER_NACK_MISSED, 1);
        return;
    }
    sl_flow_resend(output, path, packet, index);
    if (goes_twice(output, packet, seq) && take_rtx_token(output->flow, now_us))
        sl_flow_resend(output, path, packet, index);
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
    if (!output || !output->started || !output->nack || output->recut ||
        !sl_flow_out_path(output, &path))
        return;
    sl_count(out->counters, SL_COUNTER_NACK_RECEIVED, (uint64_t)count);
    sl_metric_add(&out->stats.nack, (uint64_t)count);
    for (int i = 0; i < count && take_rtx_token(out, now_us); i++)
        repair(output, &path, seqs[i], now_us);
}

/* ---- Key frames ---- */

void sl_flow_out_ask_for_keyframe(struct output *output, int64_t now_us)
{
    output->keyframe_tokens_us += now_us - output->keyframe_earned_us;
    output->keyframe_earned_us = now_us;
    if (output->keyframe_tokens_us > KEYFRAME_BURST_US)
        output->keyframe_tokens_us = KEYFRAME_BURST_US;
    output->keyframe_wanted = output->keyframe_tokens_us < KEYFRAME_EVERY_US;
    if (output->keyframe_wanted)
        return;
    output->keyframe_tokens_us -= KEYFRAME_EVERY_US;
    sl_sink_request_keyframe(output->current->ended && output->next ? output->next->sink
                                                                    : output->current->sink);
}

void sl_flow_out_want_keyframe(struct sl_flow_out *out, int64_t now_us)
{
    SL_ASSERT_ON(sl_worker_loop(out->worker));
    if (out->outputs[SL_VIDEO].current)
        sl_flow_out_ask_for_keyframe(&out->outputs[SL_VIDEO], now_us);
}

/* ---- RTCP in ---- */

static void on_keyframe_request(struct sl_flow_out *out, const struct sl_rtcp_view *view,
                                int64_t now_us)
{
    uint32_t ssrcs[4];
    int count = sl_rtcp_read_keyframe_request(view, ssrcs, 4);

    for (int i = 0; i < count; i++) {
        struct output *output = find_output(out, ssrcs[i]);
        if (!output || output->kind != SL_VIDEO)
            continue;
        sl_count(out->counters, SL_COUNTER_PLI_RECEIVED, 1);
        sl_metric_add(&out->stats.pli, 1);
        if (!output->shaper || !sl_flow_shaper_awaits_keyframe(output->shaper))
            sl_flow_out_ask_for_keyframe(output, now_us);
    }
}

/* By what the player says of the way, which is the same with repetition and without. To who takes
 * none, the source's encoder may give some. */
static void note_losses(struct output *output, const struct sl_report_block *block, int64_t now_us)
{
    uint8_t fraction_lost;

    if (!sl_losses_take(&output->losses, block, now_us, &fraction_lost))
        return;
    if (output->ext_send_time)
        sl_flow_shaper_losses(output->shaper, fraction_lost, now_us);
    bool lossy = output->lossy_us > 0 && now_us - output->lossy_us < RED_US;

    if (fraction_lost > RED_FROM) {
        output->lossy_us = now_us;
        lossy = true;
    }
    if (output->red_payload_type) {
        output->redundant = lossy;
    } else if (output->kind == SL_AUDIO) {
        if (!lossy || fraction_lost > output->told_losses)
            output->told_losses = lossy ? fraction_lost : 0;
        sl_sink_tell_losses(output->current->sink, output->told_losses);
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
        note_losses(output, &blocks[i], now_us);
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
            on_keyframe_request(out, &view, now_us);
        else if (view.type == SL_RTCP_RTPFB && view.count == SL_RTPFB_TWCC &&
                 out->outputs[SL_VIDEO].shaper)
            sl_flow_shaper_feedback(out->outputs[SL_VIDEO].shaper, &view, now_us);
        else if (view.type == SL_RTCP_PSFB && view.count == SL_PSFB_AFB &&
                 out->outputs[SL_VIDEO].ext_send_time)
            sl_flow_shaper_feedback(out->outputs[SL_VIDEO].shaper, &view, now_us);
        else if (view.type == SL_RTCP_RR || view.type == SL_RTCP_SR)
            on_report_blocks(out, &view, now_us);
    }
}

/* ---- Reports that are due ---- */

/* The first request may have been lost, or the key frame; the player asks what it sees. */
static void ask_next(struct feed *next, int64_t now_us)
{
    if (next->patience_us > 0 && now_us - next->asked_us < next->patience_us)
        return;
    if (next->patience_us > 0) /* else it has just been asked */
        sl_sink_request_keyframe(next->sink);
    next->asked_us = now_us;
    next->patience_us = next->patience_us == 0             ? NEXT_US
                        : next->patience_us < NEXT_MOST_US ? 2 * next->patience_us
                                                           : NEXT_MOST_US;
}

void sl_flow_out_tick(struct sl_flow_out *out, int64_t now_us)
{
    struct output *video = &out->outputs[SL_VIDEO];

    SL_ASSERT_ON(sl_worker_loop(out->worker));
    sl_flow_out_give_back(out);
    if (video->next)
        ask_next(video->next, now_us);
    if (video->keyframe_wanted)
        sl_flow_out_ask_for_keyframe(video, now_us);
    if (video->shaper)
        sl_flow_shaper_tick(video->shaper, now_us);
    if (now_us - out->reported_us < out->report_every_us)
        return;
    out->reported_us = now_us;
    for (size_t transport = 0; transport < out->transport_count; transport++)
        sl_flow_out_report(out, transport, now_us);
}
