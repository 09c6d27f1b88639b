/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The media end of a broadcast, as the gate wants it: takes the stream's program, has a segmenter
 * on the program's loop, and brings its pieces to the control loop. Of a level, sound is the
 * stream's, made once for all levels, and pictures are a variant's.
 */
#ifndef SL_HLS_OUTLET_H
#define SL_HLS_OUTLET_H

#include "access/access.h"
#include "hls/piece.h"
#include "program/program.h"
#include "variant/variant.h"

struct sl_hls_outlet_ops {
    void (*on_piece)(void *owner, struct sl_hls_piece *piece); /* takes it */
    /* Nothing is left that would call; never from within. */
    void (*on_idle)(void *owner);
};

/* Embedded in its owner, who fills in all but the last two. Control loop. */
struct sl_hls_outlet {
    struct sl_programs *programs;
    struct sl_variants *variants;
    struct sl_variant_want level; /* what its pictures are made into; no codec: nothing else */
    struct sl_loop *control;
    int64_t time_us, part_us; /* see struct sl_segmenter_config */
    const struct sl_hls_outlet_ops *ops;
    void *owner;
    struct sl_medium *medium; /* whose pieces come; NULL */
    size_t open;              /* media that have not closed yet */
};

/* The provider for the gate. Valid as long as outlet, which outlives what is open of it. */
struct sl_provider sl_hls_outlet_provider(struct sl_hls_outlet *outlet);
/* See sl_segmenter_set_target(). */
void sl_hls_outlet_set_target(struct sl_hls_outlet *outlet, int64_t target_s);

#endif
