/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The inside of a codec process: whatever decodes, scales, draws or encodes. The program runs it in
 * place of the server when it is called with --codec (main.c), with the socket to the server at
 * descriptor 3 and nothing else; transcoder/ is the other end. One thread. Start with message.h.
 *
 *   message.c  the wire
 *   process.c  the loop: sockets and messages
 *   sandbox.c  what the process may still do
 *   last_words.c what it says when it breaks down
 *   jobs.c     jobs and their outputs: messages in, messages out; knows no socket
 *   picture_source.c, sound_source.c  what one source sends, decoded
 *   pictures.c a source's pictures: into what sizes (fit.c), each scaled once (ladder.c), how each
 *              is encoded (rendition.c), as PNG (snapshots.c)
 *   sound.c    a source's sound: each output is a row of samples (row.c)
 *   mosaic.c   the pictures of many sources in one, on a canvas with images of its own (canvas.c)
 *   mix.c      the sound of many sources as sums, which limiter.c keeps in bounds
 *   demo.c     what the built-in stream shows (demo_picture.c) and plays (demo_sound.c)
 */
#ifndef SL_ENGINE_ENGINE_H
#define SL_ENGINE_ENGINE_H

#include "engine/message.h"

enum { SL_ENGINE_FD = 3 };

/* What may be ordered of the built-in stream. */
enum {
    SL_ENGINE_DEMO_SIDE_MIN = 160, /* below that the clock cannot be read; even, as all sides */
    SL_ENGINE_DEMO_FPS_MAX = 60,
    SL_ENGINE_DEMO_BEEP_US = 20000, /* of each piece of sound */
    SL_ENGINE_DEMO_SIGNAL_MS = 80,  /* the beep, and so the flash, from the full second on */
};

/* What a process is for: it says what it is in ps, and how much it may have. */
enum sl_engine_role { SL_ENGINE_ROLE_PICTURES, SL_ENGINE_ROLE_SOUND };

/*
 * Runs until the server is gone, or says what nobody has to. Returns the exit code. The socket at
 * SL_ENGINE_FD is a stream; all other descriptors are closed, or become /dev/null. Breaks of all
 * kinds end it with 128 + the signal, after SL_ENGINE_DYING if there was a way; SIGABRT from
 * outside does the same, so that a process that hangs can be asked which job it was.
 */
int sl_engine_run(enum sl_engine_role role);

#endif
