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
 * All that feedback says is held against what was sent: a packet counts once, what was not sent or
 * is too old not at all. So a receiver that lies gets more or less of what it could have had
 * anyway, and nobody else is touched.
 */
#include "base/mem.h"
#include "rtp/rtp.h"

#include <string.h>

enum {
    US_PER_S = 1000000,
    MS = 1000,
    RING = 1024, /* of 8 bytes; a second at 10 Mbit/s */
    SLOT_US = 100 * MS,
    SLOTS = 10,      /* a second, for losses ... */
    QUEUE_SLOTS = 4, /* ... and the end of it for the queue ... */
    QUEUE_SLOTS_LIMITED =
        2, /* ... or less, where packets leave evenly and no burst is a picture's */
    QUEUE_PACKETS = 8,
    QUEUE_PACKETS_LIMITED = 5, /* of a small picture there is one packet */
    ARRIVAL_US = 50 * MS,
    ARRIVALS = 20,
    RATE_ARRIVALS = 10, /* half a second is some ten pictures */
    RATE_ARRIVALS_MIN = 3,
    BASE_US = 5 * US_PER_S,
    CLOCK_JUMP_US = 10 * US_PER_S, /* a receiver that was silent for so long begins anew */
    OFFERED_US = 250 * MS,
    OFFERED_SLOTS = 4,

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
    GROW_PERCENT = 12, /* a second */
    CREEP_PERCENT = 3, /* ... where the queue began the last time */
    NEAR_PERCENT = 92, /* from here on, up to ... */
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

    PROBE_US = 60 * MS, /* or longer, until there are enough packets */
    PROBE_MOST_US = 400 * MS,
    PROBE_TIMEOUT_US = US_PER_S,
    PROBE_PACKETS = 5,
    PROBE_SOON_US = US_PER_S,
    PROBE_LATER_US = 5 * US_PER_S,
    PROBE_LATEST_US = 8 * US_PER_S,
};

#define FIRST_SEQ ((int64_t)1 << 16) /* widened numbers stay positive */

enum state { UNUSED, SENT, ARRIVED, MISSING };

struct sent {
    uint32_t at_us; /* wraps; what is so old is out of the ring */
    uint16_t bytes;
    uint8_t state;
    uint8_t probe; /* which, 0: none */
};

struct slot {
    int64_t at_us; /* when it began */
    int64_t shortest_us;
    int32_t arrived, missing; /* missing falls when one comes late after all */
};

struct probe {
    uint8_t id; /* 0: none is under way */
    int64_t since_us;
    uint64_t rate_bps;
    size_t sent_bytes, sent_packets, arrived_bytes, arrived_packets;
    int64_t first_us, last_us; /* arrivals */
    size_t first_bytes;
};

struct sl_estimator {
    int64_t next_seq;
    struct sent ring[RING];

    bool heard;
    int64_t raw_us, arrival_us; /* of the newest arrival: as it was told, and widened */
    int64_t newest_sent_us;     /* of what has arrived */
    struct slot slots[SLOTS];
    size_t slot;
    int64_t base_us[2], base_since_us; /* the shortest way, of this interval and the one before */
    int64_t rate_at_us;                /* when the newest of these began */
    uint32_t rate_bytes[ARRIVALS];
    size_t rate_slot;

    int64_t offered_at_us;
    uint32_t offered_bytes[OFFERED_SLOTS];
    size_t offered_slot, offered_slots;

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
    int64_t probe_at_us, probe_every_us;
    int64_t probed_us; /* when one was last under way */
    struct probe probe;
    uint8_t last_probe;
    int64_t now_us; /* of the message that is being read */
};

struct sl_estimator *sl_estimator_create(void)
{
    struct sl_estimator *e = sl_new(struct sl_estimator);

    e->next_seq = FIRST_SEQ;
    e->base_us[0] = e->base_us[1] = INT64_MAX;
    e->probe_every_us = PROBE_SOON_US;
    return e;
}

void sl_estimator_destroy(struct sl_estimator *e)
{
    free(e);
}

/* ---- Sent ---- */

