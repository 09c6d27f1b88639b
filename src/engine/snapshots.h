/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Requests for the next picture as a PNG (media-outputs.md 8). Private to this directory. */
#ifndef SL_ENGINE_SNAPSHOTS_H
#define SL_ENGINE_SNAPSHOTS_H

#include "codec/codec.h"
#include "engine/fit.h"
#include "engine/job.h"

enum { SL_SNAPSHOTS_MAX = 128 };

/* Zeroed: none. */
struct sl_snapshots {
    size_t count;
    struct sl_snapshot_request {
        uint32_t output;
        uint32_t len_max;         /* never 0 */
    } requests[SL_SNAPSHOTS_MAX]; /* the largest first */
};

/* -ENOBUFS: too many. len_max 0: as large as can be. */
int sl_snapshots_add(struct sl_snapshots *snapshots, uint32_t output, uint32_t len_max);
/* Answers all of them. size: as it is to be seen, in square pixels. */
void sl_snapshots_take(struct sl_snapshots *snapshots, const struct sl_picture *picture,
                       struct sl_size size, const struct sl_engine_reporter *reporter);

#endif
