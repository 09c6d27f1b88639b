/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Shaping: whole pictures at the pace of a link, and what is asked of the source because of it.
 *
 *   idle     nothing waits, the estimate has no limit: the output sends by itself
 *   pacing   a limit is known, or packets still wait              (begin_pacing(), end_pacing())
 *   dropping of those: pictures are left out up to a key frame     (begin_dropping(), resume())
 *
 * Where pictures have layers, the upper ones are left out first (layering.h): fewer pictures a
 * second or smaller ones, and none is missing.
 */
#include "flow/shaper.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "flow/layering.h"
#include "flow/out.h"

#include <string.h>

enum {
    HELD_MAX = 512, /* packets; a key frame of 600 KB */
    BATCH = 32,
    OVERHEAD = SL_RTP_HEADER_LEN + 8, /* what the estimate counts beside the payload */
    PACE_MS = 5,
    PACE_PERCENT = 115,
    REPAIR_PERCENT = 20,
    REPAIR_BURST_US = 500 * SL_US_PER_MS,
    REPAIR_AGE_US = SL_US_PER_S,
    /* How long a picture may have to wait. A key frame of a stream that fits takes its time; of one
     * that does not the wait only grows. Just after the link got narrow, the source may yet follow.
     */
    WAIT_US = 300 * SL_US_PER_MS,
    WAIT_FITS_US = 800 * SL_US_PER_MS,
    WAIT_FIRST_US = SL_US_PER_S,
    FIRST_US = 3 * SL_US_PER_S,
    FITS_PERCENT = 110,
    UNREPAIRABLE_PERCENT = 10,
    KEYFRAME_EVERY_US = 4 * SL_US_PER_S, /* for all narrow players of a stream together */
    KEYFRAME_FITS_US = SL_US_PER_S,      /* where the stream has come to fit in */
    BOUND_PERCENT = 95,
    BOUND_STEP_PERCENT = 4, /* changes of less are not told */
};

/* A packet on its way. */
struct held {
    struct sl_rtp_packet *packet; /* one reference */
    bool begins;                  /* something before it was left out, or will be no more ... */
    uint8_t spatial;              /* ... so that this is the highest layer now ... */
    uint16_t left;                /* ... and so many pictures, whose numbers are closed up */
};

struct sl_flow_shaper {
    struct output *output;
    struct sl_estimator *estimator;

    struct sl_timer *timer; /* NULL: idle */
    struct held *held;      /* a ring of HELD_MAX */
    size_t head, count, bytes;
    int64_t budget, budget_us; /* bytes that may leave now; when it was earned */
    int64_t repairs, repairs_us;
    int64_t paced_us; /* since when it is pacing */
    int64_t cut_us;   /* the estimator's, as it was seen last */

    int64_t newest_seq; /* that was looked at, and its picture */
    uint32_t timestamp;
    int64_t keyframe_seq; /* where the newest key frame begins: nothing behind leans on what is
                             before */
    bool skipping;        /* this picture */
    bool dropping;        /* pictures up to a key frame */
    bool begins;          /* the next packet that is held does */
    struct sl_layering layering;
    struct sl_layer layer; /* of this picture, as its first packet said */
    uint8_t spatial;       /* the highest that is sent of it */
    uint16_t left;         /* pictures, since the last packet that was held */
    int64_t keyframe_asked_us;
    uint64_t bound_bps; /* as the track was told */
    uint64_t probe_index;
};

/* ---- What is sent ---- */

static uint64_t limit_of(const struct sl_flow_shaper *shaper)
{
    return sl_estimator_limit_bps(shaper->estimator);
}

static size_t bytes_of(const struct sl_rtp_packet *packet)
{
    return packet->payload_len + (size_t)OVERHEAD;
}

static int64_t wait_us(const struct sl_flow_shaper *shaper)
{
    uint64_t limit = limit_of(shaper);

    return limit ? (int64_t)(shaper->bytes * 8 * SL_US_PER_S / limit) : 0;
}

static void earn(struct sl_flow_shaper *shaper, int64_t now_us)
{
    int64_t limit = (int64_t)limit_of(shaper);
    int64_t most = limit * 2 * PACE_MS / 8000 + SL_PACKET_PAYLOAD_MAX;

    shaper->budget += (now_us - shaper->budget_us) * limit * PACE_PERCENT / 100 / (8 * SL_US_PER_S);
    if (shaper->budget > most)
        shaper->budget = most;
    shaper->budget_us = now_us;
}

