/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The codec processes and the way to them: whoever wants something decoded or encoded makes a job
 * here and talks to it in messages (engine/message.h). Where the job runs, what becomes of it when
 * its process dies or hangs, and who has brought processes down too often, is decided here.
 *
 *   pool.c       the processes: how many, admission
 *   placement.c  which job goes where
 *   fault.c      whose fault it is that a process ended; quarantine.c: for how long
 *   process.c    one process: start, watch, load, end; system.c: what the kernel does for that
 *   link.c       one socket of a loop to a process; inbox.c: what comes; outbox.c: what waits
 *   job.c        a job's place in a process, and its moves
 *
 * Threads: [control] makes and closes jobs; orders go and reports come on the loop that the job is
 * of [loop]: a worker, a job loop, or control itself.
 */
#ifndef SL_TRANSCODER_TRANSCODER_H
#define SL_TRANSCODER_TRANSCODER_H

#include "engine/engine.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_counters;
struct sl_loop;
struct sl_transcoder;

/* ---- The processes [control] ---- */

struct sl_transcoder_config {
    struct sl_loop *control;
    /* The program, to be executed again: a descriptor, since a package's upgrade replaces the file
     * (/proc/self/exe). The caller's; outlives the transcoder. -1: no process can be had. */
    int program_fd;
    size_t picture_processes; /* 1..64; one more is kept ready */
    struct sl_counters *counters;
};
/* Starts one process of each role ahead of need; where there is no room for them, whoever wants one
 * is refused, and it is tried again. */
struct sl_transcoder *sl_transcoder_create(const struct sl_transcoder_config *config);
/* All jobs are closed, or being closed. on_stopped once, never from within, when no process is
 * left. */
void sl_transcoder_stop(struct sl_transcoder *transcoder, void (*on_stopped)(void *owner),
                        void *owner);
void sl_transcoder_destroy(struct sl_transcoder *transcoder); /* NULL is fine */

/* May there be one more job of pictures? -EBUSY: the processes were busy more than 80 % of the last
 * two seconds (media-outputs.md 2.6); -EAGAIN: none can be started; -EPERM: this source has brought
 * them down (see on_failed). */
int sl_transcoder_admit(struct sl_transcoder *transcoder, const char *source);

/* This source has brought processes down, and is refused for a while. */
bool sl_transcoder_holds(struct sl_transcoder *transcoder, const char *source);

struct sl_transcoder_process_stats {
    int pid;
    bool pictures; /* otherwise sound */
    bool spare;    /* ready, and without a job */
    size_t jobs;
    uint32_t busy_permille; /* of a core, over the last two seconds */
    uint64_t memory_bytes;  /* resident, private */
};
struct sl_transcoder_stats {
    uint64_t restarts, quarantines; /* since the start */
    size_t process_count;
    struct sl_transcoder_process_stats processes[66];
};
void sl_transcoder_stats(struct sl_transcoder *transcoder, struct sl_transcoder_stats *out);

/* ---- Jobs ---- */

struct sl_codec_job;

struct sl_codec_job_ops {
    /* The job has a place: its process knows nothing of it yet. Opens it and orders its outputs,
     * from within, as often as this is called. again: there was another process before, which died;
     * crowded: other jobs move in as well, so that catching up should be cheap. [loop] */
    void (*on_up)(void *owner, bool again, bool crowded);
    /* The process is gone; nothing can be sent before the next on_up(). [loop] */
    void (*on_down)(void *owner);
    /* One report of this job. Borrowed. [loop] */
    void (*on_report)(void *owner, const struct sl_engine_message *report);
    /* It never gets a place any more: -EPERM, its source has brought processes down twice within a
     * minute; -EAGAIN, there are no processes to be had. It is still to be closed. [control] */
    void (*on_failed)(void *owner, int err);
    /* Of a job with many inputs, the source of that one, whose bytes a process has died of: it is
     * blamed in the place of the job's. NULL: it has none any more, and nobody is. Input 0: the
     * process did not say which; the only one there is, NULL: there are more or none, and the job
     * is blamed when it comes again and again. Absent: the job's. [control] */
    const char *(*source_of)(void *owner, uint32_t input);
    /* A source is refused from now on: an input that is of it (sl_transcoder_holds()) had better
     * go. May not call back into this module. Absent: it has none. [control] */
    void (*on_held)(void *owner);
    /* The last call. [control] */
    void (*on_closed)(void *owner);
};

struct sl_codec_job_config {
    struct sl_transcoder *transcoder;
    enum sl_engine_kind kind;
    struct sl_loop *loop;
    /* Whose fault it is if its process dies: the stream's name, say. Copied. */
    const char *source;
    const struct sl_codec_job_ops *ops;
    void *owner;
};
/* Never NULL; on_up() or on_failed() comes. [control] */
struct sl_codec_job *sl_codec_job_create(const struct sl_codec_job_config *config);
/* on_closed() comes; behind everything that was still under way to the loop. Once. [control] */
void sl_codec_job_close(struct sl_codec_job *job);
/* message->job is filled in here. Between on_up() and on_down(), else nothing happens. False: an
 * input was left out, since too much waits or the job is down; orders never are while it is up. The
 * demo's inputs are SL_ENGINE_DRAW and SL_ENGINE_BEEP, and an SL_ENGINE_IMAGE is one. What waits is
 * sent behind what waited, so that after a false the next input that is taken had better be a key
 * frame. [loop] */
bool sl_codec_job_send(struct sl_codec_job *job, struct sl_engine_message *message);

#endif
