/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Recordings of publications to files (media-outputs.md 3): which there are, when they begin and
 * end, and what becomes of the files. Pictures stay as they are; sound is opus in WebM and AAC in
 * the others, made where it must be by codec processes (program/program.h).
 *
 * Threads: all calls and callbacks on the control loop. Files are muxed on job loops, and written
 * by a thread of their own (disk.h): neither streams nor players wait for a disk.
 */
#ifndef SL_RECORD_RECORD_H
#define SL_RECORD_RECORD_H

#include "access/access.h"
#include "record/name.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_config;
struct sl_counters;
struct sl_error;
struct sl_programs;
struct sl_loop;
struct sl_recordings;
struct sl_stream;
struct sl_streams;

enum sl_recording_event {
    SL_RECORDING_STARTED, /* a file of it has begun */
    SL_RECORDING_STOPPED, /* it is whole; another may follow */
    SL_RECORDING_FAILED,  /* no more comes, as info tells */
};

struct sl_recordings_config {
    /* All of these outlive the recordings. */
    const struct sl_config *config; /* read at each use: reloads take effect */
    struct sl_loop *loop;
    struct sl_streams *streams;
    struct sl_programs *programs; /* stop later */
    struct sl_counters *counters; /* the control loop's block */
    /* id: of the stream, "" if it has none. Borrowed. May not call back into this header. */
    void (*on_event)(void *arg, const char *id, enum sl_recording_event event, const char *name,
                     const char *info);
    void *arg;
};

/* Also where the directory cannot be used: nothing is recorded then, and a line in the log says so.
 * What a crash has left there is repaired, after this has returned. */
struct sl_recordings *sl_recordings_create(const struct sl_recordings_config *config);
/* Ends them all; on_stopped once, when the last file is whole: never from within. */
void sl_recordings_stop(struct sl_recordings *recordings, void (*on_stopped)(void *owner),
                        void *owner);
/* The bounds of the disk have changed: those that go on end where they are passed. */
void sl_recordings_apply(struct sl_recordings *recordings);
/* NULL is fine. */
void sl_recordings_destroy(struct sl_recordings *recordings);

/* For whoever decides about publications. Valid as long as recordings. */
const struct sl_archive *sl_recordings_archive(const struct sl_recordings *recordings);

/* ---- The operator's ---- */

struct sl_recording_order {
    const char *template, *rotation; /* NULL: as configured */
    const char *session_id, *login;  /* of who publishes it; NULL: as told before, or nobody */
};
/* A recording of the stream that goes on ends with it. With words: -EINVAL the order, -ENOSPC,
 * -EROFS ... the disk, -ENOBUFS records_max, -ENOSYS there is nothing to record, -ECANCELED the
 * server ends. */
int sl_recordings_start(struct sl_recordings *recordings, struct sl_stream *stream,
                        const struct sl_recording_order *order, struct sl_error *error);
/* -ENOENT: it is not recorded. */
int sl_recordings_end(struct sl_recordings *recordings, const struct sl_stream *stream);
/* Files that are being written, by the names they will have as far as those are known. */
void sl_recordings_each(const struct sl_recordings *recordings,
                        void (*fn)(const char *name, const char *id, void *arg), void *arg);
size_t sl_recordings_count(const struct sl_recordings *recordings);
/* The directory, borrowed; negative: there is none. */
int sl_recordings_dir(const struct sl_recordings *recordings);

#endif
