/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A stream's sound and pictures for muxers, in a form that they can use: what they cannot take as
 * it is, is decoded and encoded anew, once for each stream and wanted form, however many take it.
 * In all of it time is steady (media/steady.h), and sound is a row without gaps, but for opus that
 * stays opus.
 *
 * Whatever is decoded or encoded is so in a codec process (transcoder/); what one cannot give is
 * silence, or a missing picture.
 *
 * Threads: [control] takes programs and gives them back; frames come and orders go on the job loop
 * that the program is on. A program without takers lives on a little, for who comes back at once.
 */
#ifndef SL_PROGRAM_PROGRAM_H
#define SL_PROGRAM_PROGRAM_H

#include "base/list.h"
#include "media/media.h"
#include "program/item.h"
#include "program/player.h"
#include "program/sound.h"
#include "program/sound_file.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_job_loop;
struct sl_job_pool;
struct sl_lane;
struct sl_loop;
struct sl_stream;
struct sl_transcoder;

/* ---- What is wanted ---- */

enum { SL_PROGRAM_CODECS_MAX = 4 };

/* Codecs that the taker can use, by enum sl_media_kind, the one it likes best first; the rest
 * SL_CODEC_NONE. What the source sends is preferred to all others. */
struct sl_program_want {
    enum sl_codec codecs[2][SL_PROGRAM_CODECS_MAX];
    /* On the loop of this one, for a taker of both; NULL: on any. */
    struct sl_program *beside;
    bool brief; /* it ends with its last taker: nobody comes back for it */
};

/* What becomes of a stream, by enum sl_media_kind. */
struct sl_program_form {
    enum sl_codec
        from[2]; /* at first; SL_CODEC_NONE: no such track, or nothing can be made of it */
    /* Always, whatever the source goes on in, as far as it can be made of that. */
    enum sl_codec to[2]; /* of the sound also without a track: what silence is made in */
};
/* -ENOSYS: there is nothing that this taker could use. Pure. */
int sl_program_choose(const enum sl_codec source[2], const struct sl_program_want *want,
                      struct sl_program_form *out);

/* ---- Programs [control] ---- */

struct sl_program;
struct sl_programs;
struct sl_programs_config {
    struct sl_job_pool *pool;
    struct sl_loop *control;
    struct sl_transcoder *transcoder; /* stops later */
};
struct sl_programs *sl_programs_create(const struct sl_programs_config *config);
/* All must have been released. on_stopped once, when the last is gone, with all that it had at the
 * transcoder; never from within. */
void sl_programs_stop(struct sl_programs *programs, void (*on_stopped)(void *owner), void *owner);
void sl_programs_destroy(struct sl_programs *programs); /* NULL is fine */
/* [control] Where sound files are read: all of them one after the other, so that a disk that hangs takes one
 * thread of the pool. Until sl_programs_destroy(). */
struct sl_lane *sl_programs_sounds(const struct sl_programs *programs);

/* The one program of this stream for this want, with a reference. -ENOSYS: nothing of it can be
 * had. A stream without a name (a variant) is one, too. */
int sl_program_take(struct sl_programs *programs, struct sl_stream *stream,
                    const struct sl_program_want *want, struct sl_program **out);
/* NULL is fine. Takers have been detached. */
void sl_program_release(struct sl_program *program);
/* Constant. Threads: any. */
struct sl_job_loop *sl_program_loop(struct sl_program *program);
const struct sl_program_form *sl_program_form(const struct sl_program *program);
/* Of a codec that is none: there is to be no sound. Constant. Threads: any. */
const struct sl_program_sound *sl_program_sound(const struct sl_program *program);

/* A sound for a taker on this loop, to play in place of the program's: see player.h. The program is
 * released after on_gone. [control] */
struct sl_player *sl_program_play(struct sl_program *program, struct sl_job_loop *loop,
                                  struct sl_sound *sound, bool repeat, void (*on_gone)(void *owner),
                                  void *owner);

/* ---- Frames and orders [the program's loop] ---- */

/* One frame in the program's form: all borrowed. */
struct sl_program_frame {
    enum sl_codec codec;
    bool keyframe;
    uint16_t width, height; /* of pictures; 0: not known */
    int64_t pts_us, dts_us; /* steady: each track's rise */
    /* AAC: raw; opus: one packet, and where one is missing there is none, if it came as opus; H264:
     * Annex B, parameter sets before key frames. */
    const uint8_t *data;
    size_t len;
};

struct sl_program_taker_ops {
    void (*on_frame)(void *owner, const struct sl_program_frame *frame);
    /* All that came together has been told; besides, every 20 ms. */
    void (*on_batch)(void *owner, int64_t now_us);
};
struct sl_program_taker { /* embedded in its owner */
    struct sl_list link;
    const struct sl_program_taker_ops *ops;
    void *owner;
};
void sl_program_attach(struct sl_program *program, struct sl_program_taker *taker);
/* No call after this. Idempotent. */
void sl_program_detach(struct sl_program_taker *taker);

/* Pictures are of no use before the next key frame: one is asked for, or made. */
void sl_program_request_keyframe(struct sl_program *program);
/* The row of sound begins now, whatever comes or not, if it has not yet. */
void sl_program_begin_sound(struct sl_program *program);
/* Frames that were lost on the way in. */
uint64_t sl_program_dropped(const struct sl_program *program);

#endif
