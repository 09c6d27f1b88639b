/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the files of transcoder/ share. Each uses those above it, and tells those below by tables of
 * functions:
 *
 *   quarantine.c  whose fault it was, and for how long: pure
 *   system.c      a program executed again, and what the kernel knows of a process
 *   inbox.c       what has come on a socket, until it is a whole message
 *   outbox.c      what waits to be written to one
 *   link.c        a loop's socket to a process
 *   process.c     a process: start, watch, end
 *   job.c         a job's place, and its moves
 *   fault.c       whose fault it is that a process ended, and what follows
 *   placement.c   who goes where
 *   pool.c        the processes: how many, and all that is asked of them
 */
#ifndef SL_TRANSCODER_INTERNAL_H
#define SL_TRANSCODER_INTERNAL_H

#include "base/list.h"
#include "base/queue.h"
#include "base/table.h"
#include "engine/engine.h"
#include "net/net.h"
#include "transcoder/transcoder.h"

#include <stdatomic.h>
#include <sys/types.h>
#include <uv.h>

static inline const char *sl_codec_role_name(enum sl_engine_role role)
{
    return role == SL_ENGINE_ROLE_SOUND ? "sound" : "pictures";
}

static inline enum sl_engine_role sl_codec_role_of(enum sl_engine_kind kind)
{
    return kind == SL_ENGINE_SOUND || kind == SL_ENGINE_MIX ? SL_ENGINE_ROLE_SOUND
                                                            : SL_ENGINE_ROLE_PICTURES;
}

/* What may be left out. The demo's inputs are orders to draw and to beep, time after time; an image
 * is given again by whoever has it. */
static inline bool sl_codec_is_input(const struct sl_engine_message *message)
{
    return message->type == SL_ENGINE_INPUT || message->type == SL_ENGINE_IMAGE ||
           message->type == SL_ENGINE_DRAW || message->type == SL_ENGINE_BEEP;
}

/* ---- quarantine.c ---- */

/* Sources that brought processes down. Zeroed memory is no beginning: init(). */
struct sl_codec_quarantine {
    struct sl_list sources; /* oldest first */
    size_t count;
};
void sl_codec_quarantine_init(struct sl_codec_quarantine *quarantine);
void sl_codec_quarantine_deinit(struct sl_codec_quarantine *quarantine);
/* One more process was brought down by it, or, where it is one of many that may have, not for
 * certain: that counts for half. 0: it is not held, or was before; else it is from now on, since so
 * many ends within a minute leave no doubt. */
unsigned sl_codec_quarantine_mark(struct sl_codec_quarantine *quarantine, const char *source,
                                  bool certain, int64_t now_us);
bool sl_codec_quarantine_holds(struct sl_codec_quarantine *quarantine, const char *source,
                               int64_t now_us);

/* ---- system.c ---- */

struct sl_codec_child {
    pid_t pid;
    int fd;        /* our end of its first socket, non-blocking */
    int status_fd; /* its status in /proc; -1: hidden from us */
};
/* Executes program_fd again. -errno: it cannot be had. */
int sl_codec_spawn(int program_fd, enum sl_engine_role role, unsigned number,
                   struct sl_codec_child *out);
/* A pair of stream sockets: non-blocking, close-on-exec, with room for large frames. */
int sl_codec_socket_pair(int fds[static 2]);
/* CPU time of a child that was not waited for; 0: not known. */
int64_t sl_codec_cpu_us(pid_t pid);
/* 'R', 'S', 'D', 'T', 'Z' as ps(1) has it; '?': not known. */
char sl_codec_state(const struct sl_codec_child *child);
/* Resident and nobody else's; 0: not known. */
uint64_t sl_codec_memory(const struct sl_codec_child *child);
/* One message, perhaps with a descriptor along, whole or not at all. 0; -EAGAIN: it does not
 * read; -ENOBUFS: the kernel has no memory; -EPIPE. */
int sl_codec_send_control(int fd, enum sl_engine_type type, int along_fd);

/* ---- inbox.c ---- */

