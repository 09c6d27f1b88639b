/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What one ssrc's packets tell on arrival: order, losses, jitter, and the report on them. */
#include "base/clock.h"
#include "base/mem.h"
#include "rtp/nack.h"
#include "rtp/rtp.h"
#include "rtp/seq.h"

#include <errno.h>
#include <string.h>

enum {
    MAX_DROPOUT = 3000, /* RFC 3550 appendix A.1: a larger step forward is a new beginning */
    /* Packets back that can still be told from duplicates: more than a second at 3000 packets/s,
     * so that a retransmission finds its place. A power of two, above MAX_DROPOUT. */
    WINDOW = 4096,
    CYCLE = 65536,
    JITTER_STEP_MAX_S = 5, /* a longer step of the transit time is another timeline, not jitter */
};

struct sl_receiver {
    uint32_t clock_hz;
    bool nack;
    struct sl_receiver_stats stats;

    /* Widened numbers; from one new beginning to the next they count up without overlap. */
    bool started;
    int64_t origin; /* cycle of the next beginning */
    int64_t base, highest;
    uint64_t received[WINDOW / 64]; /* one bit each of the last WINDOW numbers */
    int32_t restart_seq;            /* 16 bits, -1 none: the number after one that was too old */

    /* Of the packets since the beginning; lost_before: of those before it. */
    int64_t received_count, lost_before;
    int64_t expected_prior, received_prior; /* at the last report */

    bool has_transit;
    uint32_t transit;
    uint32_t jitter_q4; /* times 16, RFC 3550 appendix A.8 */

    bool has_sr;
    uint32_t sr_ntp_middle;
    int64_t sr_us;

    struct sl_nack_list missing;
};

struct sl_receiver *sl_receiver_create(uint32_t clock_hz, bool nack)
{
    struct sl_receiver *receiver = sl_new(struct sl_receiver);

    receiver->clock_hz = clock_hz;
    receiver->nack = nack;
    receiver->origin = CYCLE;
    receiver->restart_seq = -1;
    return receiver;
}

void sl_receiver_destroy(struct sl_receiver *receiver)
{
    if (!receiver)
        return;
    sl_nack_free(&receiver->missing);
    free(receiver);
}

const struct sl_receiver_stats *sl_receiver_stats(const struct sl_receiver *receiver)
{
    return &receiver->stats;
}

/* ---- The window of numbers received ---- */

static bool window_has(const struct sl_receiver *receiver, int64_t seq)
{
    size_t bit = (size_t)seq % WINDOW;
    return receiver->received[bit / 64] >> (bit % 64) & 1;
}

static void window_set(struct sl_receiver *receiver, int64_t seq, bool value)
{
    size_t bit = (size_t)seq % WINDOW;
    uint64_t mask = UINT64_C(1) << (bit % 64);

    if (value)
        receiver->received[bit / 64] |= mask;
    else
        receiver->received[bit / 64] &= ~mask;
}

/* ---- Beginnings ---- */

static void begin(struct sl_receiver *receiver, uint16_t seq)
{
    receiver->started = true;
    receiver->base = receiver->origin + seq;
    receiver->highest = receiver->base - 1; /* so the first packet is the next one */
    memset(receiver->received, 0, sizeof(receiver->received));
    receiver->received_count = 0;
    receiver->expected_prior = 0;
    receiver->received_prior = 0;
    receiver->has_transit = false;
}

/* The next packet begins anew. Two cycles on, no number can be near one of before. */
static int reset(struct sl_receiver *receiver)
{
    receiver->started = false;
    receiver->origin = (receiver->highest / CYCLE + 2) * CYCLE;
    receiver->restart_seq = -1;
    receiver->lost_before = receiver->stats.lost;
    sl_nack_clear(&receiver->missing, true);
    return -ERANGE;
}

/* Too old for the window: the straggler of a bad path, or a sender that started again. Two in a row
 * tell (RFC 3550 appendix A.1, MIN_SEQUENTIAL). */
static int on_too_old(struct sl_receiver *receiver, uint16_t seq, bool rtx)
{
    if (rtx)
        return -EALREADY;
    if (receiver->restart_seq == seq)
        return reset(receiver);
    receiver->restart_seq = (uint16_t)(seq + 1);
    return -EALREADY;
}

/* ---- Jitter ---- */

/* Wraps as RTP timestamps do. In two steps: now_us * clock_hz would overflow after three years. */
static uint32_t ticks_of(const struct sl_receiver *receiver, int64_t now_us)
{
    uint64_t seconds = (uint64_t)now_us / SL_US_PER_S;
    uint64_t rest_us = (uint64_t)now_us % SL_US_PER_S;

    return (uint32_t)(seconds * receiver->clock_hz + rest_us * receiver->clock_hz / SL_US_PER_S);
}

