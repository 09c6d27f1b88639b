/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The pictures of a program that are not as they come: decoded and encoded to H264 in a codec
 * process. Frames come on the program's loop; [control] creates and closes. */
#ifndef SL_PROGRAM_VIDEO_H
#define SL_PROGRAM_VIDEO_H

#include "program/coder.h"

struct sl_frame;

struct sl_program_video;
/* [control] */
struct sl_program_video *sl_program_video_create(const struct sl_coder_config *config);
/* Once; on_closed comes. Nothing is put in any more. [control] */
void sl_program_video_close(struct sl_program_video *video);
void sl_program_video_destroy(struct sl_program_video *video); /* NULL is fine */

/* A coded picture that is shown at pts_us. Those before the first key frame are left out. [loop] */
void sl_program_video_input(struct sl_program_video *video, const struct sl_frame *frame,
                            int64_t pts_us, int64_t arrival_us);
/* The next picture is a key frame. [loop] */
void sl_program_video_request_keyframe(struct sl_program_video *video);

#endif
