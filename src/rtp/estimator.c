/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a receiver's link takes, from its transport-wide feedback. We forward what somebody else has
 * encoded, so there is no rate to choose as long as all of it gets there: the first question is
 * whether the link is narrower than the stream, and only then how narrow it is.
 *
 * Delay. Each packet's way takes its time on two clocks that nobody has set; the shortest of the
 * last seconds is the empty link. What the shortest of the last half second is above that stands in
 * a queue. Jitter and the bursts of a picture spare some packets, a queue spares none: so neither
 * raises an alarm, and no filter is needed. A way that has become longer looks like a queue at
 * first; but a queue of our making grows or loses packets while all is sent, and falls when less
 * is. What does neither is the way (is_way_longer()).
 *
 * Rate. While a queue stands, what arrives is what the link takes. We stay below it until the queue
 * is gone, then creep up, and try a step by a short burst that is paid for by packets sent twice.
 *
 *   FREE    -> LIMITED  a queue stands, or most is lost       (look())
 *   LIMITED -> FREE     the stream fits in with room to spare (leave_if_it_fits())
 *
 * A receiver that gives no such feedback may say a rate (REMB). It reckons from what arrives, so as
 * long as that is more than what is sent, the word is of no use: the link has shown no end, and a
 * limit grows beyond it. Once it is less, and does not rise, the receiver sees a queue
 * (take_word()). It takes its time for its first word, and may see none in a queue that is full
 * from the beginning: so what it misses by its reports counts as well, where that is hardly chance
 * (sl_estimator_losses()).
 *
 * All that feedback says is held against what was sent (rtp/feedback.c): a packet counts once, what
 * was not sent or is too old not at all. So a receiver that lies gets more or less of what it could
 * have had anyway, and nobody else is touched.
 */
#include "base/mem.h"
#include "rtp/feedback.h"
#include "rtp/rtp.h"

#include <string.h>

enum {
    US_PER_S = 1000000,
    MS = 1000,
    SLOT_US = 250 * MS,
    SLOTS = 4,

    /* A queue of jitter's making is as good as impossible: 50 ms, evenly spread, leave the shortest
     * of ten pictures above 40 ms once in ten million times. */
    QUEUE_FREE_US = 40 * MS,
    QUEUE_LIMITED_US = 25 * MS,
    QUEUE_LOSSY_US = 15 * MS, /* with a tenth lost, and for a while: a short queue that overflows */
    LOSSY_US = US_PER_S,
    QUEUE_GONE_US = 12 * MS,
    LOSSY_PERCENT = 10,

    /* A queue that stands still for so long, and loses nothing, is none. */
    LONGER_US = 1500 * MS,
    RISE_US = 600 * MS, /* a way becomes longer in one step, a queue takes its time */
    SLIGHT_US = 20 * MS,
    SILENT_US = 200 * MS, /* while nothing comes, nothing grows that could be seen */
    GROWN_US = 12 * MS,
    FALLEN_US = 10 * MS,
    OVERFLOWS_PERCENT = 3,
    CUTS_IN_VAIN = 3,
    CUTS_TOGETHER_US = 2 * US_PER_S,

    HOPELESS_PERCENT = 40, /* a link that drops and never queues; random losses are not like that */
    HOPELESS_US = 2 * US_PER_S,

    KEEP_PERCENT = 85, /* of what arrives while a queue stands */
    HOLD_US = 350 * MS,
    GROW_PERCENT = 12,      /* a second */
    GROW_FAST_PERCENT = 20, /* ... beyond where a queue began, for who cannot be probed */
    CREEP_PERCENT = 3,      /* ... where the queue began the last time */
    NEAR_PERCENT = 92,      /* from here on, up to ... */
    BEYOND_PERCENT = 110,
    STALE_US = 8 * US_PER_S, /* after so long the link may be another */
    HEADROOM_PERCENT = 120,  /* above what arrives: what nobody uses says nothing */
    PROBE_PERCENT = 150,
    PROBE_NEAR_PERCENT = 125,
    ROOMY_PERCENT = 130,
    ROOMY_US = 2 * US_PER_S,
    NEED_US = 20 * US_PER_S,
    CALM_US = 3 * US_PER_S,
    LIMIT_MIN_BPS = 50000,
    WORD_MAX_BPS = 1000000000,
    /* A receiver that says less of what is sent sees a queue, if it repeats it: a key frame is sent
     * before it can be reckoned with. */
    WORD_PERCENT = 95,
    WORD_US = 300 * MS,
    MISSED_US = 1500 * MS, /* so long it misses most: more than one report says so */
};

