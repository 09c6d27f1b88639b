/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A network path between a sender and a receiver: things arrive later, or never, in both ways. */
#ifndef SL_TEST_RTP_PATH_H
#define SL_TEST_RTP_PATH_H

#include "../random.h"

#include <assert.h>
#include <stddef.h>

enum { PATH_FLYING_MAX = 8192 };

struct path_item {
    int64_t at_us;
    bool request; /* towards the sender: please repeat seq */
    bool repeated;
    uint16_t seq;
};

struct path {
    uint32_t random;
    unsigned loss_percent; /* each way */
    int64_t delay_us, jitter_us;
    size_t count;
    struct path_item flying[PATH_FLYING_MAX];
};

static inline void path_send(struct path *path, struct path_item item, int64_t now_us)
{
    if (random_chance(&path->random, path->loss_percent))
        return;
    item.at_us = now_us + path->delay_us;
    if (path->jitter_us > 0)
        item.at_us += random_below(&path->random, (uint32_t)path->jitter_us);
    assert(path->count < PATH_FLYING_MAX);
    path->flying[path->count++] = item;
}

/* One thing that has arrived, in the order of sending; false when there is none. */
static inline bool path_receive(struct path *path, int64_t now_us, struct path_item *out)
{
    for (size_t i = 0; i < path->count; i++) {
        if (path->flying[i].at_us > now_us)
            continue;
        *out = path->flying[i];
        path->count--;
        for (size_t k = i; k < path->count; k++)
            path->flying[k] = path->flying[k + 1];
        return true;
    }
    return false;
}

#endif
