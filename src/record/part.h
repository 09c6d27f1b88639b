/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One file of a recording: a muxer, and the disk's file that its pieces go to. All on the loop of
 * the recording's program.
 */
#ifndef SL_RECORD_PART_H
#define SL_RECORD_PART_H

#include "record/recorder.h"

struct sl_log_scope;
struct sl_program_item;

struct sl_record_part_config {
    const struct sl_recorder_config *recorder; /* outlives the part, as do the scope ... */
    const struct sl_log_scope *scope;
    _Atomic int64_t *queued_us; /* ... and this, see struct sl_record_file_config */
    /* What became of the file. [control] */
    void (*on_closed)(void *owner, const struct sl_record_closed *closed);
    void *owner;
};

struct sl_record_part;
/* Begins with this frame, whose track it has; base gets what it is called, as far as that is known.
 * NULL: it is none that a file can begin with. */
struct sl_record_part *sl_record_part_create(const struct sl_record_part_config *config,
                                             const struct sl_program_item *first, bool has_sound,
                                             char base[static SL_RECORD_NAME_MAX]);
/* Its last frame was before next_us (SL_MUX_LAST: none is known to follow); number 0: it is the
 * last part. on_closed follows. NULL is fine. */
void sl_record_part_end(struct sl_record_part *part, int64_t next_us, unsigned number);

bool sl_record_part_has(const struct sl_record_part *part, enum sl_media_kind kind);
/* Negative: it is not in the file. Sound of before the first picture is left out in silence. */
int sl_record_part_add(struct sl_record_part *part, const struct sl_program_item *item);
/* What has come goes to the disk, if it is time for that before this frame. */
void sl_record_part_cut_before(struct sl_record_part *part, const struct sl_program_item *item);
/* As long or as large as its recording's rotation lets it be. */
bool sl_record_part_is_full(const struct sl_record_part *part, int64_t now_us);
/* Why the disk does not take it any more; 0. */
int sl_record_part_error(const struct sl_record_part *part);

#endif