/* The bytes of the last second, by quarters. */
struct rate {
    int64_t since_us; /* of the slot under way */
    uint32_t bytes[SLOTS];
    size_t slot, whole; /* that one; how many before it are known */
};

struct sl_estimator {
    struct sl_feedback *feedback;
    struct sl_probe probe;

    struct rate offered;
    struct rate unnumbered; /* since_us 0: packets have numbers */

    uint64_t limit_bps;    /* 0: FREE */
    uint64_t capacity_bps; /* where a queue began the last time */
    uint64_t need_bps;     /* what was offered when it was too much */
    uint64_t wanted_bps;   /* what there is in place of which less is offered */
    int64_t queue_us;
    int64_t cut_us, looked_us;
    int64_t stands_us, stood_us;   /* since when a queue stands, 0: it does not; the least it was */
    int64_t slight_us;             /* when hardly any did */
    int64_t vain_us;               /* a queue that cuts have not made shorter, */
    size_t cuts_in_vain;           /* so many of them, */
    uint64_t vain_limit_bps;       /* and the limit before the first */
    int64_t lossy_us, hopeless_us; /* when the losses were last no sign of a narrow link */
    int64_t tight_us, short_us; /* when there was no room for what is offered, and for the need */
    uint64_t word_bps;          /* what the receiver said last */
    int64_t word_us;            /* since when the receiver says less than is sent; 0: it does not */
    int64_t missed_us;          /* when the limit was last cut without its word; 0: never */
    bool misses;                /* more than a little, by what it reported last */
    bool chance;                /* what it misses is no sign of a narrow link */
};

struct sl_estimator *sl_estimator_create(void)
{
    struct sl_estimator *e = sl_new(struct sl_estimator);

    sl_probe_init(&e->probe);
    e->feedback = sl_feedback_create(&e->probe);
    return e;
}

void sl_estimator_destroy(struct sl_estimator *e)
{
    if (!e)
        return;
    sl_feedback_destroy(e->feedback);
    free(e);
}

/* ---- Sent ---- */

uint16_t sl_estimator_sent(struct sl_estimator *e, size_t bytes, int64_t now_us)
{
    return sl_feedback_sent(e->feedback, bytes, now_us);
}

static void add_bytes(struct rate *rate, size_t bytes, int64_t now_us)
{
    if (now_us - rate->since_us >= SLOTS * SLOT_US)
        *rate = (struct rate){.since_us = now_us};
    while (now_us - rate->since_us >= SLOT_US) {
        rate->since_us += SLOT_US;
        rate->slot = (rate->slot + 1) % SLOTS;
        rate->bytes[rate->slot] = 0;
        if (rate->whole < SLOTS - 1)
            rate->whole++;
    }
    rate->bytes[rate->slot] += (uint32_t)bytes;
}

/* The slot under way is left out: it is not whole. */
static uint64_t bps_of(const struct rate *rate)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < SLOTS; i++)
        bytes += i == rate->slot ? 0 : rate->bytes[i];
    return rate->whole == 0 ? 0 : bytes * 8 * US_PER_S / (rate->whole * SLOT_US);
}

void sl_estimator_sent_unnumbered(struct sl_estimator *e, size_t bytes, int64_t now_us)
{
    add_bytes(&e->unnumbered, bytes, now_us);
}

void sl_estimator_offered(struct sl_estimator *e, size_t bytes, int64_t now_us)
{
    add_bytes(&e->offered, bytes, now_us);
}

void sl_estimator_want(struct sl_estimator *e, uint64_t bitrate_bps)
{
    e->wanted_bps = bitrate_bps;
}

uint64_t sl_estimator_offered_bps(const struct sl_estimator *e)
{
    return bps_of(&e->offered);
}

/* ---- What follows from it ---- */

/* The shortest way is from now on what it has been lately. */
static void take_longer_way(struct sl_estimator *e, int64_t now_us)
{
    sl_feedback_lengthen(e->feedback, e->queue_us, now_us);
    e->queue_us = e->stands_us = 0;
    e->cuts_in_vain = 0;
}

/* What seems to stand in a queue while all is sent: for now not our doing, or never. */
static bool is_way_longer(struct sl_estimator *e, int64_t now_us)
{
    if (e->queue_us <= QUEUE_FREE_US ||
        sl_feedback_lost_percent(e->feedback, now_us) >= OVERFLOWS_PERCENT ||
        (e->stands_us == 0 && now_us - e->slight_us > RISE_US)) {
        e->stands_us = 0;
        return false;
    }
    if (e->stands_us == 0 || e->queue_us < e->stood_us)
        e->stood_us = e->queue_us;
    if (e->stands_us == 0)
        e->stands_us = now_us;
    if (e->queue_us > e->stood_us + GROWN_US)
        return false;
    if (now_us - e->stands_us >= LONGER_US)
        take_longer_way(e, now_us);
    return true;
}