static void note_seam(struct sl_flow_shaper *shaper, const struct held *first)
{
    struct output *output = shaper->output;

    output->seam = (output->seam + 1) % SL_FLOW_SEAMS;
    output->seams[output->seam] =
        (struct seam){output->splice.base, output->splice.first_seq, output->end.index + 1,
                      output->splice.picture_offset, output->spatial};
    output->splice.base = output->end.index + 1;
    output->splice.first_seq = first->packet->seq;
    /* Whoever misses a picture's number waits for it. */
    output->splice.picture_offset = (uint16_t)(output->splice.picture_offset - first->left);
    output->moved |= first->left > 0;
    output->spatial = first->spatial;
}

/* The first of those that wait, as many as may leave at once. */
static void send_some(struct sl_flow_shaper *shaper, const struct sl_flow_path *path)
{
    struct sl_rtp_packet *packets[BATCH];
    bool unlimited = limit_of(shaper) == 0;
    size_t count = 0;

    if (shaper->held[shaper->head].begins)
        note_seam(shaper, &shaper->held[shaper->head]);
    while (count < BATCH && count < shaper->count && (unlimited || shaper->budget > 0)) {
        const struct held *held = &shaper->held[(shaper->head + count) % HELD_MAX];
        if (count > 0 && held->begins)
            break;
        packets[count++] = held->packet;
        shaper->budget -= (int64_t)bytes_of(held->packet);
        shaper->bytes -= bytes_of(held->packet);
    }
    sl_flow_out_send(shaper->output, path, packets, count);
    shaper->head = (shaper->head + count) % HELD_MAX;
    shaper->count -= count;
    for (size_t i = 0; i < count; i++)
        sl_rtp_packet_unref(packets[i]);
}

static void send_due(struct sl_flow_shaper *shaper, int64_t now_us)
{
    struct sl_flow_path path;

    earn(shaper, now_us);
    if (shaper->count == 0 || !sl_flow_out_path(shaper->output, &path))
        return;
    while (shaper->count > 0 && (shaper->budget > 0 || limit_of(shaper) == 0))
        send_some(shaper, &path);
}

/* ---- What is left out ---- */

/* All but the picture of which something has left. */
static void drop_waiting(struct sl_flow_shaper *shaper)
{
    uint32_t begun = shaper->output->end.timestamp - shaper->output->splice.timestamp_offset;
    size_t kept = 0;

    for (; kept < shaper->count; kept++) {
        const struct held *held = &shaper->held[(shaper->head + kept) % HELD_MAX];
        if (held->begins || held->packet->timestamp != begun)
            break;
    }
    for (size_t i = kept; i < shaper->count; i++) {
        struct sl_rtp_packet *packet = shaper->held[(shaper->head + i) % HELD_MAX].packet;
        shaper->bytes -= bytes_of(packet);
        sl_rtp_packet_unref(packet);
    }
    shaper->count = kept;
    shaper->skipping = shaper->timestamp != begun;
}

/* Key frames are wished for while nothing else brings back what is left out. */
static void tell_wish(const struct sl_flow_shaper *shaper, enum sl_codec codec)
{
    bool wished = shaper->dropping || sl_layering_awaits_keyframe(&shaper->layering, codec);

    sl_sink_wish_keyframes(shaper->output->current->sink, wished ? KEYFRAME_EVERY_US : 0);
}

static void begin_dropping(struct sl_flow_shaper *shaper)
{
    if (shaper->dropping)
        return;
    shaper->dropping = true;
    shaper->keyframe_asked_us = shaper->output->sending_us;
    sl_sink_wish_keyframes(shaper->output->current->sink, KEYFRAME_EVERY_US);
}

static void resume(struct sl_flow_shaper *shaper)
{
    shaper->dropping = false;
    shaper->begins = true;
}

static bool fits(const struct sl_flow_shaper *shaper)
{
    return sl_estimator_offered_bps(shaper->estimator) * 100 <= limit_of(shaper) * FITS_PERCENT;
}

static bool waits_too_long(const struct sl_flow_shaper *shaper)
{
    int64_t most_us = fits(shaper) ? WAIT_FITS_US : WAIT_US;

    if (shaper->output->sending_us - shaper->paced_us < FIRST_US)
        most_us = WAIT_FIRST_US;
    return wait_us(shaper) > most_us;
}

static void leave_out_more(struct sl_flow_shaper *shaper)
{
    if (!shaper->layering.exist || !sl_layering_step_down(&shaper->layering))
        begin_dropping(shaper);
}

/* A picture of which less, or more, is sent than of the one before: from where on is kept, as the
 * last packet of the highest layer is the picture's last (marker). */
