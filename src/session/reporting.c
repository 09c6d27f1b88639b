/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * submitBugReport (rooms-mixers-diagnostics.md 3.3): the user's words, and what is known here.
 *
 *   IDLE --> ASKING the back end, if it wants to be --> SAVING --> IDLE, answered
 *                       `--of type no_media--> WATCHING what comes and goes --^
 *
 * One at a time for each client; refused ones are answered at once.
 */
#include "session/reporting.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log_watch.h"
#include "diagnose/diagnose.h"
#include "session/properties.h"
#include "session/questions.h"
#include "session/traffic.h"

#include <errno.h>
#include <string.h>

enum {
    TEXT_MAX = 4096,
    TYPE_MAX = 64,
    LINES_MAX = 200,
    INTERVAL_US = 10 * SL_US_PER_S, /* between two of one client */
    REPORTS_MAX = 20,               /* of one client */
    ALL_PER_S = 5,                  /* of all clients: each costs a look at the last log lines */
};

struct reporting {
    struct sl_session *session;
    enum { IDLE, ASKING, WATCHING, SAVING } state;
    unsigned count;
    int64_t last_us; /* 0: never */
    char *text, *type;
    struct traffic *traffic;     /* WATCHING, SAVING; NULL: it was not asked for */
    struct sl_report_call *call; /* SAVING to a file */
};

/* ---- What is in it ---- */

static void add_line(void *arg, const char *line, size_t len)
{
    json_t *list = arg;
    char *copy = sl_strndup(line, len > 0 ? len - 1 : 0); /* without its newline */

    sl_diagnose_mask(copy);
    (void)json_array_append_new(list, json_string(copy));
    if (json_array_size(list) > LINES_MAX)
        (void)json_array_remove(list, 0);
    free(copy);
}

static json_t *describe_stream(const struct sl_media_session *media)
{
    static const char *const withheld[] = {"sdp",    "custom", "rtmpUrl",
                                           "nodeId", "appKey", "sessionId"};
    const struct sl_medium_figures *figures = &media->figures;
    json_t *out = sl_media_session_describe(media);

    for (size_t i = 0; i < SL_ARRAY_LEN(withheld); i++)
        (void)json_object_del(out, withheld[i]);
    (void)json_object_set_new(
        out, "figures",
        json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b}", "audioBps",
                  (json_int_t)figures->audio_bps, "videoBps", (json_int_t)figures->video_bps, "fps",
                  (json_int_t)figures->video_fps, "lost", (json_int_t)figures->lost, "nack",
                  (json_int_t)figures->nack, "pli", (json_int_t)figures->pli, "rttUs",
                  (json_int_t)figures->rtt_us, "videoFlows", figures->video_flows));
    return out;
}

static json_t *describe(const struct reporting *reporting)
{
    struct sl_session *session = reporting->session;
    json_t *streams = json_array(), *lines = json_array();
    struct sl_media_session *media;
    char remote[SL_ADDR_TEXT_MAX];

    sl_list_foreach(media, &session->media, struct sl_media_session, in_session)(void)
        json_array_append_new(streams, describe_stream(media));
    sl_log_recent(&session->log, add_line, lines);
    json_t *traffic = reporting->traffic ? sl_traffic_describe(reporting->traffic) : NULL;
    return json_pack(
        "{s:I, s:s, s:s, s:s, s:s, s:s, s:O?, s:O?, s:O?, s:s?, s:s?, s:o, s:o, s:o*}", "time",
        (json_int_t)sl_wall_ms(), "version", SLUICE_VERSION, "nodeId", session->sessions->node_id,
        "sessionId", session->id, "appKey", session->app_key, "remote",
        sl_addr_format(&session->remote, remote), "clientVersion",
        json_object_get(session->properties, "clientVersion"), "clientOSVersion",
        json_object_get(session->properties, "clientOSVersion"), "clientBrowserVersion",
        json_object_get(session->properties, "clientBrowserVersion"), "text", reporting->text,
        "type", reporting->type, "streams", streams, "log", lines, "traffic", traffic);
}

/* ---- Answers ---- */

static void finish(struct reporting *reporting, const char *name, struct sl_why why)
{
    struct sl_session *session = reporting->session;

    reporting->state = IDLE;
    reporting->call = NULL;
    sl_traffic_destroy(reporting->traffic);
    reporting->traffic = NULL;
    free(reporting->text);
    free(reporting->type);
    reporting->text = reporting->type = NULL;
    SL_TELL(session, on_report, name, &why);
    if (!why.reason)
        sl_session_notify(session, SL_HOOK_BUG_REPORT_STATUS_EVENT,
                          json_pack("{s:s}", "filename", name));
}

static void on_written(void *owner, const char *name, int err)
{
    struct reporting *reporting = owner;
    enum sl_reason reason = err == 0          ? SL_REASON_NONE
                            : err == -ENOBUFS ? SL_REASON_BUSY
                                              : SL_REASON_ERROR;

    finish(reporting, name, (struct sl_why){.reason = reason});
}

/* Nothing is written: the line in the log is all there is. */
static void log_report(struct reporting *reporting, const char *name)
{
    char text[TEXT_MAX], type[TYPE_MAX];

    sl_log(SL_LOG_INFO, &reporting->session->log, "%s type=%s text=%s", name,
           sl_log_quote(type, sizeof(type), reporting->type),
           sl_log_quote(text, sizeof(text), reporting->text));
}

static void save(struct reporting *reporting)
{
    struct sl_diagnose *diagnose = reporting->session->sessions->config.diagnose;
    char name[SL_DIAGNOSE_NAME_MAX];
    size_t len = 0;

    reporting->state = SAVING;
    if (!diagnose || !sl_diagnose_keeps_reports(diagnose)) {
        sl_report_name(name);
        log_report(reporting, name);
        finish(reporting, name, (struct sl_why){.reason = SL_REASON_NONE});
        return;
    }
    json_t *report = describe(reporting);
    char *text = sl_json_dump(report, &len);
    json_decref(report);
    if (text)
        reporting->call = sl_report_write(diagnose, text, len, on_written, reporting);
    else
        finish(reporting, NULL, (struct sl_why){.reason = SL_REASON_ERROR});
}

/* ---- Traffic ---- */

static void on_watched(void *owner)
{
    save(owner);
}

/* Allowed. Who has no media, as he says, is watched first. */
static void go_on(struct reporting *reporting)
{
    const struct sl_diagnose *diagnose = reporting->session->sessions->config.diagnose;

    if (!reporting->type || strcmp(reporting->type, "no_media") != 0 || !diagnose ||
        !sl_diagnose_keeps_reports(diagnose)) {
        save(reporting);
        return;
    }
    reporting->state = WATCHING;
    reporting->traffic = sl_traffic_begin(reporting->session, on_watched, reporting);
    if (!reporting->traffic)
        finish(reporting, NULL, (struct sl_why){.reason = SL_REASON_BUSY});
}

/* ---- Questions ---- */

static void on_answer(void *owner, const struct sl_hook_answer *answer)
{
    struct reporting *reporting = owner;
    const struct sl_sessions_config *parts = &reporting->session->sessions->config;
    char info[INFO_MAX];

    if (answer->allowed) {
        go_on(reporting);
        return;
    }
    sl_info_copy(info, answer->info, parts->words(SL_REASON_REFUSED));
    finish(reporting, NULL, (struct sl_why){.reason = SL_REASON_REFUSED, .words = info});
}

static struct reporting *reporting_of(struct sl_session *session)
{
    if (!session->reporting) {
        session->reporting = sl_new(struct reporting);
        session->reporting->session = session;
    }
    return session->reporting;
}

static bool is_too_often(struct reporting *reporting)
{
    struct sl_sessions *sessions = reporting->session->sessions;
    int64_t now_us = sl_now_us();

    if (reporting->state != IDLE || reporting->count >= REPORTS_MAX ||
        (reporting->last_us != 0 && now_us - reporting->last_us < INTERVAL_US) ||
        !sl_bucket_take(&sessions->reports, ALL_PER_S, ALL_PER_S, now_us))
        return true;
    reporting->last_us = now_us;
    reporting->count++;
    return false;
}

void sl_session_submit_report(struct sl_session *session, const char *text, const char *type)
{
    struct reporting *reporting = reporting_of(session);

    if (is_too_often(reporting)) {
        SL_TELL(session, on_report, NULL, &(struct sl_why){.reason = SL_REASON_BUSY});
        return;
    }
    reporting->text = text ? sl_text_cut(text, TEXT_MAX) : NULL;
    reporting->type = type ? sl_text_cut(type, TYPE_MAX) : NULL;
    if (reporting->text)
        sl_diagnose_mask(reporting->text); /* who pastes a log pastes what is in it */
    if (!sl_session_wants(session, SL_HOOK_SUBMIT_BUG_REPORT)) {
        go_on(reporting);
        return;
    }
    reporting->state = ASKING;
    json_t *body = json_pack("{s:s*, s:s*}", "text", reporting->text, "type", reporting->type);
    sl_session_add_context(session, body);
    sl_question_ask(session, &session->questions, SL_HOOK_SUBMIT_BUG_REPORT, body, on_answer, NULL,
                    reporting);
}

void sl_reporting_end(struct sl_session *session)
{
    struct reporting *reporting = session->reporting;

    if (!reporting)
        return;
    if (reporting->call)
        sl_report_forget(reporting->call);
    sl_traffic_destroy(reporting->traffic);
    free(reporting->text);
    free(reporting->type);
    free(reporting);
}