uint16_t sl_estimator_sent(struct sl_estimator *e, size_t bytes, int64_t now_us)
{
    struct sent *sent = &e->ring[(size_t)e->next_seq % RING];

    *sent = (struct sent){(uint32_t)now_us, (uint16_t)bytes, SENT, e->probe.id};
    if (e->probe.id) {
        e->probe.sent_bytes += bytes;
        e->probe.sent_packets++;
    }
    return (uint16_t)e->next_seq++;
}

void sl_estimator_offered(struct sl_estimator *e, size_t bytes, int64_t now_us)
{
    if (now_us - e->offered_at_us >= OFFERED_SLOTS * OFFERED_US) {
        memset(e->offered_bytes, 0, sizeof(e->offered_bytes));
        e->offered_at_us = now_us;
        e->offered_slots = 0;
    }
    while (now_us - e->offered_at_us >= OFFERED_US) {
        e->offered_at_us += OFFERED_US;
        e->offered_slot = (e->offered_slot + 1) % OFFERED_SLOTS;
        e->offered_bytes[e->offered_slot] = 0;
        if (e->offered_slots < OFFERED_SLOTS - 1)
            e->offered_slots++;
    }
    e->offered_bytes[e->offered_slot] += (uint32_t)bytes;
}

void sl_estimator_want(struct sl_estimator *e, uint64_t bitrate_bps)
{
    e->wanted_bps = bitrate_bps;
}

/* The slot under way is left out: it is not whole. */
uint64_t sl_estimator_offered_bps(const struct sl_estimator *e)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < OFFERED_SLOTS; i++)
        bytes += i == e->offered_slot ? 0 : e->offered_bytes[i];
    return e->offered_slots == 0 ? 0 : bytes * 8 * US_PER_S / (e->offered_slots * OFFERED_US);
}

/* ---- What a message says ---- */

/* age: how many numbers ago; not positive: it is still to come. */
static struct sent *find_sent(struct sl_estimator *e, uint16_t seq, int64_t *age)
{
    *age = (int16_t)((uint16_t)e->next_seq - seq);
    return *age <= 0 || *age > RING ? NULL : &e->ring[(size_t)(e->next_seq - *age) % RING];
}

static void forget_past(struct sl_estimator *e)
{
    memset(e->slots, 0, sizeof(e->slots));
    memset(e->rate_bytes, 0, sizeof(e->rate_bytes));
    e->base_us[0] = e->base_us[1] = INT64_MAX;
    e->base_since_us = e->now_us;
    e->rate_at_us = e->arrival_us;
}

/* The receiver's clock, which wraps, as one that does not. */
static int64_t widen(struct sl_estimator *e, int64_t raw_us)
{
    int64_t step = (raw_us - e->raw_us) % SL_TWCC_CYCLE_US;

    if (step > SL_TWCC_CYCLE_US / 2)
        step -= SL_TWCC_CYCLE_US;
    else if (step < -SL_TWCC_CYCLE_US / 2)
        step += SL_TWCC_CYCLE_US;
    e->raw_us = raw_us;
    if (e->heard && step >= -CLOCK_JUMP_US && step <= CLOCK_JUMP_US) {
        e->arrival_us += step;
        return e->arrival_us;
    }
    e->heard = true;
    e->arrival_us = raw_us;
    forget_past(e);
    return raw_us;
}

static void count_rate(struct sl_estimator *e, int64_t arrival_us, size_t bytes)
{
    if (arrival_us - e->rate_at_us >= ARRIVALS * ARRIVAL_US) {
        memset(e->rate_bytes, 0, sizeof(e->rate_bytes));
        e->rate_at_us = arrival_us;
    }
    while (arrival_us - e->rate_at_us >= ARRIVAL_US) {
        e->rate_at_us += ARRIVAL_US;
        e->rate_slot = (e->rate_slot + 1) % ARRIVALS;
        e->rate_bytes[e->rate_slot] = 0;
    }
    e->rate_bytes[e->rate_slot] += (uint32_t)bytes;
}

/* Of the last half second, or of less if nothing came before that. A link is as fast as it is while
 * something comes. */