/* Notes a cut that is due. True: those before it were for nothing, and this is none. */
static bool is_cut_in_vain(struct sl_estimator *e, int64_t now_us)
{
    bool together = e->cuts_in_vain > 0 && now_us - e->cut_us < CUTS_TOGETHER_US &&
                    e->queue_us > e->vain_us - FALLEN_US && e->queue_us < e->vain_us + GROWN_US;

    if (sl_feedback_lost_percent(e->feedback, now_us) >= OVERFLOWS_PERCENT ||
        e->queue_us <= QUEUE_LIMITED_US) {
        e->cuts_in_vain = 0;
        return false;
    }
    if (!together) {
        e->cuts_in_vain = 0;
        e->vain_us = e->queue_us;
        e->vain_limit_bps = e->limit_bps;
    }
    return ++e->cuts_in_vain > CUTS_IN_VAIN;
}

static bool is_overused(struct sl_estimator *e, int64_t now_us)
{
    int32_t lost = sl_feedback_lost_percent(e->feedback, now_us);

    if (lost < HOPELESS_PERCENT)
        e->hopeless_us = now_us;
    if (lost < LOSSY_PERCENT || e->queue_us < QUEUE_LOSSY_US)
        e->lossy_us = now_us;
    return e->queue_us > (e->limit_bps ? QUEUE_LIMITED_US : QUEUE_FREE_US) ||
           now_us - e->lossy_us > LOSSY_US || now_us - e->hopeless_us > HOPELESS_US;
}

static void cut_to(struct sl_estimator *e, uint64_t limit_bps, int64_t now_us)
{
    uint64_t need = e->offered.whole > 0 ? sl_estimator_offered_bps(e) : 2 * e->capacity_bps;

    if (need > e->need_bps)
        e->need_bps = need;
    e->limit_bps = limit_bps > LIMIT_MIN_BPS ? limit_bps : LIMIT_MIN_BPS;
    e->cut_us = e->lossy_us = e->hopeless_us = e->tight_us = e->short_us = now_us;
}

/* A queue that stands though little was sent is not ours alone: then what arrives tells less. */
static void cut(struct sl_estimator *e, int64_t now_us)
{
    uint64_t arriving = sl_feedback_arriving_bps(e->feedback),
             limit = arriving * KEEP_PERCENT / 100;

    if (e->limit_bps && arriving < e->limit_bps * 7 / 10)
        limit = e->limit_bps * KEEP_PERCENT / 100;
    else
        e->capacity_bps = arriving;
    if (e->limit_bps && limit > e->limit_bps)
        limit = e->limit_bps;
    cut_to(e, limit, now_us);
    sl_probe_put_off(&e->probe, now_us);
}

/* Close to where a queue began the last time, not long ago, a burst brings nothing but another. */
static bool is_near_capacity(const struct sl_estimator *e)
{
    return e->limit_bps > e->capacity_bps * NEAR_PERCENT / 100 &&
           e->limit_bps < e->capacity_bps * BEYOND_PERCENT / 100;
}

static void grow(struct sl_estimator *e, int64_t now_us, int64_t elapsed_us)
{
    uint64_t beyond_bps = e->capacity_bps * BEYOND_PERCENT / 100;
    bool near = is_near_capacity(e);
    uint64_t limit = e->limit_bps + e->limit_bps * (near ? CREEP_PERCENT : GROW_PERCENT) *
                                        (uint64_t)elapsed_us / (100 * US_PER_S);
    uint64_t most = sl_feedback_arriving_bps(e->feedback) * HEADROOM_PERCENT / 100;

    if (limit > most)
        limit = most > e->limit_bps ? most : e->limit_bps;
    if (limit >= beyond_bps && e->limit_bps < beyond_bps)
        sl_probe_hurry(&e->probe, now_us);
    e->limit_bps = limit;
}

/* What would be sent if the link took it. */
static uint64_t wanted_bps(const struct sl_estimator *e)
{
    uint64_t offered = sl_estimator_offered_bps(e);

    return offered > e->wanted_bps ? offered : e->wanted_bps;
}

/* Nobody needs more than is offered, whatever a receiver says. */
static void keep_within_need(struct sl_estimator *e)
{
    uint64_t offered = wanted_bps(e);
    uint64_t most = 2 * (offered > e->need_bps ? offered : e->need_bps);

    if (e->limit_bps > most)
        e->limit_bps = most > LIMIT_MIN_BPS ? most : LIMIT_MIN_BPS;
}

