/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pictures that a codec process was asked for and has not given yet. Pure: time is an argument.
 * Private to this directory (and its tests). */
#ifndef SL_MIXER_ORDERS_H
#define SL_MIXER_ORDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SL_MIXER_ORDERS_MAX = 3 /* a tenth of a second */ };

struct sl_mixer_orders {
    struct {
        int64_t pts_us, at_us;
    } waiting[SL_MIXER_ORDERS_MAX]; /* the oldest first */
    size_t count;                   /* zeroed at first */
};

/* One more may be asked for. *lost: those that waited were given up, and are not taken when they
 * come after all. */
bool sl_mixer_orders_has_room(struct sl_mixer_orders *orders, int64_t now_us, bool *lost);
/* After a true of that. */
void sl_mixer_orders_add(struct sl_mixer_orders *orders, int64_t pts_us, int64_t now_us);
/* Microseconds since it was asked for; those before it never come any more. -1: it was not. */
int64_t sl_mixer_orders_answer(struct sl_mixer_orders *orders, int64_t pts_us, int64_t now_us);

#endif
