/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The packets that are missing and when each was asked for, private to this directory. */
#ifndef SL_RTP_NACK_H
#define SL_RTP_NACK_H

#include "rtp/rtp.h"

struct sl_nack_entry {
    int64_t seq; /* widened */
    int64_t missing_since_us;
    int64_t asked_us; /* the last time; of no meaning while tries is 0 */
    unsigned tries;
};

/* Embedded, all zero when empty. Most paths lose nothing: there is memory for as many as there
 * were. */
struct sl_nack_list {
    size_t count, capacity;        /* at most SL_NACK_MAX */
    bool gave_up;                  /* since sl_nack_due() last told so */
    struct sl_nack_entry *entries; /* ascending seq; NULL: none was missing yet */
};

/* What is in it, not the list. */
void sl_nack_free(struct sl_nack_list *list);

/* Notes [first, end) as missing; all higher than any noted before. More than fit: everything is
 * forgotten and given up, as only a key frame helps then. */
void sl_nack_add(struct sl_nack_list *list, int64_t first, int64_t end, int64_t now_us);
/* One came after all; nothing happens if it was not noted. */
void sl_nack_remove(struct sl_nack_list *list, int64_t seq);
/* Forgets everything; given_up: and says so. */
void sl_nack_clear(struct sl_nack_list *list, bool given_up);
/* As sl_receiver_nacks(). */
size_t sl_nack_due(struct sl_nack_list *list, int64_t now_us, int64_t rtt_us, uint16_t *out,
                   size_t max, bool *give_up);

#endif