static uint64_t arriving_bps(const struct sl_estimator *e)
{
    uint64_t bytes = 0;
    size_t slots = 0;

    for (size_t i = 1; i <= RATE_ARRIVALS; i++) {
        uint32_t of_slot = e->rate_bytes[(e->rate_slot + ARRIVALS - i) % ARRIVALS];
        if (of_slot == 0 && bytes > 0)
            break;
        bytes += of_slot;
        slots++;
    }
    if (slots < RATE_ARRIVALS_MIN)
        slots = RATE_ARRIVALS_MIN;
    return bytes * 8 * US_PER_S / (slots * ARRIVAL_US);
}

static void count_way(struct sl_estimator *e, int64_t way_us)
{
    struct slot *slot = &e->slots[e->slot];

    if (slot->arrived++ == 0 || way_us < slot->shortest_us)
        slot->shortest_us = way_us;
    if (way_us < e->base_us[0])
        e->base_us[0] = way_us;
}

static void count_probe(struct sl_estimator *e, const struct sent *sent, int64_t arrival_us)
{
    struct probe *probe = &e->probe;

    if (sent->probe == 0 || sent->probe != e->last_probe || probe->rate_bps == 0)
        return;
    if (probe->arrived_packets++ == 0) {
        probe->first_us = probe->last_us = arrival_us;
        probe->first_bytes = sent->bytes;
    }
    probe->first_us = arrival_us < probe->first_us ? arrival_us : probe->first_us;
    probe->last_us = arrival_us > probe->last_us ? arrival_us : probe->last_us;
    probe->arrived_bytes += sent->bytes;
}

static void on_arrival(void *owner, uint16_t seq, int64_t raw_us)
{
    struct sl_estimator *e = owner;
    int64_t age, arrival_us = widen(e, raw_us);
    struct sent *sent = find_sent(e, seq, &age);

    if (!sent || (sent->state != SENT && sent->state != MISSING))
        return;
    if (sent->state == MISSING)
        e->slots[e->slot].missing--;
    sent->state = ARRIVED;
    int64_t sent_us = e->now_us - (uint32_t)((uint32_t)e->now_us - sent->at_us);
    e->newest_sent_us = sent_us;
    count_way(e, arrival_us - sent_us);
    count_rate(e, arrival_us, sent->bytes);
    count_probe(e, sent, arrival_us);
}

static void on_missing(void *owner, uint16_t seq, size_t count)
{
    struct sl_estimator *e = owner;

    for (size_t i = 0; i < count; i++) {
        int64_t age;
        struct sent *sent = find_sent(e, (uint16_t)(seq + i), &age);
        if (age <= 0)
            return; /* and what is behind it, too */
        if (!sent) {
            i += (size_t)(age - RING) - 1; /* to the oldest that is known */
            continue;
        }
        if (sent->state != SENT)
            continue;
        sent->state = MISSING;
        e->slots[e->slot].missing++;
    }
}

/* ---- What follows from it ---- */

static void turn_slots(struct sl_estimator *e, int64_t now_us)
{
    if (now_us - e->slots[e->slot].at_us >= SLOT_US) {
        e->slot = (e->slot + 1) % SLOTS;
        e->slots[e->slot] = (struct slot){.at_us = now_us};
    }
    if (now_us - e->base_since_us < BASE_US)
        return;
    e->base_us[1] = e->base_us[0];
    e->base_us[0] = INT64_MAX;
    e->base_since_us = now_us;
}

/* What stands in a queue; 0, too, where too few packets tell. */
static int64_t standing_us(const struct sl_estimator *e, int64_t now_us)
{
    int64_t base_us = e->base_us[0] < e->base_us[1] ? e->base_us[0] : e->base_us[1];
    int64_t shortest_us = INT64_MAX;
    int64_t slots = e->limit_bps > 0 ? QUEUE_SLOTS_LIMITED : QUEUE_SLOTS;
    int32_t packets = 0;

    for (size_t i = 0; i < SLOTS; i++) {
        const struct slot *slot = &e->slots[i];
        if (slot->arrived == 0 || now_us - slot->at_us >= (slots + 1) * SLOT_US)
            continue;
        packets += slot->arrived;
        shortest_us = slot->shortest_us < shortest_us ? slot->shortest_us : shortest_us;
    }
    return packets < (e->limit_bps > 0 ? QUEUE_PACKETS_LIMITED : QUEUE_PACKETS)
               ? 0
               : shortest_us - base_us;
}

