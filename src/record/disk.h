/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The directory of the recordings and the thread that alone writes there: whoever records hands it
 * pieces, and sees how much of them waits. A disk that is slow, full or hangs keeps nobody.
 *
 * A file is called NAME.part until it is whole, is made new and never over another, and lies in the
 * directory itself: no name leads elsewhere. The thread holds a lock on what it writes, so that a
 * server beside this one does not repair it.
 */
#ifndef SL_RECORD_DISK_H
#define SL_RECORD_DISK_H

#include "base/buffer.h"
#include "record/name.h"

#include <stdint.h>

struct sl_error;
struct sl_loop;

struct sl_record_disk;
struct sl_record_disk_config {
    const char *dir; /* made if it is not there */
    struct sl_loop *control;
    /* A file that a crash had left is whole again. stream: "" if it is not known. [control] */
    void (*on_repaired)(void *owner, const char *stream, const char *name);
    void *owner;
};
/* Looks for what a crash has left at once. With words. [control] */
int sl_record_disk_create(const struct sl_record_disk_config *config, struct sl_record_disk **out,
                          struct sl_error *error);
/* Waits for what is being written; a repair is left for the next start. NULL is fine. [control] */
void sl_record_disk_destroy(struct sl_record_disk *disk);
/* Constant. Threads: any. */
int sl_record_disk_fd(const struct sl_record_disk *disk);
const char *sl_record_disk_path(const struct sl_record_disk *disk); /* absolute */

/* Bytes that must stay free, and that all files in the directory may have; 0: no bound. Threads:
 * any. */
void sl_record_disk_set_bounds(struct sl_record_disk *disk, uint64_t free_min, uint64_t dir_max);
/* 0, or why nothing can be written now: -ENOSPC, -EDQUOT (dir_max), -EROFS ... -ETIMEDOUT: it
 * hangs. As of a moment ago. Threads: any. */
int sl_record_disk_state(const struct sl_record_disk *disk);

/* ---- One file ---- */

/* What came of it; borrowed. */
struct sl_record_closed {
    const char *name; /* "": there is no file, as nothing was in it */
    uint64_t len;
    int err; /* why it ended early, or is not whole; 0 */
};

/* Its maker's loop has it until it is closed. */
struct sl_record_file;
struct sl_record_file_config {
    struct sl_record_disk *disk;
    const char *name; /* see sl_record_name_build() */
    enum sl_container container;
    const char *stream; /* its name, which a repair will want to know */
    int64_t sync_us;    /* what a power cut may take */
    /* How long that plays which has not been written yet, of all files that share it. Borrowed
     * until on_closed; may be read at any time. */
    _Atomic int64_t *queued_us;
    /* The last call; none comes after the end of the disk. [control] */
    void (*on_closed)(void *owner, const struct sl_record_closed *closed);
    void *owner;
};
/* Everything is copied; head is emptied, its bytes are the file's first. */
struct sl_record_file *sl_record_file_create(const struct sl_record_file_config *config,
                                             struct sl_buffer *head);
/* piece is emptied; us: how long it plays. */
void sl_record_file_write(struct sl_record_file *file, struct sl_buffer *piece, int64_t us);
/* Bytes given so far. [its maker's] */
uint64_t sl_record_file_len(const struct sl_record_file *file);
/* Why it cannot go on; 0. Threads: any. */
int sl_record_file_error(const struct sl_record_file *file);

/* What it is called in the end, and what goes over its beginning and behind its end: see
 * sl_muxer_finish(). Of one that could not be written whole they are found anew. */
struct sl_record_ending {
    const char *base;            /* without number and extension */
    unsigned number;             /* 0: none; also if the name is taken, by a number of its own */
    struct sl_buffer head, tail; /* taken */
};
/* Nothing of it may be used any more; on_closed follows. */
void sl_record_file_close(struct sl_record_file *file, struct sl_record_ending *ending);

#endif
