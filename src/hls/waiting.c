/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whoever waits for a list, or a part of it that is to come. */
#include "base/clock.h"
#include "base/config.h"
#include "hls/internal.h"

enum {
    FIRST_SEGMENTS = 3, /* Chromium's own player gives up on a live list of one */
    TARGETS_WAITED = 3,
    MSN_AHEAD_MAX = 2,
};

bool sl_broadcast_has_list(const struct sl_broadcast *broadcast)
{
    return sl_hls_window_has_target(broadcast->window) || broadcast->state == OVER ||
           sl_hls_window_count(broadcast->window) >= FIRST_SEGMENTS;
}

/* As sl_broadcast_wait(). */
static int readiness(struct sl_broadcast *broadcast, const struct sl_broadcast_wait *wait,
                     int64_t now_us)
{
    const struct sl_hls_window *window = broadcast->window;
    bool late = now_us >= wait->deadline_us;
    bool head;

    if (broadcast->state == REFUSED)
        return UNAUTHORIZED;
    if (wait->file[0]) {
        if (sl_hls_window_find(window, wait->file, &head))
            return OK;
        return late || !sl_hls_window_is_hint(window, wait->file) ? NOT_FOUND : 0;
    }
    if (!sl_broadcast_has_list(broadcast))
        return !late ? 0 : sl_hls_window_count(window) > 0 ? OK : UNAVAILABLE;
    if (wait->msn < 0 || broadcast->state == OVER ||
        sl_hls_window_has(window, wait->msn, wait->part))
        return OK;
    return late ? UNAVAILABLE : 0;
}

static void unlink_wait(struct sl_broadcast_wait *wait)
{
    sl_list_remove(&wait->link);
}

void sl_broadcast_tell_waiting(struct sl_broadcast *broadcast, int64_t now_us)
{
    struct sl_broadcast_wait *wait;

    sl_list_foreach(wait, &broadcast->waiting, struct sl_broadcast_wait, link)
    {
        int status = readiness(broadcast, wait, now_us);
        if (status == 0)
            continue;
        unlink_wait(wait);
        wait->on_ready(wait, status);
    }
}

void sl_broadcast_refuse_waiting(struct sl_broadcast *broadcast, int status)
{
    while (!sl_list_empty(&broadcast->waiting)) {
        struct sl_broadcast_wait *wait =
            sl_list_first(&broadcast->waiting, struct sl_broadcast_wait, link);
        unlink_wait(wait);
        wait->on_ready(wait, status);
    }
}

int sl_broadcast_wait(struct sl_broadcast *broadcast, struct sl_broadcast_wait *wait,
                      int64_t now_us)
{
    const struct sl_config *config = broadcast->broadcasts->config.config;
    struct sl_hls_window *window = broadcast->window;
    int64_t patience_us = config->hls_start_wait_ms * SL_US_PER_MS;

    if (sl_hls_window_has_target(window))
        patience_us = TARGETS_WAITED * sl_hls_window_target_s(window) * SL_US_PER_S;
    if (wait->msn > sl_hls_window_next(window) + MSN_AHEAD_MAX - 1)
        return BAD_REQUEST;
    wait->deadline_us = now_us + patience_us;
    int status = readiness(broadcast, wait, now_us);
    if (status == 0)
        sl_list_append(&broadcast->waiting, &wait->link);
    return status;
}

void sl_broadcast_wait_cancel(struct sl_broadcast_wait *wait)
{
    unlink_wait(wait);
}