static void leave(struct sl_estimator *e)
{
    e->limit_bps = e->need_bps = 0;
    sl_probe_leave(&e->probe);
}

/* All is as it was before the cuts that were for nothing. */
static void take_cuts_back(struct sl_estimator *e, int64_t now_us)
{
    take_longer_way(e, now_us);
    if (e->vain_limit_bps == 0)
        leave(e);
    else
        e->limit_bps = e->vain_limit_bps;
}

/* A source that was asked for less sends less: what it sent before counts, too, unless it stays
 * below for long, of its own will then. */
static void leave_if_it_fits(struct sl_estimator *e, int64_t now_us)
{
    if (e->limit_bps * 100 < wanted_bps(e) * ROOMY_PERCENT)
        e->tight_us = now_us;
    if (e->limit_bps * 100 < e->need_bps * ROOMY_PERCENT)
        e->short_us = now_us;
    if (now_us - e->tight_us < ROOMY_US || now_us - e->cut_us < CALM_US ||
        (now_us - e->short_us < ROOMY_US && now_us - e->tight_us < NEED_US))
        return;
    leave(e);
}

static void judge_probe(struct sl_estimator *e, int64_t now_us)
{
    uint64_t proven_bps = sl_probe_judge(&e->probe, now_us) * 92 / 100;

    if (proven_bps > e->limit_bps)
        e->limit_bps = proven_bps;
}

static void look(struct sl_estimator *e, int64_t now_us)
{
    int64_t elapsed_us = now_us - e->looked_us;
    int64_t under_way_us = now_us - sl_feedback_newest_sent_us(e->feedback);

    e->looked_us = now_us;
    if (elapsed_us > US_PER_S) /* a link that was gone is not narrow */
        e->lossy_us = e->hopeless_us = now_us;
    e->queue_us = sl_feedback_queue_us(e->feedback, e->limit_bps > 0, now_us);
    if (e->queue_us < SLIGHT_US)
        e->slight_us = now_us;
    else if (elapsed_us > SILENT_US)
        e->slight_us += elapsed_us;
    if (e->limit_bps == 0 && is_way_longer(e, now_us))
        return;
    if (is_overused(e, now_us)) {
        bool probed = now_us - e->probe.probed_us < HOLD_US + under_way_us;
        if (probed)
            sl_probe_fail(&e->probe, now_us);
        /* Below what the link is known to take the burst made the queue, which passes. */
        bool passes = probed && e->limit_bps < e->capacity_bps * BEYOND_PERCENT / 100;
        if (!passes && now_us - e->cut_us > HOLD_US + under_way_us) {
            if (is_cut_in_vain(e, now_us))
                take_cuts_back(e, now_us);
            else
                cut(e, now_us);
        }
        keep_within_need(e);
        return;
    }
    if (e->queue_us > 0 && e->queue_us < QUEUE_GONE_US)
        e->cuts_in_vain = 0;
    if (e->limit_bps == 0)
        return;
    judge_probe(e, now_us);
    if (e->queue_us < QUEUE_GONE_US && now_us - e->cut_us > HOLD_US && elapsed_us < US_PER_S)
        grow(e, now_us, elapsed_us);
    keep_within_need(e);
    leave_if_it_fits(e, now_us);
}

static void grow_by_word(struct sl_estimator *e, uint64_t word_bps, int64_t now_us,
                         int64_t elapsed_us)
{
    uint64_t sent_bps = bps_of(&e->unnumbered);
    unsigned percent = is_near_capacity(e)              ? CREEP_PERCENT
                       : e->limit_bps > e->capacity_bps ? GROW_FAST_PERCENT
                                                        : GROW_PERCENT;

    if (elapsed_us < US_PER_S && now_us - e->cut_us > HOLD_US)
        e->limit_bps += e->limit_bps * percent * (uint64_t)elapsed_us / (100 * US_PER_S);
    /* A word of far more than is sent is not reckoned from that, and one of who has just missed
     * most of it is none. */
    if (e->limit_bps > 0 && word_bps > e->limit_bps && word_bps < 2 * sent_bps &&
        (e->missed_us == 0 || now_us - e->missed_us > STALE_US))
        e->limit_bps = word_bps;
}

