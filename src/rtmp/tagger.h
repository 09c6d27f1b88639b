/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A stream's frames into FLV tags, in one order of time, made once for all who take them; and when
 * its source is to be asked for key frames, which viewers of RTMP servers cannot. Knows no thread;
 * time is an argument.
 */
#ifndef SL_RTMP_TAGGER_H
#define SL_RTMP_TAGGER_H

#include "mux/mux.h"
#include "program/program.h"

struct sl_tagger_ops {
    /* Borrowed. A key frame has its configuration with it. */
    void (*on_tag)(void *owner, struct sl_flv_tag *tag);
    void (*on_keyframe_wanted)(void *owner);
    /* Somebody has waited too long to begin: a row of silence will do. */
    void (*on_sound_wanted)(void *owner);
};

enum {
    /* For a picture; then readers begin without one. */
    SL_RTMP_START_WAIT_US = 3000000,
};

struct sl_tagger;
/* form: of the frames that come. */
struct sl_tagger *sl_tagger_create(const struct sl_program_form *form,
                                   const struct sl_tagger_ops *ops, void *owner, int64_t now_us);
void sl_tagger_destroy(struct sl_tagger *tagger); /* NULL is fine */
/* Somebody waits for a key frame, which the source has just been asked for. */
void sl_tagger_join(struct sl_tagger *tagger, int64_t now_us);
void sl_tagger_input(struct sl_tagger *tagger, const struct sl_program_frame *frame,
                     int64_t now_us);
/* After frames, and every 20 ms or so: gives what has waited long enough. */
void sl_tagger_tick(struct sl_tagger *tagger, int64_t now_us);

#endif