static void note_jitter(struct sl_receiver *receiver, uint32_t timestamp, int64_t now_us)
{
    uint32_t transit = ticks_of(receiver, now_us) - timestamp;
    uint32_t step = transit - receiver->transit;
    bool first = !receiver->has_transit;

    receiver->transit = transit;
    receiver->has_transit = true;
    if (first)
        return;
    if (step > INT32_MAX)
        step = -step;
    if (step > (uint64_t)receiver->clock_hz * JITTER_STEP_MAX_S)
        return;
    receiver->jitter_q4 += step - ((receiver->jitter_q4 + 8) >> 4);
    receiver->stats.jitter = receiver->jitter_q4 >> 4;
}

/* ---- Packets ---- */

static void advance(struct sl_receiver *receiver, int64_t seq, int64_t now_us)
{
    for (int64_t skipped = receiver->highest + 1; skipped < seq; skipped++)
        window_set(receiver, skipped, false);
    if (receiver->nack)
        sl_nack_add(&receiver->missing, receiver->highest + 1, seq, now_us);
    receiver->highest = seq;
}

/* A packet from before the highest one. */
static int fill_gap(struct sl_receiver *receiver, int64_t seq, bool rtx)
{
    if (window_has(receiver, seq))
        return -EALREADY;
    if (seq >= receiver->base) {
        receiver->stats.recovered++;
        sl_nack_remove(&receiver->missing, seq);
        return 0;
    }
    if (rtx) /* a probe that repeats what was sent before we came */
        return -EALREADY;
    receiver->base = seq; /* the first packets were out of order */
    return 0;
}

static int64_t expected_count(const struct sl_receiver *receiver)
{
    return receiver->started ? receiver->highest - receiver->base + 1 : 0;
}

int64_t sl_receiver_input(struct sl_receiver *receiver, uint16_t seq16, uint32_t timestamp,
                          size_t bytes, bool rtx, int64_t now_us)
{
    if (!receiver->started)
        begin(receiver, seq16);

    int64_t seq = sl_seq_nearest(receiver->highest, seq16);
    int64_t step = seq - receiver->highest;

    if (step > MAX_DROPOUT)
        return rtx ? -EALREADY : reset(receiver);
    if (step <= -WINDOW)
        return on_too_old(receiver, seq16, rtx);
    if (step > 0) {
        advance(receiver, seq, now_us);
        if (!rtx) /* and a late one says when it was sent again, not how the path jitters */
            note_jitter(receiver, timestamp, now_us);
    } else {
        int err = fill_gap(receiver, seq, rtx);
        if (err < 0)
            return err;
    }
    window_set(receiver, seq, true);
    receiver->restart_seq = -1;
    receiver->received_count++;
    receiver->stats.packets++;
    receiver->stats.bytes += bytes;
    receiver->stats.lost =
        receiver->lost_before + expected_count(receiver) - receiver->received_count;
    return seq;
}

size_t sl_receiver_nacks(struct sl_receiver *receiver, int64_t now_us, int64_t rtt_us,
                         uint16_t *out, size_t max, bool *give_up)
{
    size_t count = sl_nack_due(&receiver->missing, now_us, rtt_us, out, max, give_up);

    receiver->stats.nacked += count;
    return count;
}

/* ---- Reports ---- */

void sl_receiver_on_sr(struct sl_receiver *receiver, uint64_t ntp, int64_t now_us)
{
    receiver->has_sr = true;
    receiver->sr_ntp_middle = (uint32_t)(ntp >> 16);
    receiver->sr_us = now_us;
}

static uint32_t dlsr_of(int64_t since_us)
{
    int64_t seconds = since_us / SL_US_PER_S;

    if (since_us < 0)
        return 0;
    if (seconds > UINT16_MAX)
        return UINT32_MAX;
    return (uint32_t)(seconds << 16 | (since_us % SL_US_PER_S << 16) / SL_US_PER_S);
}

void sl_receiver_report(struct sl_receiver *receiver, int64_t now_us, struct sl_report_block *out)
{
    int64_t expected = expected_count(receiver) - receiver->expected_prior;
    int64_t received = receiver->received_count - receiver->received_prior;
    int64_t lost = expected - received; /* below 0 when late ones came */
    int64_t total = receiver->stats.lost;

    *out = (struct sl_report_block){
        .lost = (int32_t)(total > 0x7fffff ? 0x7fffff : total), /* it is never below 0 */
        .highest_seq = receiver->started ? (uint32_t)(receiver->highest - CYCLE) : 0,
        .jitter = receiver->stats.jitter,
    };
    if (expected > 0 && lost > 0)
        out->fraction_lost = (uint8_t)(lost >= expected ? 255 : (lost << 8) / expected);
    if (receiver->has_sr) {
        out->lsr = receiver->sr_ntp_middle;
        out->dlsr = dlsr_of(now_us - receiver->sr_us);
    }
    receiver->expected_prior = expected_count(receiver);
    receiver->received_prior = receiver->received_count;
}
