/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a receiver's feedback says. */
#include "rtp/feedback.h"

#include "base/clock.h"
#include "base/mem.h"
#include "rtp/rtp.h"

#include <string.h>

enum {
    MS = 1000,
    RING_MIN = 128,
    RING_MAX = 1024,                /* of 8 bytes; a second at 10 Mbit/s */
    RING_US = 5 * (int)SL_US_PER_S, /* younger ones are kept as long as the ring may grow */
    SLOT_US = 100 * MS,
    SLOTS = 10,           /* a second, for losses ... */
    QUEUE_SLOTS = 4,      /* ... and the end of it for the queue ... */
    QUEUE_SLOTS_EVEN = 2, /* ... or less, where no burst is a picture's */
    QUEUE_PACKETS = 8,
    QUEUE_PACKETS_EVEN = 5, /* of a small picture there is one packet */
    ARRIVAL_US = 50 * MS,
    ARRIVALS = 20,
    RATE_ARRIVALS = 10, /* half a second is some ten pictures */
    RATE_ARRIVALS_MIN = 3,
    BASE_US = 5 * (int)SL_US_PER_S,
    CLOCK_JUMP_US = 10 * (int)SL_US_PER_S, /* a receiver that was silent for so long begins anew */
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

struct sl_feedback {
    struct sl_probe *probe; /* the estimator's */
    int64_t next_seq;
    size_t size; /* of the ring: a power of two that grows as packets are sent faster */
    struct sent *ring;

    bool heard;
    int64_t raw_us, arrival_us; /* of the newest arrival: as it was told, and widened */
    int64_t newest_sent_us;     /* of what has arrived */
    struct slot slots[SLOTS];
    size_t slot;
    int64_t base_us[2], base_since_us; /* the shortest way, of this interval and the one before */
    int64_t rate_at_us;                /* when the newest of these began */
    uint32_t rate_bytes[ARRIVALS];
    size_t rate_slot;
    int64_t now_us; /* of the message that is being read */
};

struct sl_feedback *sl_feedback_create(struct sl_probe *probe)
{
    struct sl_feedback *f = sl_new(struct sl_feedback);