static void note_layers(struct sl_flow_shaper *shaper, enum sl_codec codec)
{
    uint8_t spatial =
        codec == SL_CODEC_VP9 ? sl_layering_spatial(&shaper->layering) : SL_LAYERING_ALL_SPATIAL;
    int change = sl_layering_change(&shaper->layering);

    shaper->begins |= spatial != shaper->spatial;
    shaper->spatial = spatial;
    if (change != 0)
        sl_count(shaper->output->flow->counters,
                 change < 0 ? SL_COUNTER_LAYERS_DOWN : SL_COUNTER_LAYERS_UP, 1);
}

/* What becomes of a picture, as its first packet comes. */
static bool is_skipped(struct sl_flow_shaper *shaper, const struct sl_rtp_packet *first)
{
    if (shaper->dropping && first->keyframe_start && wait_us(shaper) <= WAIT_US)
        resume(shaper);
    else if (!shaper->dropping && waits_too_long(shaper))
        leave_out_more(shaper);
    bool skipped = shaper->dropping;
    if (!skipped) {
        sl_layering_picture(&shaper->layering, &shaper->layer, first->keyframe_start);
        tell_wish(shaper, first->codec);
        note_layers(shaper, first->codec);
        if (!sl_layering_takes(&shaper->layering, &shaper->layer)) {
            shaper->begins = skipped = true;
            /* Whoever misses a picture of VP8 by its number waits for it. Those of VP9 tell by them
             * what they lean on. */
            if (first->codec == SL_CODEC_VP8)
                shaper->left++;
        }
    }
    if (skipped)
        sl_count(shaper->output->flow->counters, SL_COUNTER_PICTURES_LEFT_OUT, 1);
    return skipped;
}

static void hold(struct sl_flow_shaper *shaper, struct sl_rtp_packet *packet)
{
    if (shaper->count == HELD_MAX) { /* a picture of more than that is broken, as the next ones */
        shaper->skipping = true;
        begin_dropping(shaper);
        return;
    }
    shaper->held[(shaper->head + shaper->count++) % HELD_MAX] =
        (struct held){sl_rtp_packet_ref(packet), shaper->begins, shaper->spatial, shaper->left};
    shaper->begins = false;
    shaper->left = 0;
    shaper->bytes += bytes_of(packet);
}

static void consider(struct sl_flow_shaper *shaper, struct sl_rtp_packet *packet)
{
    bool begins = packet->seq > shaper->newest_seq && packet->timestamp != shaper->timestamp;
    struct sl_layer layer;
    int err = sl_layer_read(packet->codec, packet->payload, packet->payload_len, &layer);

    if (err < 0 && !begins)
        layer = shaper->layer;
    if (begins)
        shaper->layer = layer;
    sl_layering_count(&shaper->layering, &layer, bytes_of(packet), limit_of(shaper),
                      shaper->output->sending_us);
    if (packet->seq > shaper->newest_seq) {
        if (begins)
            shaper->skipping = is_skipped(shaper, packet);
        shaper->newest_seq = packet->seq;
        shaper->timestamp = packet->timestamp;
    }
    if (shaper->skipping)
        return;
    if (sl_layering_takes(&shaper->layering, &layer))
        hold(shaper, packet);
    else
        shaper->begins = true;
}

/* ---- From one state to another ---- */

static void on_pace(void *owner);

static void begin_pacing(struct sl_flow_shaper *shaper, int64_t now_us)
{
    struct output *output = shaper->output;
    const struct sl_splice *splice = &output->splice;

    shaper->held = sl_new_array(struct held, HELD_MAX);
    shaper->timer = sl_timer_create(sl_worker_loop(output->flow->worker), on_pace, shaper);
    sl_timer_start(shaper->timer, PACE_MS, PACE_MS);
    shaper->paced_us = shaper->budget_us = shaper->repairs_us = now_us;
    shaper->budget = shaper->repairs = 0;
    shaper->newest_seq = splice->first_seq + (int64_t)(output->end.index - splice->base);
    shaper->timestamp = output->end.timestamp - splice->timestamp_offset;
    shaper->skipping = false;
    shaper->left = 0;
    shaper->spatial = output->spatial;
    sl_layering_begin(&shaper->layering, now_us);
}

static void end_pacing(struct sl_flow_shaper *shaper)
{
    sl_timer_destroy(shaper->timer);
    shaper->timer = NULL;
    free(shaper->held);
    shaper->held = NULL;
    shaper->head = 0;
}