/* Zeroed is empty. */
struct sl_codec_inbox {
    uint8_t *bytes;
    size_t len, room;
    size_t needed; /* for the message at the beginning; 0: not known */
};
/*
 * Reads what has come, budget bytes or a little more, and hands over each whole message. 0: there
 * may be more; -EAGAIN: not now; -EPIPE: never again; -EBADMSG, or what on_message() returned: the
 * other end is not to be listened to any more.
 */
int sl_codec_inbox_read(struct sl_codec_inbox *inbox, int fd, size_t budget,
                        int (*on_message)(void *owner, const struct sl_engine_message *message),
                        void *owner);
void sl_codec_inbox_deinit(struct sl_codec_inbox *inbox);

/* ---- outbox.c ---- */

struct sl_codec_outbox {
    struct sl_list chunks;
    size_t count, len;
};
void sl_codec_outbox_init(struct sl_codec_outbox *outbox);
void sl_codec_outbox_deinit(struct sl_codec_outbox *outbox);
/* Writes the message, or keeps a copy of what the kernel does not take now. 0; -EPIPE: the other
 * end is gone; -ENOBUFS: nothing was done, it would wait as message number count_max or make the
 * bytes that wait more than len_max. */
int sl_codec_outbox_send(struct sl_codec_outbox *outbox, int fd,
                         const struct sl_engine_message *message, size_t count_max, size_t len_max);
/* 0: see whether it is empty; -EPIPE. */
int sl_codec_outbox_flush(struct sl_codec_outbox *outbox, int fd);

/* ---- link.c ---- */

struct sl_codec_link;
struct sl_codec_process;

struct sl_codec_link_ops {
    /* Its jobs are down. -EPIPE: the process is gone; -EBADMSG: it said what it must not; -ENOBUFS:
     * it takes nothing; -ENOMEM: there was none for the link. Once at most. [control] */
    void (*on_broken)(struct sl_codec_link *link, int err);
    /* After sl_codec_link_end(): its memory may go. [control] */
    void (*on_gone)(struct sl_codec_link *link);
};

struct sl_codec_link {
    /* ---- control's ---- */
    struct sl_list entry; /* in process->links */
    struct sl_codec_process *process;
    int far_fd;            /* still to be given to the process; -1: it was */
    size_t job_count;      /* placed here, or not yet seen to have left */
    int64_t idle_since_us; /* without a job */
    bool ended;
    /* ---- set once ---- */
    struct sl_loop *loop, *control;
    const struct sl_codec_link_ops *ops;
    struct sl_msg open_msg, end_msg, broken_msg, gone_msg;
    /* ---- anybody's ---- */
    _Atomic uint64_t inputs_dropped; /* not yet counted by control */
    /* ---- the loop's ---- */
    int fd;
    int err; /* why it is broken; 0: it is not */
    bool watched;
    int events; /* that it is watched for */
    uv_poll_t poll;
    struct sl_later broken_later;
    struct sl_table jobs; /* by id */
    uint32_t newest;      /* the last job that came here */
    struct sl_codec_inbox inbox;
    struct sl_codec_outbox outbox;
};
/* fd: the near end of its socket, taken over. [control] */
struct sl_codec_link *sl_codec_link_create(struct sl_codec_process *process, struct sl_loop *loop,
                                           struct sl_loop *control, int near_fd, int far_fd,
                                           const struct sl_codec_link_ops *ops);
/* Its jobs go down, on_gone() comes. Once. [control] */
void sl_codec_link_end(struct sl_codec_link *link);
/* The job is up from here on. [loop] */
void sl_codec_link_join(struct sl_codec_link *link, struct sl_codec_job *job);
/* Its process is told to forget it. [loop] */
void sl_codec_link_leave(struct sl_codec_link *link, struct sl_codec_job *job);
/* As sl_codec_job_send(). [loop] */
bool sl_codec_link_send(struct sl_codec_link *link, const struct sl_engine_message *message);

/* ---- process.c ---- */

