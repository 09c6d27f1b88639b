/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The sound of a program: what the source sends, decoded, put on a gapless row of samples and
 * encoded in a codec process; here the coded frames are put on a row of their own, in which silence
 * takes the place of whatever is missing: of a source that has no sound, of a process that cannot
 * be had, or not in time. G.711 stays G.711 (bit by bit, as the decoded samples encode to the same
 * codes). Frames come on the program's loop; [control] creates and closes.
 */
#ifndef SL_PROGRAM_AUDIO_H
#define SL_PROGRAM_AUDIO_H

#include "program/coder.h"
#include "program/sound.h"

struct sl_program_audio;
/* from: SL_CODEC_NONE of a source without sound, which needs no process. sound outlives it.
 * [control] */
struct sl_program_audio *sl_program_audio_create(const struct sl_coder_config *config,
                                                 enum sl_codec from,
                                                 const struct sl_program_sound *sound);
/* Once; on_closed comes. Nothing is put in any more. [control] */
void sl_program_audio_close(struct sl_program_audio *audio);
void sl_program_audio_destroy(struct sl_program_audio *audio); /* NULL is fine */

/* The time of the first sample; the first frame may lie a little before it (AAC's priming). Nothing
 * comes out before. Again: nothing happens. [loop] */
void sl_program_audio_begin(struct sl_program_audio *audio, int64_t begin_us);
/* One packet of the source, which is kept for a process that comes later. [loop] */
void sl_program_audio_input(struct sl_program_audio *audio, struct sl_frame *frame, int64_t pts_us);
/* Nothing that comes any more is older than this: fills up with silence. [loop] */
void sl_program_audio_advance(struct sl_program_audio *audio, int64_t until_us);

#endif
