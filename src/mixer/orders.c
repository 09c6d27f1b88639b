/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A short list, answered in its order. */
#include "mixer/orders.h"

#include "base/clock.h"

#include <assert.h>
#include <string.h>

enum { LOST_US = 2 * SL_US_PER_S }; /* what was not answered for so long never is */

bool sl_mixer_orders_has_room(struct sl_mixer_orders *orders, int64_t now_us, bool *lost)
{
    *lost = orders->count > 0 && now_us - orders->waiting[0].at_us > LOST_US;
    if (*lost)
        orders->count = 0;
    return orders->count < SL_MIXER_ORDERS_MAX;
}

void sl_mixer_orders_add(struct sl_mixer_orders *orders, int64_t pts_us, int64_t now_us)
{
    assert(orders->count < SL_MIXER_ORDERS_MAX);
    orders->waiting[orders->count].pts_us = pts_us;
    orders->waiting[orders->count++].at_us = now_us;
}

int64_t sl_mixer_orders_answer(struct sl_mixer_orders *orders, int64_t pts_us, int64_t now_us)
{
    for (size_t n = 0; n < orders->count; n++) {
        if (orders->waiting[n].pts_us != pts_us)
            continue;
        int64_t at_us = orders->waiting[n].at_us;
        orders->count -= n + 1;
        memmove(orders->waiting, orders->waiting + n + 1, orders->count * sizeof(*orders->waiting));
        return now_us - at_us;
    }
    return -1;
}