/*
 * STARTING  on_ready (READY came)            → READY
 *           sl_codec_process_end             → ENDING
 * READY     it hangs (judge)                 → ABORTING
 *           sl_codec_process_end             → ENDING
 * ABORTING  its last words, EOF, or 100 ms   → ENDING
 * ENDING    waited for, sockets closed       → freed
 */
enum sl_codec_process_state {
    SL_CODEC_STARTING,
    SL_CODEC_READY,
    SL_CODEC_ABORTING,
    SL_CODEC_ENDING,
};

enum sl_codec_cause {
    SL_CODEC_DIED,    /* by itself, or by somebody's signal */
    SL_CODEC_HUNG,    /* computes or sleeps, and does not answer */
    SL_CODEC_STOPPED, /* somebody has stopped it (SIGSTOP) */
    SL_CODEC_GARBAGE, /* what it said is nothing that it may say */
    SL_CODEC_LATE,    /* it did not get ready */
    SL_CODEC_SPARED,  /* it is not needed any more */
};

struct sl_codec_process_ops {
    void (*on_ready)(struct sl_codec_process *process);
    /* It takes nothing any more, its links are told so; its jobs are still in the list. */
    void (*on_end)(struct sl_codec_process *process);
    /* The jobs of this link cannot be there. */
    void (*on_link_failed)(struct sl_codec_link *link);
    /* Waited for; wait_status as of waitpid(2), -1: not known. */
    void (*on_reaped)(struct sl_codec_process *process, int wait_status);
    /* The last call: it is freed behind it. */
    void (*on_gone)(struct sl_codec_process *process);
};

enum { SL_CODEC_SAMPLES = 5 }; /* of CPU time, one a tick: two seconds between first and last */

/* [control] */
struct sl_codec_process {
    struct sl_list entry; /* in the pool's list */
    struct sl_loop *control;
    const struct sl_codec_process_ops *ops;
    void *owner;
    enum sl_engine_role role;
    unsigned number; /* of its role: what ps(1) shows */
    enum sl_codec_process_state state;
    enum sl_codec_cause cause;
    uint32_t dying_job, dying_input; /* that its last words name; 0: none */
    char *suspect;                   /* the source whose fault it may be; the pool's business */
    bool suspect_is_certain;         /* else it is one of many that may have been it */
    struct sl_codec_child child;
    bool reaped, closed; /* waited for; poll closed */
    bool killed;         /* by us */
    bool steady;         /* it has been READY for a while: the next one may start at once */
    bool quiet;          /* one of many that end alike: no news */
    uv_poll_t poll;
    int events;
    struct sl_codec_inbox inbox;
    struct sl_list links; /* struct sl_codec_link.entry */
    struct sl_list jobs;  /* struct sl_codec_job.place */
    size_t job_count;
    int64_t started_us, ready_us, idle_since_us, kill_at_us;
    int64_t asked_us; /* since when it owes an answer; 0: it owes none */
    int64_t asked_cpu_us;
    struct {
        int64_t at_us, cpu_us;
    } samples[SL_CODEC_SAMPLES]; /* the newest first */
    size_t sample_count;
    uint32_t busy_permille;
    int64_t placed_us; /* when jobs came that its load does not show yet */
    unsigned placed_lately;
};
/* -errno: it cannot be started. */
int sl_codec_process_create(struct sl_loop *control, int program_fd, enum sl_engine_role role,
                            unsigned number, const struct sl_codec_process_ops *ops, void *owner,
                            struct sl_codec_process **out);
/* To be called every SL_CODEC_TICK_MS: asks it, looks whether it answers, measures it. */
enum { SL_CODEC_TICK_MS = 500 };
void sl_codec_process_tick(struct sl_codec_process *process, int64_t now_us);
/* To be called every few milliseconds while it is ABORTING or ENDING. It may be gone then. */
void sl_codec_process_hurry(struct sl_codec_process *process, int64_t now_us);
/* Its link to a loop, made at need. NULL: no descriptors are left, here or there. */
struct sl_codec_link *sl_codec_process_link(struct sl_codec_process *process, struct sl_loop *loop);
void sl_codec_process_end(struct sl_codec_process *process, enum sl_codec_cause cause);
/* At once, waiting for it, for where the loop does not turn any more. It has no links, is nobody's
 * any more, and is freed with the loop's handles. */
