/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One recording: frames of a program into files, one after the other. It is muxed on the program's
 * loop and written by the disk's thread (disk.h); [control] creates, stops and hears of it.
 */
#ifndef SL_RECORD_RECORDER_H
#define SL_RECORD_RECORDER_H

#include "program/program.h"
#include "record/disk.h"
#include "record/name.h"

#include <stdatomic.h>

struct sl_loop;

/* All [control]; none from within a call of this header. */
struct sl_recorder_ops {
    /* A file has begun; name is what it will be called, as far as that is known. Borrowed. */
    void (*on_begun)(void *owner, const char *name);
    /* It is whole, or what is left of it is. */
    void (*on_closed)(void *owner, const struct sl_record_closed *closed);
    /* The disk does not take it any more: it is to be stopped. */
    void (*on_failing)(void *owner, int err);
    /* The last call, after a stop. gaps: how often the disk was too slow. */
    void (*on_ended)(void *owner, unsigned gaps);
};

struct sl_recorder_config {
    struct sl_program *program; /* goes after on_ended */
    struct sl_record_disk *disk;
    struct sl_loop *control;
    enum sl_container container;
    const char *stream;           /* texts are copied */
    const char *template;         /* checked */
    struct sl_record_facts facts; /* stream_name, session_id, media_session_id, login; copied */
    struct sl_record_rotation rotation;
    _Atomic unsigned *last_number; /* of parts with one; outlives the recorder */
    int64_t keyframe_us;           /* a key frame at least so often */
    int64_t queue_us;              /* what may wait for the disk, as long as it plays */
    int64_t sync_us;
    const struct sl_recorder_ops *ops;
    void *owner;
};

struct sl_recorder;
struct sl_recorder *sl_recorder_create(const struct sl_recorder_config *config);
/* What has come by now is still in the file. followed: another recorder goes on with the same
 * recording, this one's last file is one of its parts. Again: nothing happens. */
void sl_recorder_stop(struct sl_recorder *recorder, bool followed);
/* After on_ended, or from within it. */
void sl_recorder_destroy(struct sl_recorder *recorder);

#endif