/* The source is told what the link takes, where the track finds that right; 0: all. */
static void tell_bound(struct sl_flow_shaper *shaper, uint64_t limit_bps)
{
    uint64_t bound = limit_bps * BOUND_PERCENT / 100, told = shaper->bound_bps;
    uint64_t step = told * BOUND_STEP_PERCENT / 100;

    if (bound == told || (bound && told && bound < told + step && bound + step > told))
        return;
    shaper->bound_bps = bound;
    sl_sink_bound_bitrate(shaper->output->current->sink, bound);
}

static void tell_figures(const struct sl_flow_shaper *shaper)
{
    struct sl_flow_stats *stats = &shaper->output->flow->stats;

    atomic_store_explicit(&stats->limit_bps, limit_of(shaper), memory_order_relaxed);
    atomic_store_explicit(&stats->offered_bps, sl_estimator_offered_bps(shaper->estimator),
                          memory_order_relaxed);
    bool layered = shaper->timer && shaper->layering.exist &&
                   shaper->layering.rates_bps[0] <= limit_of(shaper);
    atomic_store_explicit(&stats->layered, layered, memory_order_relaxed);
}

/* The queue in the link empties before anything goes into it again. */
static void note_cut(struct sl_flow_shaper *shaper)
{
    int64_t cut_us = sl_estimator_cut_us(shaper->estimator);

    if (cut_us == shaper->cut_us)
        return;
    shaper->cut_us = cut_us;
    sl_count(shaper->output->flow->counters, SL_COUNTER_DOWNLINK_CUTS, 1);
    shaper->budget =
        -(sl_estimator_queue_us(shaper->estimator) * (int64_t)limit_of(shaper) / (8 * SL_US_PER_S));
    /* So much is missing that repairs would take seconds: what leans on it is of no use. */
    if (wait_us(shaper) <= WAIT_FIRST_US &&
        sl_estimator_lost_percent(shaper->estimator, shaper->output->sending_us) <
            UNREPAIRABLE_PERCENT)
        return;
    drop_waiting(shaper);
    begin_dropping(shaper);
}

static void follow_limit(struct sl_flow_shaper *shaper, int64_t now_us)
{
    uint64_t limit = limit_of(shaper);

    shaper->output->sending_us = now_us;
    if (limit && !shaper->timer && shaper->output->started)
        begin_pacing(shaper, now_us);
    if (shaper->timer)
        note_cut(shaper);
    tell_bound(shaper, limit);
    tell_figures(shaper);
    if (!limit && shaper->timer && shaper->count == 0 && !shaper->dropping &&
        sl_layering_is_full(&shaper->layering))
        end_pacing(shaper);
}

void sl_flow_shaper_feedback(struct sl_flow_shaper *shaper, const struct sl_rtcp_view *view,
                             int64_t now_us)
{
    if (shaper->output->flow->started && !shaper->output->flow->stopped &&
        sl_estimator_feedback(shaper->estimator, view, now_us) == 0)
        follow_limit(shaper, now_us);
}

void sl_flow_shaper_losses(struct sl_flow_shaper *shaper, uint8_t fraction_lost, int64_t now_us)
{
    if (!shaper->output->flow->started || shaper->output->flow->stopped)
        return;
    sl_estimator_losses(shaper->estimator, fraction_lost * 100 / 256, now_us);
    follow_limit(shaper, now_us);
}

/* A burst to see whether the link takes more: the newest packets once more. */
static void probe(struct sl_flow_shaper *shaper, int64_t now_us)
{
    struct output *output = shaper->output;
    struct sl_flow_path path;
    size_t due = sl_estimator_probe(shaper->estimator, now_us);

    if (due == 0 || !sl_flow_out_path(output, &path))
        return;
    for (size_t tries = 0, sent = 0; sent < due && tries < BATCH; tries++) {
        if (shaper->probe_index > output->end.index ||
            output->end.index - shaper->probe_index > BATCH)
            shaper->probe_index = output->end.index;
        sent += sl_flow_repeat(output, &path, shaper->probe_index--);
        sl_count(output->flow->counters, SL_COUNTER_DOWNLINK_PROBES, 1);
    }
}

static void on_pace(void *owner)
{
    struct sl_flow_shaper *shaper = owner;
    int64_t now_us = sl_now_us();

    shaper->output->sending_us = now_us;
    send_due(shaper, now_us);
    probe(shaper, now_us);
}

