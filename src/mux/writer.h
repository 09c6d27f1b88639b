/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What each container does for a muxer (muxer.c), which has checked what comes in: private to this
 * directory. */
#ifndef SL_MUX_WRITER_H
#define SL_MUX_WRITER_H

#include "mux/muxer.h"

/* What has been added since the last cut, of a file that is so long. */
struct sl_mux_cut {
    uint64_t offset;           /* of the piece in the file */
    struct sl_mux_piece piece; /* end_us is after begin_us */
    int64_t pts_us;            /* of the first frame that the index would name */
};

struct sl_mux_writer_ops {
    /* Errors as sl_muxer_create(); head is looked after by the caller. */
    int (*create)(const struct sl_muxer_config *config, struct sl_buffer *head, void **out);
    void (*destroy)(void *writer); /* not NULL */
    int (*add)(void *writer, const struct sl_mux_sample *sample);
    /* What was added is gone afterwards, whatever became of out. */
    void (*cut)(void *writer, const struct sl_mux_cut *cut, struct sl_buffer *out);
    /* NULL: nothing to finish. len: of the file. */
    void (*finish)(void *writer, uint64_t len, int64_t duration_us, struct sl_buffer *head,
                   struct sl_buffer *tail);
};
extern const struct sl_mux_writer_ops sl_mp4_writer, sl_webm_writer, sl_ts_writer;

enum { SL_MUX_SECOND_US = 1000000 };

/* To the nearest tick; times are within 2^52. */
static inline int64_t sl_mux_ticks(int64_t us, int64_t hz)
{
    int64_t rest = us % SL_MUX_SECOND_US * hz;
    int64_t half = rest < 0 ? -SL_MUX_SECOND_US / 2 : SL_MUX_SECOND_US / 2;

    return us / SL_MUX_SECOND_US * hz + (rest + half) / SL_MUX_SECOND_US;
}

/* And back; ticks may be any number that a file has: what is beyond 2^52 is that. */
static inline int64_t sl_mux_us(uint64_t ticks, uint32_t hz)
{
    uint64_t max = (uint64_t)1 << 52, seconds = hz > 0 ? ticks / hz : 0;

    if (seconds >= max / SL_MUX_SECOND_US)
        return (int64_t)max;
    return hz > 0 ? (int64_t)(seconds * SL_MUX_SECOND_US + ticks % hz * SL_MUX_SECOND_US / hz) : 0;
}

#endif
