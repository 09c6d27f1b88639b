/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * When to ask for a missing packet, and when to stop.
 *
 * A request or its answer is lost with p = 1 - (1 - loss)^2: 0.10 at 5 % each way, 0.19 at 10 %.
 * After n tries p^n are still missing; 10 tries leave less than one packet in ten million, so the
 * bounds below are for paths that are broken, not for losses.
 *
 * A gap is asked for at once, without waiting for reordered packets: a request too many costs one
 * packet of bandwidth, a request 20 ms late costs every player 20 ms of delay.
 */
#include "rtp/nack.h"

#include "base/mem.h"

#include <string.h>

enum {
    CAPACITY_MIN = 16,
    RETRY_MIN_US = 20000, /* a retransmission cannot be expected sooner, whatever the estimate */
    TRIES_MAX = 20,
    AGE_MAX_US = 1500000, /* players have gone on by then; a longer rtt gets fewer tries */
};

void sl_nack_free(struct sl_nack_list *list)
{
    free(list->entries);
}

static void make_room(struct sl_nack_list *list, size_t count)
{
    size_t capacity = list->capacity > 0 ? list->capacity : CAPACITY_MIN;

    while (capacity < count)
        capacity *= 2;
    if (capacity == list->capacity)
        return;
    struct sl_nack_entry *entries = sl_new_array(struct sl_nack_entry, capacity);
    if (list->count > 0)
        memcpy(entries, list->entries, list->count * sizeof(entries[0]));
    free(list->entries);
    list->entries = entries;
    list->capacity = capacity;
}

void sl_nack_clear(struct sl_nack_list *list, bool given_up)
{
    list->count = 0;
    if (given_up)
        list->gave_up = true;
}

void sl_nack_add(struct sl_nack_list *list, int64_t first, int64_t end, int64_t now_us)
{
    if (end - first > (int64_t)(SL_NACK_MAX - list->count)) {
        sl_nack_clear(list, true);
        return;
    }
    if (first < end)
        make_room(list, list->count + (size_t)(end - first));
    for (int64_t seq = first; seq < end; seq++)
        list->entries[list->count++] =
            (struct sl_nack_entry){.seq = seq, .missing_since_us = now_us};
}

void sl_nack_remove(struct sl_nack_list *list, int64_t seq)
{
    for (size_t i = 0; i < list->count && list->entries[i].seq <= seq; i++) {
        if (list->entries[i].seq != seq)
            continue;
        list->count--;
        memmove(&list->entries[i], &list->entries[i + 1],
                (list->count - i) * sizeof(list->entries[0]));
        return;
    }
}

size_t sl_nack_due(struct sl_nack_list *list, int64_t now_us, int64_t rtt_us, uint16_t *out,
                   size_t max, bool *give_up)
{
    int64_t retry_us = rtt_us > RETRY_MIN_US ? rtt_us : RETRY_MIN_US;
    size_t kept = 0, asked = 0;

    for (size_t i = 0; i < list->count; i++) {
        struct sl_nack_entry entry = list->entries[i];
        bool due = entry.tries == 0 || now_us - entry.asked_us >= retry_us;

        /* The last try gets as long for its answer as the others. */
        if (now_us - entry.missing_since_us >= AGE_MAX_US || (due && entry.tries >= TRIES_MAX)) {
            list->gave_up = true;
            continue;
        }
        if (due && asked < max) {
            out[asked++] = (uint16_t)entry.seq;
            entry.asked_us = now_us;
            entry.tries++;
        }
        list->entries[kept++] = entry;
    }
    list->count = kept;
    *give_up = list->gave_up;
    list->gave_up = false;
    return asked;
}
