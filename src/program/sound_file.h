/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sound files that take the place of a stream's audio (rest-api.md 5.3): found, read and decoded
 * on libuv's pool, then immutable and shared. */
#ifndef SL_PROGRAM_SOUND_FILE_H
#define SL_PROGRAM_SOUND_FILE_H

#include "base/list.h"

struct sl_error;
struct sl_lane;
struct sl_sound;

/* A plain name in one directory: no path, nothing hidden, no control characters. -EINVAL. */
int sl_sound_check_name(const char *name, struct sl_error *error);

/* Reads and decodes dir/name. Nothing outside dir, no links, regular files only (hardening.md class
 * 15). -ENOENT, -EINVAL, -EBADMSG, with words. Blocks: for a job. */
int sl_sound_read(const char *dir, const char *name, struct sl_sound **out, struct sl_error *error);

/* ---- The job [control] ---- */

struct sl_sound_load;
/* on_done exactly once, never from within; the sound's reference is the owner's. -EBUSY,
 * -ETIMEDOUT: see net/lane.h. */
struct sl_sound_load *sl_sound_load_start(struct sl_lane *lane, const char *dir, const char *name,
                                          void (*on_done)(void *owner, int err, const char *words,
                                                          struct sl_sound *sound),
                                          void *owner);
/* No callback after this; what runs frees itself. Not after on_done. NULL is fine. */
void sl_sound_load_cancel(struct sl_sound_load *load);

#endif