void sl_flow_shaper_tick(struct sl_flow_shaper *shaper, int64_t now_us)
{
    if (!shaper->timer)
        return;
    sl_estimator_offered(shaper->estimator, 0, now_us); /* nothing is something, too */
    follow_limit(shaper, now_us);
    if (!shaper->dropping || now_us - shaper->keyframe_asked_us < KEYFRAME_FITS_US ||
        (limit_of(shaper) && !fits(shaper)))
        return;
    shaper->keyframe_asked_us = now_us;
    sl_sink_request_keyframe(shaper->output->current->sink);
}

bool sl_flow_shaper_take(struct sl_flow_shaper *shaper, struct sl_rtp_packet *const *packets,
                         size_t count)
{
    size_t bytes = 0;

    shaper->output->sending_us = sl_now_us();
    for (size_t i = 0; i < count; i++) {
        bytes += bytes_of(packets[i]);
        if (packets[i]->keyframe_start && packets[i]->seq > shaper->keyframe_seq)
            shaper->keyframe_seq = packets[i]->seq;
    }
    sl_estimator_offered(shaper->estimator, bytes, shaper->output->sending_us);
    if (!shaper->timer)
        return false;
    for (size_t i = 0; i < count; i++)
        consider(shaper, packets[i]);
    send_due(shaper, shaper->output->sending_us);
    return true;
}

bool sl_flow_shaper_may_repair(struct sl_flow_shaper *shaper, const struct sl_rtp_packet *packet,
                               int64_t now_us)
{
    int64_t rate = (int64_t)limit_of(shaper) * REPAIR_PERCENT / 100;
    int64_t most = rate * REPAIR_BURST_US / (8 * SL_US_PER_S);

    shaper->output->sending_us = now_us;
    if (!shaper->timer || rate == 0)
        return true;
    shaper->repairs += (now_us - shaper->repairs_us) * rate / (8 * SL_US_PER_S);
    shaper->repairs_us = now_us;
    if (shaper->repairs > most)
        shaper->repairs = most;
    if (now_us - packet->arrival_us > REPAIR_AGE_US && !shaper->dropping &&
        packet->seq >= shaper->keyframe_seq) {
        drop_waiting(shaper); /* what leans on it is of no use either */
        begin_dropping(shaper);
    }
    if (shaper->repairs <= 0 || now_us - packet->arrival_us > REPAIR_AGE_US)
        return false;
    shaper->repairs -= (int64_t)bytes_of(packet);
    shaper->budget -= (int64_t)bytes_of(packet);
    return true;
}

bool sl_flow_shaper_awaits_keyframe(const struct sl_flow_shaper *shaper)
{
    return shaper->dropping;
}

void sl_flow_shaper_want(struct sl_flow_shaper *shaper, uint64_t bitrate_bps)
{
    sl_estimator_want(shaper->estimator, bitrate_bps);
}

/* ---- Life ---- */

void sl_flow_shaper_reset(struct sl_flow_shaper *shaper)
{
    for (size_t i = 0; i < shaper->count; i++)
        sl_rtp_packet_unref(shaper->held[(shaper->head + i) % HELD_MAX].packet);
    shaper->count = shaper->bytes = 0;
    if (shaper->timer)
        sl_sink_wish_keyframes(shaper->output->current->sink, 0);
    if (shaper->bound_bps)
        sl_sink_bound_bitrate(shaper->output->current->sink, 0);
    shaper->bound_bps = 0;
    shaper->dropping = shaper->skipping = shaper->begins = false;
    shaper->newest_seq = shaper->keyframe_seq = -1;
    shaper->left = 0;
    sl_layering_begin(&shaper->layering, shaper->output->sending_us);
    shaper->spatial = shaper->output->spatial = SL_LAYERING_ALL_SPATIAL;
    memset(shaper->output->seams, 0, SL_FLOW_SEAMS * sizeof(*shaper->output->seams));
}

void sl_flow_shaper_stop(struct sl_flow_shaper *shaper)
{
    sl_flow_shaper_reset(shaper);
    if (shaper->timer)
        end_pacing(shaper);
}

struct sl_flow_shaper *sl_flow_shaper_create(struct output *output)
{
    struct sl_flow_shaper *shaper = sl_new(struct sl_flow_shaper);

    shaper->output = output;
    shaper->estimator = output->estimator = sl_estimator_create();
    shaper->spatial = output->spatial = SL_LAYERING_ALL_SPATIAL;
    output->seams = sl_new_array(struct seam, SL_FLOW_SEAMS);
    return shaper;
}

void sl_flow_shaper_destroy(struct sl_flow_shaper *shaper)
{
    if (!shaper)
        return;
    sl_estimator_destroy(shaper->estimator);
    free(shaper->output->seams);
    shaper->output->seams = NULL;
    free(shaper);
}
