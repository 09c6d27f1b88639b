/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A sound from a file in frames of a program's form: they are made in a codec process, some ahead
 * of need, and given one for each frame of the program that they take the place of. What is not
 * there yet is silence, and heard later; where no process can be had, all of it is silence, and
 * ends when it would have ended.
 */
#ifndef SL_PROGRAM_PLAYER_H
#define SL_PROGRAM_PLAYER_H

#include "program/sound.h"

#include <stdatomic.h>
#include <stdbool.h>

struct sl_log_scope;
struct sl_loop;
struct sl_transcoder;

/* ---- A sound to be played: samples, immutable and shared ---- */

struct sl_sound {
    _Atomic uint32_t refs;
    struct sl_wav wav;
};
struct sl_sound *sl_sound_ref(struct sl_sound *sound); /* NULL gives NULL */
void sl_sound_unref(struct sl_sound *sound);           /* Threads: any. NULL is fine. */

/* ---- One that plays it ---- */

struct sl_player;
struct sl_player_config {
    struct sl_transcoder *transcoder;
    struct sl_loop *control, *loop;      /* loop: where it plays */
    const char *source;                  /* copied: see transcoder.h */
    const struct sl_log_scope *scope;    /* outlives it; NULL: none */
    const struct sl_program_sound *form; /* outlives it */
    struct sl_sound *sound;              /* a reference of its own is taken */
    bool repeat;
    void (*on_gone)(void *owner); /* after sl_player_close(): the last call [control] */
    void *owner;
};
/* Used on its loop by whoever control hands it to. [control] */
struct sl_player *sl_player_create(const struct sl_player_config *config);
/* The frame in place of the next one of the program. Valid until the loop turns. False: it
 * was played to its end. [loop] */
bool sl_player_next(struct sl_player *player, const uint8_t **data, size_t *len);
/* It is not used any more; once. NULL is fine. [loop] */
void sl_player_close(struct sl_player *player);

#endif