static int32_t lost_percent(const struct sl_estimator *e, int64_t now_us)
{
    int32_t arrived = 0, missing = 0;

    for (size_t i = 0; i < SLOTS; i++) {
        if (now_us - e->slots[i].at_us >= (SLOTS + 1) * SLOT_US)
            continue;
        arrived += e->slots[i].arrived;
        missing += e->slots[i].missing;
    }
    return missing <= 0 ? 0 : (int32_t)(100LL * missing / (arrived + missing));
}

/* The shortest way is from now on what it has been lately. */
static void take_longer_way(struct sl_estimator *e, int64_t now_us)
{
    int64_t base_us = e->base_us[0] < e->base_us[1] ? e->base_us[0] : e->base_us[1];

    e->base_us[0] = e->base_us[1] = base_us + e->queue_us;
    e->base_since_us = now_us;
    e->queue_us = e->stands_us = 0;
    e->cuts_in_vain = 0;
}

/* What seems to stand in a queue while all is sent: for now not our doing, or never. */
static bool is_way_longer(struct sl_estimator *e, int64_t now_us)
{
    if (e->queue_us <= QUEUE_FREE_US || lost_percent(e, now_us) >= OVERFLOWS_PERCENT ||
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

    if (lost_percent(e, now_us) >= OVERFLOWS_PERCENT || e->queue_us <= QUEUE_LIMITED_US) {
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
    int32_t lost = lost_percent(e, now_us);

    if (lost < HOPELESS_PERCENT)
        e->hopeless_us = now_us;
    if (lost < LOSSY_PERCENT || e->queue_us < QUEUE_LOSSY_US)
        e->lossy_us = now_us;
    return e->queue_us > (e->limit_bps ? QUEUE_LIMITED_US : QUEUE_FREE_US) ||
           now_us - e->lossy_us > LOSSY_US || now_us - e->hopeless_us > HOPELESS_US;
}

/* A queue that stands though little was sent is not ours alone: then what arrives tells less. */
static void cut(struct sl_estimator *e, int64_t now_us)
{
    uint64_t arriving = arriving_bps(e), limit = arriving * KEEP_PERCENT / 100;

    if (e->limit_bps && arriving < e->limit_bps * 7 / 10)
        limit = e->limit_bps * KEEP_PERCENT / 100;
    else
        e->capacity_bps = arriving;
    if (e->limit_bps && limit > e->limit_bps)
        limit = e->limit_bps;
    uint64_t need = e->offered_slots > 0 ? sl_estimator_offered_bps(e) : 2 * arriving;
    if (need > e->need_bps)
        e->need_bps = need;
    e->limit_bps = limit > LIMIT_MIN_BPS ? limit : LIMIT_MIN_BPS;
    e->cut_us = e->lossy_us = e->hopeless_us = e->tight_us = e->short_us = now_us;
    e->probe.id = 0;
    e->probe.rate_bps = 0;
    if (e->probe_at_us < now_us + PROBE_SOON_US)
        e->probe_at_us = now_us + 2 * PROBE_SOON_US;
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
    uint64_t most = arriving_bps(e) * HEADROOM_PERCENT / 100;

    if (limit > most)
        limit = most > e->limit_bps ? most : e->limit_bps;
    if (limit >= beyond_bps && e->limit_bps < beyond_bps) {
        e->probe_at_us = now_us + PROBE_SOON_US; /* the link may have become wider: soon it shows */
        e->probe_every_us = PROBE_SOON_US;
    }
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
    e->probe = (struct probe){0};
    e->probe_every_us = PROBE_SOON_US;
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

static void end_probe(struct sl_estimator *e, int64_t now_us, bool worked)
{
    e->probe = (struct probe){0};
    if (worked) {
        e->probe_every_us = PROBE_SOON_US;
    } else {
        e->probe_every_us =
            e->probe_every_us < PROBE_LATER_US ? PROBE_LATER_US : e->probe_every_us * 3 / 2;
        if (e->probe_every_us > PROBE_LATEST_US)
            e->probe_every_us = PROBE_LATEST_US;
    }
    e->probe_at_us = now_us + e->probe_every_us;
}

static void fail_probe(struct sl_estimator *e, int64_t now_us)
{
    if (e->probe.rate_bps > 0)
        end_probe(e, now_us, false);
}

/* Whether the burst came as fast as it went. */
static void judge_probe(struct sl_estimator *e, int64_t now_us)
{
    const struct probe *probe = &e->probe;

    if (probe->rate_bps == 0 || probe->id != 0)
        return;
    bool whole = probe->arrived_packets * 10 >= probe->sent_packets * 9;
    if (!whole && now_us - probe->since_us < PROBE_TIMEOUT_US)
        return;
    int64_t took_us = probe->last_us - probe->first_us;
    if (!whole || probe->arrived_packets < PROBE_PACKETS || took_us < PROBE_US / 4) {
        end_probe(e, now_us, false);
        return;
    }
    uint64_t rate = (probe->arrived_bytes - probe->first_bytes) * 8 * US_PER_S / (uint64_t)took_us;
    if (rate > probe->rate_bps)
        rate = probe->rate_bps;
    bool worked = rate * 100 >= probe->rate_bps * 88;
    if (worked && rate * 92 / 100 > e->limit_bps)
        e->limit_bps = rate * 92 / 100;
    end_probe(e, now_us, worked);
}

static void look(struct sl_estimator *e, int64_t now_us)
{
    int64_t elapsed_us = now_us - e->looked_us;
    int64_t under_way_us = now_us - e->newest_sent_us;

    e->looked_us = now_us;
    if (elapsed_us > US_PER_S) /* a link that was gone is not narrow */
        e->lossy_us = e->hopeless_us = now_us;
    e->queue_us = standing_us(e, now_us);
    if (e->queue_us < SLIGHT_US)
        e->slight_us = now_us;
    else if (elapsed_us > SILENT_US)
        e->slight_us += elapsed_us;
    if (e->limit_bps == 0 && is_way_longer(e, now_us))
        return;
    if (is_overused(e, now_us)) {
        bool probed = now_us - e->probed_us < HOLD_US + under_way_us;
        if (probed)
            fail_probe(e, now_us);
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

int sl_estimator_feedback(struct sl_estimator *e, const struct sl_rtcp_view *view, int64_t now_us)
{
    static const struct sl_twcc_ops ops = {on_arrival, on_missing};

    if (e->hopeless_us == 0)
        e->lossy_us = e->hopeless_us = e->base_since_us = now_us;
    turn_slots(e, now_us);
    e->now_us = now_us;
    int err = sl_rtcp_read_twcc(view, &ops, e);
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
    return lost_percent(e, now_us);
}

int64_t sl_estimator_cut_us(const struct sl_estimator *e)
{
    return e->cut_us;
}

/* ---- Probing ---- */

static bool may_probe(const struct sl_estimator *e, int64_t now_us)
{
    return e->limit_bps > 0 && e->probe.rate_bps == 0 && now_us >= e->probe_at_us &&
           now_us - e->cut_us > 2 * US_PER_S && e->queue_us < QUEUE_GONE_US &&
           now_us - e->looked_us < US_PER_S &&
           (!is_near_capacity(e) || now_us - e->cut_us > STALE_US);
}

size_t sl_estimator_probe(struct sl_estimator *e, int64_t now_us)
{
    struct probe *probe = &e->probe;

    if (may_probe(e, now_us)) {
        unsigned percent = is_near_capacity(e) ? PROBE_NEAR_PERCENT : PROBE_PERCENT;
        e->last_probe = e->last_probe == UINT8_MAX ? 1 : (uint8_t)(e->last_probe + 1);
        *probe = (struct probe){
            .id = e->last_probe, .since_us = now_us, .rate_bps = e->limit_bps * percent / 100};
    }
    if (probe->id == 0)
        return 0;
    e->probed_us = now_us;
    int64_t took_us = now_us - probe->since_us;
    if (took_us >= PROBE_MOST_US ||
        (took_us >= PROBE_US && probe->sent_packets >= PROBE_PACKETS + 2)) {
        probe->id = 0; /* judge_probe() when it has arrived */
        return 0;
    }
    size_t due = (size_t)(probe->rate_bps * (uint64_t)took_us / (8 * US_PER_S));
    return due > probe->sent_bytes ? due - probe->sent_bytes : 0;
}
