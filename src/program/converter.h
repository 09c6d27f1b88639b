/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The inside of a program: frames and orders in, frames out. Knows no stream; time is an argument.
 */
#ifndef SL_PROGRAM_CONVERTER_H
#define SL_PROGRAM_CONVERTER_H

#include "program/program.h"

struct sl_frame;
struct sl_loop;
struct sl_transcoder;

struct sl_converter_ops {
    void (*on_frame)(void *owner, const struct sl_program_frame *frame); /* [loop] */
    /* Pictures cannot be decoded any more. [loop] */
    void (*on_keyframe_wanted)(void *owner);
    /* Sound or pictures cannot be had: they are silence, or missing. Threads: any. */
    void (*on_failed)(void *owner, enum sl_media_kind kind, int err);
    void (*on_closed)(void *owner); /* never from within [control] */
};

struct sl_converter_config {
    struct sl_program_form form;
    const struct sl_program_sound *sound; /* of that form; outlives the converter */
    struct sl_transcoder *transcoder;
    struct sl_loop *control, *loop; /* loop: where frames come */
    const char *source;             /* the stream's name */
    const struct sl_converter_ops *ops;
    void *owner;
};

struct sl_converter;
/* [control] */
struct sl_converter *sl_converter_create(const struct sl_converter_config *config);
/* The source goes on in this codec: from now on what has passed as it is may have to be made.
 * [control] */
void sl_converter_turn(struct sl_converter *converter, enum sl_media_kind kind,
                       enum sl_codec codec);
/* Once, when nothing is put in any more; on_closed comes. [control] */
void sl_converter_close(struct sl_converter *converter);
void sl_converter_destroy(struct sl_converter *converter); /* NULL is fine */

/* The rest on the loop. */

void sl_converter_input(struct sl_converter *converter, struct sl_frame *frame, int64_t arrival_us);
/* Every 20 ms or so: silence where no sound comes. */
void sl_converter_tick(struct sl_converter *converter, int64_t now_us);
void sl_converter_begin_sound(struct sl_converter *converter, int64_t now_us);
/* A taker has to begin: pictures that are encoded anew make one, others are asked for it. */
void sl_converter_request_keyframe(struct sl_converter *converter);

#endif
