/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files that were not finished. */
#include "mux/repair.h"

#include "mux/source.h"
#include "mux/ts.h"

#include <errno.h>

/* Whole packets; players find their way in what is between. */
static int repair_ts(struct sl_mux_walk *walk)
{
    struct sl_reader r;
    uint8_t sync;
    int err = sl_mux_peek(walk->source, 0, &sync, 1, &r);

    if (err < 0)
        return err;
    walk->repair->len = walk->source->len - walk->source->len % SL_TS_PACKET_LEN;
    return sl_read_u8(&r) == 0x47 && walk->repair->len > 0 ? 0 : -EBADMSG;
}

int sl_mux_repair(enum sl_container container, const struct sl_mux_source *source,
                  struct sl_mux_repair *out)
{
    static int (*const repairs[])(struct sl_mux_walk * walk) = {
        [SL_MP4] = sl_mp4_repair,
        [SL_WEBM] = sl_webm_repair,
        [SL_MATROSKA] = sl_webm_repair,
        [SL_MPEGTS] = repair_ts,
    };
    struct sl_mux_repair repair = {0};
    struct sl_mux_walk walk = {.source = source, .repair = &repair};

    sl_buffer_init(&repair.head, SL_MUX_HEAD_MAX);
    sl_buffer_init(&repair.tail, SL_MUX_TAIL_MAX);
    int err = repairs[container](&walk);
    repair.keyframes = walk.index.count;
    sl_mux_index_deinit(&walk.index);
    if (err < 0)
        sl_mux_repair_deinit(&repair);
    else
        *out = repair;
    return err;
}

void sl_mux_repair_deinit(struct sl_mux_repair *repair)
{
    sl_buffer_deinit(&repair->head);
    sl_buffer_deinit(&repair->tail);
}
