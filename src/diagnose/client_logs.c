/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Logs of clients, a file for each and day. Lines wait for a moment, so that many are one job. */
#include "diagnose/internal.h"

#include "base/clock.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    PIECE_MAX = 8192,
    STAMP_LEN = 32,
    DAY_LEN = 11,      /* "2026-01-02/" */
    FLUSHED_MAX = 128, /* files at once: the lane takes a few times as many jobs */
};

struct sl_client_log {
    struct sl_list link; /* in diagnose->logs */
    struct sl_diagnose *diagnose;
    char file[2 * SL_DIAGNOSE_NAME_MAX - DAY_LEN];
    char *bytes; /* NULL: nothing waits */
    size_t len;
    char day[DAY_LEN + 1]; /* of what waits */
};

struct sl_client_log *sl_client_log_open(struct sl_diagnose *diagnose, const char *session_id)
{
    struct sl_client_log *log;
    size_t at = 0;

    if (diagnose->logs_dir < 0)
        return NULL;
    log = sl_new(struct sl_client_log);
    log->diagnose = diagnose;
    for (const char *p = session_id; *p && at < sizeof(log->file) - sizeof(".log"); p++) {
        bool fits = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
                    (*p >= '0' && *p <= '9') || *p == '.' || *p == '-';
        log->file[at++] = fits ? *p : '_';
    }
    (void)snprintf(log->file + at, sizeof(log->file) - at, ".log");
    sl_list_append(&diagnose->logs, &log->link);
    return log;
}

static void flush(struct sl_client_log *log)
{
    struct sl_diagnose *diagnose = log->diagnose;
    struct write_job *job;

    if (!log->bytes)
        return;
    diagnose->log_bytes += log->len;
    job = sl_new(struct write_job);
    job->dir = diagnose->logs_dir;
    (void)snprintf(job->name, sizeof(job->name), "%s%s", log->day, log->file);
    job->make_dir = true;
    job->size_max = diagnose->config->client_log_file_max;
    job->bytes = log->bytes;
    job->len = log->len;
    log->bytes = NULL;
    log->len = 0;
    sl_diagnose_write(diagnose, job);
}

/* Once what is there is too much, nothing more is written before a look has made room. */
static bool is_full(struct sl_diagnose *diagnose)
{
    bool full = diagnose->log_bytes > (uint64_t)diagnose->config->client_logs_max;

    if (full)
        sl_diagnose_look(diagnose);
    return full;
}

void sl_client_log_add(struct sl_client_log *log, const char *line)
{
    char stamp[STAMP_LEN], day[DAY_LEN + 1];
    int64_t now_ms = sl_wall_ms();
    time_t now = (time_t)(now_ms / 1000);
    size_t len = strlen(line);
    struct tm utc;

    if (is_full(log->diagnose) || len + STAMP_LEN > PIECE_MAX)
        return;
    (void)gmtime_r(&now, &utc);
    (void)strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &utc);
    (void)strftime(day, sizeof(day), "%Y-%m-%d/", &utc);
    if (log->len + len + STAMP_LEN > PIECE_MAX || strcmp(day, log->day) != 0)
        flush(log);
    if (!log->bytes)
        log->bytes = sl_alloc(PIECE_MAX);
    memcpy(log->day, day, sizeof(day));
    log->len += (size_t)snprintf(log->bytes + log->len, PIECE_MAX - log->len, "%s.%03dZ %s\n",
                                 stamp, (int)(now_ms % 1000), line);
}

void sl_client_log_close(struct sl_client_log *log)
{
    if (!log)
        return;
    flush(log);
    sl_list_remove(&log->link);
    free(log);
}

/* Of many, some wait until they are a whole piece. */
void sl_client_logs_flush(struct sl_diagnose *diagnose)
{
    struct sl_client_log *log;
    size_t left = FLUSHED_MAX;

    sl_list_foreach(log, &diagnose->logs, struct sl_client_log, link)
    {
        if (left == 0)
            return;
        left -= log->bytes ? 1 : 0;
        flush(log);
    }
}