/* The receiver's own reckoning. */
static void take_word(struct sl_estimator *e, uint64_t word_bps, int64_t now_us)
{
    int64_t elapsed_us = now_us - e->looked_us;
    uint64_t sent_bps = bps_of(&e->unnumbered);

    e->looked_us = now_us;
    if (word_bps > WORD_MAX_BPS)
        word_bps = WORD_MAX_BPS;
    /* Who sees a queue says less than before. One who says more, and misses nothing, is only slower
     * than we are, and stays limited until it has caught up; but a queue that is full, it does not
     * see. */
    bool enough = word_bps * 100 >= sent_bps * WORD_PERCENT;
    bool follows = e->limit_bps > 0 && word_bps > e->word_bps && !e->misses;
    e->word_bps = word_bps;
    if (enough || follows) {
        e->word_us = 0;
        grow_by_word(e, word_bps, now_us, elapsed_us);
    } else if (e->word_us == 0) {
        e->word_us = now_us;
    }
    bool repeated = e->word_us > 0 && now_us - e->word_us >= WORD_US;
    if (e->word_us > 0 && (e->limit_bps > 0 ? word_bps < e->limit_bps : repeated)) {
        e->capacity_bps = word_bps;
        cut_to(e, word_bps, now_us);
    }
    if (e->limit_bps == 0)
        return;
    keep_within_need(e);
    if (enough)
        leave_if_it_fits(e, now_us);
    else
        e->tight_us = now_us;
}

/* Most of it is missed, or, where there is a limit, enough for a queue that is full: such a one is
 * no longer for a receiver that looks for queues that grow. */
static bool misses_too_much(struct sl_estimator *e, int percent, int64_t now_us)
{
    bool too_much =
        percent >= HOPELESS_PERCENT || (e->limit_bps > 0 && percent >= LOSSY_PERCENT && !e->chance);

    if (percent < LOSSY_PERCENT) {
        e->chance = false;
        e->cuts_in_vain = 0;
    }
    if (!too_much || e->hopeless_us == 0)
        e->hopeless_us = now_us;
    return now_us - e->hopeless_us >= MISSED_US;
}

void sl_estimator_losses(struct sl_estimator *e, int percent, int64_t now_us)
{
    e->misses = percent >= OVERFLOWS_PERCENT;
    if (!misses_too_much(e, percent, now_us))
        return;
    if (percent < HOPELESS_PERCENT && ++e->cuts_in_vain > CUTS_IN_VAIN) {
        e->chance = true; /* as much is missed however little is sent */
        leave(e);
        return;
    }
    e->missed_us = now_us;
    e->capacity_bps = bps_of(&e->unnumbered) * (uint64_t)(100 - percent) / 100;
    cut_to(e, e->capacity_bps * KEEP_PERCENT / 100, now_us);
    keep_within_need(e);
}

int sl_estimator_feedback(struct sl_estimator *e, const struct sl_rtcp_view *view, int64_t now_us)
{
    if (view->type == SL_RTCP_PSFB) {
        uint64_t word_bps;
        int told = sl_rtcp_read_remb(view, &word_bps);
        if (told == 0)
            take_word(e, word_bps, now_us);
        return told;
    }
    if (e->hopeless_us == 0)
        e->lossy_us = e->hopeless_us = now_us;
    int err = sl_feedback_read(e->feedback, view, now_us);
    if (err == 0)
        look(e, now_us);
    return err;
}

uint64_t sl_estimator_limit_bps(const struct sl_estimator *e)
{
    return e->limit_bps;
}

int64_t sl_estimator_queue_us(const struct sl_estimator *e)
{
    return e->queue_us;
}

int sl_estimator_lost_percent(const struct sl_estimator *e, int64_t now_us)
{
    return sl_feedback_lost_percent(e->feedback, now_us);
}

int64_t sl_estimator_cut_us(const struct sl_estimator *e)
{
    return e->cut_us;
}

/* ---- Probing ---- */

static bool may_probe(const struct sl_estimator *e, int64_t now_us)
{
    return e->limit_bps > 0 && e->unnumbered.since_us == 0 && sl_probe_is_due(&e->probe, now_us) &&
           now_us - e->cut_us > 2 * US_PER_S && e->queue_us < QUEUE_GONE_US &&
           now_us - e->looked_us < US_PER_S &&
           (!is_near_capacity(e) || now_us - e->cut_us > STALE_US);
}

size_t sl_estimator_probe(struct sl_estimator *e, int64_t now_us)
{
    if (may_probe(e, now_us)) {
        unsigned percent = is_near_capacity(e) ? PROBE_NEAR_PERCENT : PROBE_PERCENT;
        sl_probe_begin(&e->probe, e->limit_bps * percent / 100, now_us);
    }
    return sl_probe_due_bytes(&e->probe, now_us);
}
