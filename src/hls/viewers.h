/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From how many addresses a broadcast is asked for. One thread; time is an argument. */
#ifndef SL_HLS_VIEWERS_H
#define SL_HLS_VIEWERS_H

#include "base/table.h"

struct sl_addr;

struct sl_hls_viewers { /* embedded in its owner */
    struct sl_table addresses;
};
void sl_hls_viewers_init(struct sl_hls_viewers *viewers);
void sl_hls_viewers_deinit(struct sl_hls_viewers *viewers);
void sl_hls_viewers_note(struct sl_hls_viewers *viewers, const struct sl_addr *addr,
                         int64_t now_us);
/* Those that have asked since. Older ones are forgotten. */
size_t sl_hls_viewers_count(struct sl_hls_viewers *viewers, int64_t since_us);

#endif