void sl_codec_process_cut(struct sl_codec_process *process);

/* ---- job.c ---- */

/*
 * WAITING  sl_codec_job_place()     → PLACED
 *          sl_codec_job_fail()      → FAILED
 * PLACED   sl_codec_job_displace()  → WAITING
 *          sl_codec_job_fail()      → LEAVING
 * LEAVING  on_left                  → FAILED
 * any      sl_codec_job_close()     → CLOSING; on_left: freed
 */
enum sl_codec_job_state {
    SL_CODEC_JOB_WAITING,
    SL_CODEC_JOB_PLACED,
    SL_CODEC_JOB_LEAVING,
    SL_CODEC_JOB_FAILED,
    SL_CODEC_JOB_CLOSING,
};

struct sl_codec_job {
    /* ---- control's ---- */
    struct sl_list entry; /* in transcoder->jobs */
    struct sl_list place; /* in transcoder->waiting or link->process->jobs */
    struct sl_transcoder *transcoder;
    enum sl_codec_job_state state;
    struct sl_codec_link *link; /* where it was last placed; NULL: nowhere, or it ended */
    int64_t waiting_since_us;
    bool again, crowded;
    int err;
    struct sl_later failed_later;
    struct sl_msg leave_msg, left_msg; /* one of each under way */
    /* ---- set once ---- */
    uint32_t id;
    enum sl_engine_kind kind;
    struct sl_loop *loop;
    char *source;
    const struct sl_codec_job_ops *ops;
    void *owner;
    bool tell_down; /* before leave_msg is posted: on_down() is owed */
    /* ---- the loop's ---- */
    struct sl_codec_link *up;  /* NULL: it is down */
    struct sl_table_node node; /* in up->jobs */
};
void sl_codec_job_place(struct sl_codec_job *job, struct sl_codec_link *link);
/* Its link has ended. */
void sl_codec_job_displace(struct sl_codec_job *job, bool crowded);
/* Nothing where it has failed or is being closed. */
void sl_codec_job_fail(struct sl_codec_job *job, int err);

/* ---- fault.c ---- */

/* As soon as the process has ended: its jobs are still in its list, and may fail. */
void sl_codec_fault_ended(struct sl_transcoder *transcoder, struct sl_codec_process *process);
/* When it was waited for. */
void sl_codec_fault_reaped(struct sl_transcoder *transcoder, const struct sl_codec_process *process,
                           int wait_status);

/* ---- placement.c ---- */

struct sl_codec_tally {
    size_t alive;    /* those that follow */
    size_t starting; /* not ready yet */
    size_t idle;     /* ready, without a job */
    size_t working;  /* with jobs */
    uint32_t busy_permille, least_busy_permille;
};
struct sl_codec_tally sl_codec_count(const struct sl_transcoder *transcoder,
                                     enum sl_engine_role role);
/* Gives a place to those who wait, as far as there is one now. */
void sl_codec_place_waiting(struct sl_transcoder *transcoder, int64_t now_us);

/* ---- pool.c ---- */

enum { SL_CODEC_ROLES = SL_ENGINE_ROLE_SOUND + 1 };

struct sl_transcoder {
    struct sl_transcoder_config config;
    struct sl_later look; /* something has changed: who waits, what is missing? */
    struct sl_list jobs;  /* all that are not closed: struct sl_codec_job.entry */
    struct sl_list waiting;
    uint32_t last_id;
    bool ids_used_up; /* once */
    struct sl_list processes;
    struct sl_codec_quarantine quarantine;
    struct {
        unsigned failures; /* starts in a row that came to nothing */
        int64_t next_start_us;
    } roles[SL_CODEC_ROLES];
    int64_t next_move_us;
    struct sl_timer *tick, *wake, *hurry;
    bool hurrying, stopping, stopped;
    uint64_t restarts, quarantines;
    void (*on_stopped)(void *owner);
    void *stopped_owner;
};

#endif