    f->probe = probe;
    f->next_seq = FIRST_SEQ;
    f->size = RING_MIN;
    f->ring = sl_new_array(struct sent, RING_MIN);
    f->base_us[0] = f->base_us[1] = INT64_MAX;
    return f;
}

void sl_feedback_destroy(struct sl_feedback *f)
{
    if (!f)
        return;
    free(f->ring);
    free(f);
}

static struct sent *sent_of(struct sl_feedback *f, int64_t seq)
{
    return &f->ring[(size_t)seq & (f->size - 1)];
}

/* Before the oldest of them makes way for the next. */
static void make_room(struct sl_feedback *f, int64_t now_us)
{
    const struct sent *oldest = sent_of(f, f->next_seq);
    size_t size = 2 * f->size;

    if (size > RING_MAX || oldest->state == UNUSED || (uint32_t)now_us - oldest->at_us >= RING_US)
        return;
    struct sent *ring = sl_new_array(struct sent, size);
    for (int64_t seq = f->next_seq - (int64_t)f->size; seq < f->next_seq; seq++)
        ring[(size_t)seq & (size - 1)] = *sent_of(f, seq);
    free(f->ring);
    f->ring = ring;
    f->size = size;
}

uint16_t sl_feedback_sent(struct sl_feedback *f, size_t bytes, int64_t now_us)
{
    make_room(f, now_us);
    struct sent *sent = sent_of(f, f->next_seq);
    uint8_t probe = sl_probe_sent(f->probe, bytes);

    *sent = (struct sent){(uint32_t)now_us, (uint16_t)bytes, SENT, probe};
    return (uint16_t)f->next_seq++;
}

/* ---- What a message says ---- */

/* age: how many numbers ago; not positive: it is still to come. */
static struct sent *find_sent(struct sl_feedback *f, uint16_t seq, int64_t *age)
{
    *age = (int16_t)((uint16_t)f->next_seq - seq);
    return *age <= 0 || *age > (int64_t)f->size ? NULL : sent_of(f, f->next_seq - *age);
}

static void forget_past(struct sl_feedback *f)
{
    memset(f->slots, 0, sizeof(f->slots));
    memset(f->rate_bytes, 0, sizeof(f->rate_bytes));
    f->base_us[0] = f->base_us[1] = INT64_MAX;
    f->base_since_us = f->now_us;
    f->rate_at_us = f->arrival_us;
}

/* The receiver's clock, which wraps, as one that does not. */
static int64_t widen(struct sl_feedback *f, int64_t raw_us)
{
    int64_t step = (raw_us - f->raw_us) % SL_TWCC_CYCLE_US;

    if (step > SL_TWCC_CYCLE_US / 2)
        step -= SL_TWCC_CYCLE_US;
    else if (step < -SL_TWCC_CYCLE_US / 2)
        step += SL_TWCC_CYCLE_US;
    f->raw_us = raw_us;
    if (f->heard && step >= -CLOCK_JUMP_US && step <= CLOCK_JUMP_US) {
        f->arrival_us += step;
        return f->arrival_us;
    }
    f->heard = true;
    f->arrival_us = raw_us;
    forget_past(f);
    return raw_us;
}

static void count_rate(struct sl_feedback *f, int64_t arrival_us, size_t bytes)
{
    if (arrival_us - f->rate_at_us >= ARRIVALS * ARRIVAL_US) {
        memset(f->rate_bytes, 0, sizeof(f->rate_bytes));
        f->rate_at_us = arrival_us;
    }
    while (arrival_us - f->rate_at_us >= ARRIVAL_US) {
        f->rate_at_us += ARRIVAL_US;
        f->rate_slot = (f->rate_slot + 1) % ARRIVALS;
        f->rate_bytes[f->rate_slot] = 0;
    }
    f->rate_bytes[f->rate_slot] += (uint32_t)bytes;
}

static void count_way(struct sl_feedback *f, int64_t way_us)
{
    struct slot *slot = &f->slots[f->slot];

    if (slot->arrived++ == 0 || way_us < slot->shortest_us)
        slot->shortest_us = way_us;
    if (way_us < f->base_us[0])
        f->base_us[0] = way_us;
}

static void on_arrival(void *owner, uint16_t seq, int64_t raw_us)
{
    struct sl_feedback *f = owner;
    int64_t age, arrival_us = widen(f, raw_us);
    struct sent *sent = find_sent(f, seq, &age);

    if (!sent || (sent->state != SENT && sent->state != MISSING))
        return;
    if (sent->state == MISSING)
        f->slots[f->slot].missing--;
    sent->state = ARRIVED;
    int64_t sent_us = f->now_us - (uint32_t)((uint32_t)f->now_us - sent->at_us);
    f->newest_sent_us = sent_us;
    count_way(f, arrival_us - sent_us);
    count_rate(f, arrival_us, sent->bytes);
    sl_probe_arrived(f->probe, sent->probe, sent->bytes, arrival_us);
}

static void on_missing(void *owner, uint16_t seq, size_t count)
{
    struct sl_feedback *f = owner;

    for (size_t i = 0; i < count; i++) {
        int64_t age;
        struct sent *sent = find_sent(f, (uint16_t)(seq + i), &age);
        if (age <= 0)
            return; /* and what is behind it, too */
        if (!sent) {
            i += (size_t)age - f->size - 1; /* to the oldest that is known */
            continue;
        }
        if (sent->state != SENT)
            continue;
        sent->state = MISSING;
        f->slots[f->slot].missing++;
    }
}

static void turn_slots(struct sl_feedback *f, int64_t now_us)
{
    if (now_us - f->slots[f->slot].at_us >= SLOT_US) {
        f->slot = (f->slot + 1) % SLOTS;
        f->slots[f->slot] = (struct slot){.at_us = now_us};
    }
    if (now_us - f->base_since_us < BASE_US)
        return;
    f->base_us[1] = f->base_us[0];
    f->base_us[0] = INT64_MAX;
    f->base_since_us = now_us;
}

int sl_feedback_read(struct sl_feedback *f, const struct sl_rtcp_view *view, int64_t now_us)
{
    static const struct sl_twcc_ops ops = {on_arrival, on_missing};

    if (f->base_since_us == 0)
        f->base_since_us = now_us;
    turn_slots(f, now_us);
    f->now_us = now_us;
    return sl_rtcp_read_twcc(view, &ops, f);
}

/* ---- What it comes to ---- */

static int64_t shortest_way_us(const struct sl_feedback *f)
{
    return f->base_us[0] < f->base_us[1] ? f->base_us[0] : f->base_us[1];
}

int64_t sl_feedback_queue_us(const struct sl_feedback *f, bool even, int64_t now_us)
{
    int64_t shortest_us = INT64_MAX;
    int64_t slots = even ? QUEUE_SLOTS_EVEN : QUEUE_SLOTS;
    int32_t packets = 0;

    for (size_t i = 0; i < SLOTS; i++) {
        const struct slot *slot = &f->slots[i];
        if (slot->arrived == 0 || now_us - slot->at_us >= (slots + 1) * SLOT_US)
            continue;
        packets += slot->arrived;
        shortest_us = slot->shortest_us < shortest_us ? slot->shortest_us : shortest_us;
    }
    return packets < (even ? QUEUE_PACKETS_EVEN : QUEUE_PACKETS) ? 0
                                                                 : shortest_us - shortest_way_us(f);
}

void sl_feedback_lengthen(struct sl_feedback *f, int64_t by_us, int64_t now_us)
{
    f->base_us[0] = f->base_us[1] = shortest_way_us(f) + by_us;
    f->base_since_us = now_us;
}

int32_t sl_feedback_lost_percent(const struct sl_feedback *f, int64_t now_us)
{
    int32_t arrived = 0, missing = 0;

    for (size_t i = 0; i < SLOTS; i++) {
        if (now_us - f->slots[i].at_us >= (SLOTS + 1) * SLOT_US)
            continue;
        arrived += f->slots[i].arrived;
        missing += f->slots[i].missing;
    }
    return missing <= 0 ? 0 : (int32_t)(100LL * missing / (arrived + missing));
}

uint64_t sl_feedback_arriving_bps(const struct sl_feedback *f)
{
    uint64_t bytes = 0;
    size_t slots = 0;

    for (size_t i = 1; i <= RATE_ARRIVALS; i++) {
        uint32_t of_slot = f->rate_bytes[(f->rate_slot + ARRIVALS - i) % ARRIVALS];
        if (of_slot == 0 && bytes > 0)
            break;
        bytes += of_slot;
        slots++;
    }
    if (slots < RATE_ARRIVALS_MIN)
        slots = RATE_ARRIVALS_MIN;
    return bytes * 8 * SL_US_PER_S / (slots * ARRIVAL_US);
}

int64_t sl_feedback_newest_sent_us(const struct sl_feedback *f)
{
    return f->newest_sent_us;
}
