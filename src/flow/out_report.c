/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an output says of itself: sender reports on the source's clock, what comes next, the end. */
#include "flow/out.h"

#include "base/bytes.h"
#include "base/clock.h"

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

static bool write_report(struct output *output, struct sl_writer *w, int64_t now_us)
{
    struct sl_sender_info info;

    if (!output->current || !output->started || !now_on_source_clock(output, now_us, &info))
        return false;
    sl_rtcp_write_sr(w, output->ssrc, &info, NULL, 0);
    sl_rtcp_write_cname(w, output->ssrc, output->flow->cname);
    output->last_sr_ntp_middle = (uint32_t)(info.ntp >> 16);
    output->last_sr_us = now_us;
    return true;
}

static void send_rtcp(struct sl_flow_out *out, size_t transport, const struct sl_writer *w,
                      const uint8_t *buf)
{
    if (w->ok && sl_writer_len(w) > 0)
        sl_flow_send_rtcp(out->ops, out->owner, transport, out->counters, buf, sl_writer_len(w));
}

void sl_flow_out_report(struct sl_flow_out *out, size_t transport, int64_t now_us)
{
    uint8_t buf[SL_FLOW_RTCP_MAX];
    struct sl_writer w = sl_writer_of(buf, sizeof(buf));

    for (size_t i = 0; i < 2; i++) {
        if (out->outputs[i].transport == transport)
            (void)write_report(&out->outputs[i], &w, now_us); /* the other one may have started */
    }
    send_rtcp(out, transport, &w, buf);
}

/* A compound packet begins with a report, be it an empty one (RFC 3550 section 6.1). */
void sl_flow_out_bye(struct sl_flow_out *out, int64_t now_us)
{
    uint8_t buf[SL_FLOW_RTCP_MAX];

    SL_ASSERT_ON(sl_worker_loop(out->worker));
    for (size_t i = 0; i < 2; i++) {
        struct output *output = &out->outputs[i];
        struct sl_writer w = sl_writer_of(buf, sizeof(buf));
        if (!output->current)
            continue;
        if (!write_report(output, &w, now_us)) {
            sl_rtcp_write_rr(&w, output->ssrc, NULL, 0);
            sl_rtcp_write_cname(&w, output->ssrc, out->cname);
        }
        sl_rtcp_write_bye(&w, output->ssrc);
        send_rtcp(out, output->transport, &w, buf);
    }
}

uint32_t sl_flow_out_time(const struct sl_flow_out *out, int64_t now_us)
{
    const struct output *output = &out->outputs[SL_AUDIO];
    const struct sl_rtp_packet *newest =
        output->current ? sl_sink_newest_packet(output->current->sink) : NULL;
    int64_t clock_hz = newest ? output->clock_hz[newest->codec] : SL_FLOW_OWN_CLOCK_HZ;
    int64_t since_us = newest ? now_us - newest->arrival_us : now_us;
    uint32_t ticks = (uint32_t)(since_us * clock_hz / SL_US_PER_S);

    SL_ASSERT_ON(sl_worker_loop(out->worker));
    return newest ? newest->timestamp + output->splice.timestamp_offset + ticks : ticks;
}

bool sl_flow_out_next(const struct sl_flow_out *out, enum sl_media_kind kind,
                      struct sl_flow_next *next)
{
    const struct output *output = &out->outputs[kind];

    SL_ASSERT_ON(sl_worker_loop(out->worker));
    if (!output->current)
        return false;
    const struct sl_rtp_packet *newest = sl_sink_newest_packet(output->current->sink);
    *next = (struct sl_flow_next){
        .seq = (uint16_t)(output->started ? output->end.index + 1 : output->splice.base),
        .has_timestamp = newest != NULL};
    if (newest)
        next->timestamp = newest->timestamp + output->splice.timestamp_offset;
    return true;
}
