/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of diagnose/ share: writers -> disk. */
#ifndef SL_DIAGNOSE_INTERNAL_H
#define SL_DIAGNOSE_INTERNAL_H

#include "base/config.h"
#include "base/list.h"
#include "diagnose/diagnose.h"
#include "net/net.h"

#include <jansson.h>
#include <stdint.h>

enum { SL_DIAGNOSE_DIR_MODE = 0700 };

struct sl_diagnose {
    const struct sl_config *config;
    struct sl_loop *loop;
    struct sl_lane *lane;
    struct sl_timer *timer; /* seconds: what waits is written, what is old goes */
    unsigned ticks;
    int debug_dir, report_dir, logs_dir; /* negative: none */
    struct sl_list files;                /* struct sl_debug_file: open, or being written */
    struct sl_list reports;              /* struct sl_report_call: being written */
    size_t debug_files;                  /* as of the last look, and since then */
    uint64_t report_bytes, log_bytes;    /* the same */
    bool looks;                          /* a look is under way */
    struct sl_list logs;                 /* struct sl_client_log */
    int64_t warned_us;
    json_t *description;      /* of what clients measure; NULL: they do not */
    int metrics_dir;          /* negative: what they send is not written */
    const char *metrics_name; /* of the file in it; the configuration's */
    char *metrics_bytes;      /* that wait; NULL */
    size_t metrics_len;
    bool metrics_writes; /* a piece is being written */
};

struct sl_debug_file {
    struct sl_list link; /* in diagnose->files */
    struct sl_diagnose *diagnose;
    char name[SL_DIAGNOSE_NAME_MAX];
    char *bytes; /* that wait */
    size_t len, total;
    struct sl_timer *timer;
    bool full, closing;
    int err; /* the first failure: nothing more is written */
    size_t jobs;
    void (*on_closed)(void *owner, int err);
    void *owner;
};

struct sl_report_call {
    struct sl_list link; /* in diagnose->reports */
    struct sl_diagnose *diagnose;
    char name[SL_DIAGNOSE_NAME_MAX];
    size_t len;
    void (*on_written)(void *owner, const char *name, int err);
    void *owner;
    struct sl_later refused;
};

/* ---- name.c ---- */

#define SL_DEBUG_NAME_BEGIN "debug-"
#define SL_DEBUG_NAME_END   ".log"

/* debug-20260102-030405-<hex_len hex digits><end>; hex_len is even and at most 32. */
void sl_diagnose_draw_name(char name[static SL_DIAGNOSE_NAME_MAX], const char *begin,
                           size_t hex_len, const char *end);

/* ---- disk.c ---- */

/* A piece at the end of a file, made if it is not there: one job. */
struct write_job {
    struct sl_lane_job job;
    struct sl_diagnose *diagnose;
    int dir;
    char name[2 * SL_DIAGNOSE_NAME_MAX];
    bool make_dir;    /* of the name's first part */
    bool is_new;      /* -EEXIST if there is one */
    int64_t size_max; /* what would make the file larger is left out; 0: nothing */
    bool makes_room;  /* the file is moved to <name>.1 instead, over the one that is there */
    char *bytes;      /* owned */
    size_t len;
    int err;
    void (*on_done)(void *owner, int err); /* NULL: nobody wants to know; then never called */
    void *owner;
};
/* Takes job, made with sl_new(). A failure is told in the log, now and then. */
void sl_diagnose_write(struct sl_diagnose *diagnose, struct write_job *job);

/* Looks at all directories: what is too old or too much goes, the rest is counted. */
void sl_diagnose_look(struct sl_diagnose *diagnose);

/* ---- debug.c, reports.c: what still waits when all is over ---- */

void sl_debug_file_free(struct sl_debug_file *file);
void sl_report_call_free(struct sl_report_call *call);

/* ---- metrics_file.c ---- */

/* Blocks. */
void sl_diagnose_metrics_open(struct sl_diagnose *diagnose);
void sl_diagnose_metrics_close(struct sl_diagnose *diagnose);
void sl_diagnose_metrics_flush(struct sl_diagnose *diagnose);

/* ---- client_logs.c ---- */

void sl_client_logs_flush(struct sl_diagnose *diagnose);

#endif
