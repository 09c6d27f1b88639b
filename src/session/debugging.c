/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A client's debug session (rooms-mixers-diagnostics.md 3.1, 3.2): its own log lines, ours about it
 * at DEBUG, and each second how its streams do, in one file.
 *
 *   IDLE --start--> RUNNING --stop--> CLOSING --the file is whole--> IDLE
 *                      `--too long, too large--> ENDED --stop--> IDLE
 *
 * Without a file (they are off, or there are too many) the client is answered all the same.
 */
#include "session/debugging.h"
#include "base/clock.h"
#include "base/log_watch.h"
#include "diagnose/diagnose.h"
#include "session/questions.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
    TICK_MS = 1000,
    WATCHED_LEN = 262144, /* bytes of our lines in a second */
    LINE_MAX_LEN = 8192,  /* of a client's line in the file; the rest is cut */
    LOGGED_MAX = 1024,    /* of one in the log */
    STARTS_MAX = 10,      /* files of one session */
    BURST_S = 10,
    STAMP_LEN = 40,
};

#define BELOW "client/debug/" /* of the pages' own origin, where the SDK's page looks for it */

struct debugging {
    struct sl_session *session;
    enum { IDLE, RUNNING, CLOSING, ENDED } state;
    struct sl_debug_file *file; /* RUNNING, with a file; CLOSING */
    char name[SL_DIAGNOSE_NAME_MAX];
    struct sl_log_watch *watch;
    struct sl_timer *timer;
    struct sl_bucket pushed;
    int64_t until_us;
    unsigned starts;
};

/* ---- What goes into the file ---- */

static void add_line(struct debugging *debugging, const char *line, size_t len)
{
    if (debugging->file)
        (void)sl_debug_file_add(debugging->file, line, len); /* the tick sees that it is full */
}

/* text: printable. */
static void add_text(struct debugging *debugging, const char *text)
{
    char line[LINE_MAX_LEN + STAMP_LEN];
    int64_t now_ms = sl_wall_ms();
    time_t now = (time_t)(now_ms / 1000);
    struct tm utc;

    (void)gmtime_r(&now, &utc);
    size_t len = strftime(line, STAMP_LEN, "%Y-%m-%dT%H:%M:%S", &utc);
    len += (size_t)snprintf(line + len, sizeof(line) - len, ".%03dZ %.*s\n", (int)(now_ms % 1000),
                            LINE_MAX_LEN, text);
    add_line(debugging, line, len);
}

static void add_ours(void *arg, const char *line, size_t len)
{
    char *copy = sl_strndup(line, len);

    sl_diagnose_mask(copy);
    add_line(arg, copy, len);
    free(copy);
}

static void add_pushed(struct debugging *debugging, const char *line)
{
    char quoted[LINE_MAX_LEN], text[LINE_MAX_LEN];
    char *copy = sl_strndup(line, LINE_MAX_LEN);

    sl_diagnose_mask(copy);
    (void)snprintf(text, sizeof(text), "client %s", sl_log_quote(quoted, sizeof(quoted) - 8, copy));
    add_text(debugging, text);
    free(copy);
}

static void add_stream(struct debugging *debugging, const struct sl_media_session *media)
{
    const struct sl_medium_figures *figures = &media->figures;
    char name[128], text[512];

    (void)snprintf(text, sizeof(text),
                   "%s %s %s audio %llu bit/s video %llu bit/s %llu fps %ux%u lost %llu nack %llu "
                   "pli %llu rtt %u us link %llu bit/s%s",
                   media->publish ? "publication" : "playback",
                   sl_log_quote(name, sizeof(name), media->name), sl_media_state_name(media->state),
                   (unsigned long long)figures->audio_bps, (unsigned long long)figures->video_bps,
                   (unsigned long long)figures->video_fps, media->width, media->height,
                   (unsigned long long)figures->lost, (unsigned long long)figures->nack,
                   (unsigned long long)figures->pli, figures->rtt_us,
                   (unsigned long long)figures->limit_bps,
                   figures->stands_in ? " variant"
                   : figures->smaller ? " smaller size"
                                      : "");
    add_text(debugging, text);
}

static void add_watched(struct debugging *debugging)
{
    char text[64];
    uint64_t lost = debugging->watch ? sl_log_watch_take(debugging->watch, add_ours, debugging) : 0;

    if (lost == 0)
        return;
    (void)snprintf(text, sizeof(text), "%llu lines were too many", (unsigned long long)lost);
    add_text(debugging, text);
}

/* ---- Its states ---- */

/* To the client and its back end. */
static void tell(struct sl_session *session, bool running, const struct debugging *with_file)
{
    char path[SL_DIAGNOSE_NAME_MAX + sizeof(BELOW)];
    const char *file = with_file ? path : NULL;
    const char *status = running ? "STARTED" : "STOPPED";

    if (with_file)
        (void)snprintf(path, sizeof(path), BELOW "%s", with_file->name);
    SL_TELL(session, on_debug, running, file);
    sl_session_notify(session, SL_HOOK_SESSION_DEBUG_STATUS_EVENT,
                      json_pack("{s:s, s:s*}", "status", status, "file", file));
}

static void stop_watching(struct debugging *debugging)
{
    add_watched(debugging);
    sl_log_watch_destroy(debugging->watch);
    debugging->watch = NULL;
    sl_timer_destroy(debugging->timer);
    debugging->timer = NULL;
}

static void on_closed(void *owner, int err)
{
    struct debugging *debugging = owner;

    debugging->file = NULL;
    debugging->state = IDLE;
    tell(debugging->session, false, err < 0 ? NULL : debugging);
}

static void on_tick(void *owner)
{
    struct debugging *debugging = owner;
    struct sl_media_session *media;

    add_watched(debugging);
    sl_list_foreach(media, &debugging->session->media, struct sl_media_session, in_session)
        add_stream(debugging, media);
    bool is_late = sl_now_us() >= debugging->until_us;
    if (is_late)
        add_text(debugging, "the debug session has its length");
    if (!is_late && sl_debug_file_add(debugging->file, "", 0))
        return;
    stop_watching(debugging);
    sl_debug_file_close(debugging->file, NULL, NULL);
    debugging->file = NULL;
    debugging->state = ENDED;
}

static void start(struct debugging *debugging)
{
    struct sl_session *session = debugging->session;
    const struct sl_sessions_config *parts = &session->sessions->config;

    if (debugging->state == RUNNING || debugging->state == CLOSING)
        return; /* the same file goes on; or is being finished, and the client cannot have meant it
                 */
    debugging->state = RUNNING;
    debugging->file = parts->diagnose && debugging->starts++ < STARTS_MAX
                          ? sl_debug_file_open(parts->diagnose)
                          : NULL;
    if (!debugging->file)
        return;
    (void)snprintf(debugging->name, sizeof(debugging->name), "%s",
                   sl_debug_file_name(debugging->file));
    debugging->watch = sl_log_watch_lines(&session->log, SL_LOG_DEBUG, WATCHED_LEN);
    debugging->until_us = sl_now_us() + parts->config->debug_session_max_s * SL_US_PER_S;
    debugging->timer = sl_timer_create(parts->loop, on_tick, debugging);
    sl_timer_start(debugging->timer, TICK_MS, TICK_MS);
    add_text(debugging, session->id);
}

static void stop(struct debugging *debugging)
{
    struct sl_session *session = debugging->session;
    bool ended = debugging->state == ENDED;

    if (debugging->state == RUNNING && debugging->file) {
        stop_watching(debugging);
        debugging->state = CLOSING;
        sl_debug_file_close(debugging->file, on_closed, debugging);
        return;
    }
    if (debugging->state != CLOSING)
        debugging->state = IDLE;
    tell(session, false, ended ? debugging : NULL);
}

void sl_session_debug(struct sl_session *session, bool is_start)
{
    struct debugging *debugging = session->debugging;

    if (!debugging) {
        debugging = session->debugging = sl_new(struct debugging);
        debugging->session = session;
    }
    sl_log(SL_LOG_INFO, &session->log, "session debug %s", is_start ? "STARTED" : "STOPPED");
    sl_session_notify(session, SL_HOOK_SESSION_DEBUG,
                      json_pack("{s:s}", "command", is_start ? "start" : "stop"));
    if (!is_start) {
        stop(debugging);
        return;
    }
    start(debugging);
    tell(session, true, NULL);
}

void sl_debugging_end(struct sl_session *session)
{
    struct debugging *debugging = session->debugging;

    sl_client_log_close(session->client_log);
    sl_log_watch_destroy(session->log_level);
    if (!debugging)
        return;
    if (debugging->state == CLOSING) {
        sl_debug_file_forget(debugging->file);
    } else if (debugging->file) {
        stop_watching(debugging);
        sl_debug_file_close(debugging->file, NULL, NULL);
    }
    free(debugging);
}

/* ---- What clients say of themselves ---- */

static bool may_push(struct sl_bucket *bucket, int64_t per_s)
{
    return sl_bucket_take(bucket, per_s, BURST_S * per_s, sl_now_us());
}

/* The SDK's lines have whole messages in them, and those passwords. */
static void log_pushed(struct sl_session *session, const char *line)
{
    struct sl_diagnose *diagnose = session->sessions->config.diagnose;
    char quoted[LOGGED_MAX];
    char *copy = sl_strndup(line, LINE_MAX_LEN);

    sl_diagnose_mask(copy);
    sl_log_quote(quoted, sizeof(quoted), copy);
    free(copy);
    if (!session->client_log && diagnose)
        session->client_log = sl_client_log_open(diagnose, session->id);
    if (session->client_log)
        sl_client_log_add(session->client_log, quoted);
    else
        sl_log(SL_LOG_DEBUG, &session->log, "client log: %s", quoted);
}

void sl_session_push_log(struct sl_session *session, const char *line)
{
    const struct sl_config *config = session->sessions->config.config;
    struct debugging *debugging = session->debugging;
    bool has_file = debugging && debugging->state == RUNNING && debugging->file;

    if (has_file && may_push(&debugging->pushed, config->debug_lines_per_second))
        add_pushed(debugging, line);
    if (!may_push(&session->pushed_logs, config->client_log_lines_per_second))
        return;
    sl_session_notify(session, SL_HOOK_PUSH_LOGS, json_pack("{s:s}", "logs", line));
    if (!has_file)
        log_pushed(session, line);
}

int sl_session_set_log_level(struct sl_session *session, enum sl_log_level level)
{
    struct sl_log_watch *watch = sl_log_watch_level(&session->log, level);

    if (!watch)
        return -ENOBUFS;
    sl_log_watch_destroy(session->log_level);
    session->log_level = watch;
    return 0;
}
