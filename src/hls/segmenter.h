/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A program's frames as segments: cut at key frames, which it asks for in time, the first ones
 * short so that players may begin soon. Another size or codec is another beginning, and so are
 * pictures that stay away or come back. Pure: time is an argument. Threads: one.
 */
#ifndef SL_HLS_SEGMENTER_H
#define SL_HLS_SEGMENTER_H

#include "hls/piece.h"
#include "program/program.h"

/* None may destroy the segmenter. */
struct sl_segmenter_ops {
    void (*on_piece)(void *owner, struct sl_hls_piece *piece); /* takes it */
    void (*on_keyframe_wanted)(void *owner);
    void (*on_sound_wanted)(void *owner); /* see sl_program_begin_sound() */
};

struct sl_segmenter_config {
    struct sl_program_form form;
    const struct sl_program_sound *sound; /* outlives it */
    int64_t time_us;                      /* of segments */
    /* Times of a piece are those of the program's clock, as other segmenters of the same stream
     * have them, too; false: they begin at 0. */
    bool common_clock;
    int64_t part_us; /* 0: whole segments, in MPEG-TS; else parts, in MP4 */
    const struct sl_segmenter_ops *ops;
    void *owner;
};

struct sl_segmenter;
struct sl_segmenter *sl_segmenter_create(const struct sl_segmenter_config *config, int64_t now_us);
void sl_segmenter_destroy(struct sl_segmenter *segmenter); /* NULL is fine */

void sl_segmenter_input(struct sl_segmenter *segmenter, const struct sl_program_frame *frame,
                        int64_t now_us);
/* All that came together was put in; besides, every 20 ms. */
void sl_segmenter_tick(struct sl_segmenter *segmenter, int64_t now_us);
/* Lists have promised that no segment is longer, rounded: it is cut where no key frame comes. */
void sl_segmenter_set_target(struct sl_segmenter *segmenter, int64_t target_s);
#endif
