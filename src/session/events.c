/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stream events from a publisher to its players. */
#include "session/events.h"
#include "base/clock.h"
#include "base/json.h"
#include "session/audience.h"
#include "session/internal.h"
#include "session/properties.h"
#include "session/questions.h"

#include <errno.h>
#include <string.h>

enum {
    TYPE_MAX = 128,
    /* A publisher may send its players this much, or they would be dropped for not reading it. */
    EVENT_BYTES_PER_S = 131072,
    EVENT_BURST = 524288,
    EVENT_OVERHEAD = 256,
};

/* ---- Stream events (websocket-api.md 9.4) ---- */

struct event_request {
    struct sl_media_session *media;
    char *type;
    json_t *info, *payload; /* NULL: not given */
};

static void event_request_free(void *owner)
{
    struct event_request *request = owner;

    json_decref(request->info);
    json_decref(request->payload);
    free(request->type);
    free(request);
}

static json_t *event_body(const struct sl_media_session *media, const char *type, json_t *info,
                          json_t *payload)
{
    json_t *body = json_pack("{s:s, s:s, s:s, s:O*, s:O*}", "mediaSessionId", media->id, "name",
                             media->name, "type", type, "info", info, "payload", payload);

    sl_session_add_context(media->session, body);
    return body;
}

/* To each player under the player's own id; the back end hears of each (HOOK-39). */
static void relay(struct audience *audience, const char *type, json_t *info, json_t *payload)
{
    struct sl_media_session *player;

    sl_list_foreach(player, &audience->players, struct sl_media_session, in_audience)
    {
        struct sl_session *session = player->session;
        if (player->state != SL_MEDIA_PLAYING)
            continue; /* later PLAYING events say what is muted */
        SL_TELL(session, on_stream_event, player, type, info, payload);
        if (sl_session_wants(session, SL_HOOK_STREAM_EVENT))
            sl_session_tell(session, SL_HOOK_STREAM_EVENT, event_body(player, type, info, payload));
    }
}

/* SL_REASON_NONE, or why this one may not pass; a publisher's bytes are counted once, however many
 * players there are. */
static enum sl_reason why_not(struct event_budget *budget, json_t *info, json_t *payload)
{
    size_t len = sl_json_dump_len(info) + sl_json_dump_len(payload);
    int64_t now_us = sl_now_us(), passed_us = now_us - budget->at_us;

    if (len > SL_JSON_PAYLOAD_MAX)
        return SL_REASON_EVENT_TOO_LARGE;
    int64_t cost = EVENT_OVERHEAD + (int64_t)len;
    if (budget->at_us == 0 || passed_us > 60LL * SL_US_PER_S)
        budget->bytes = EVENT_BURST;
    else
        budget->bytes += passed_us * EVENT_BYTES_PER_S / SL_US_PER_S;
    if (budget->bytes > EVENT_BURST)
        budget->bytes = EVENT_BURST;
    budget->at_us = now_us;
    if (budget->bytes < cost)
        return SL_REASON_BUSY;
    budget->bytes -= cost;
    return SL_REASON_NONE;
}

void sl_refusals_note(struct refusals *refusals, struct sl_sessions *sessions,
                      const struct sl_log_scope *log, const char *what, enum sl_reason why)
{
    int64_t now_us = sl_now_us();
    bool too_many = why == SL_REASON_BUSY;

    sl_count(sessions->config.counters,
             too_many ? SL_COUNTER_WS_REFUSED_RATE : SL_COUNTER_WS_REFUSED_SIZE, 1);
    refusals->count++;
    if (refusals->logged_us != 0 && now_us - refusals->logged_us < SL_US_PER_S)
        return;
    sl_log(SL_LOG_WARN, log, "%s refused, %u of late: %s", what, refusals->count,
           sessions->config.words(why));
    refusals->count = 0;
    refusals->logged_us = now_us;
}

static void note_mute(struct sl_stream *stream, const char *type)
{
    static const struct {
        const char *type;
        enum sl_media_kind kind;
        bool muted;
    } rows[] = {
        {"audioMuted", SL_AUDIO, true},
        {"audioUnmuted", SL_AUDIO, false},
        {"videoMuted", SL_VIDEO, true},
        {"videoUnmuted", SL_VIDEO, false},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(rows); i++)
        if (strcmp(type, rows[i].type) == 0)
            sl_stream_set_muted(stream, rows[i].kind, rows[i].muted);
}

/* Allowed. */
static void pass_on(const struct sl_media_session *media, const char *type, json_t *info,
                    json_t *payload)
{
    if (!media->audience)
        return;
    note_mute(media->audience->stream, type);
    relay(media->audience, type, info, payload);
}

static void on_event_answer(void *owner, const struct sl_hook_answer *answer)
{
    struct event_request *request = owner;

    if (answer->allowed)
        pass_on(request->media, request->type, request->info, request->payload);
    event_request_free(request);
}

void sl_session_send_stream_event(struct sl_session *session, const char *media_session_id,
                                  const char *type, json_t *info, json_t *payload)
{
    struct sl_media_session *media = sl_sessions_find_media(session->sessions, media_session_id);

    if (!media || media->session != session || !media->publish)
        return; /* websocket-api.md 13 */
    enum sl_reason why = strlen(type) > TYPE_MAX ? SL_REASON_EVENT_TOO_LARGE
                         : session->question_count >= QUESTIONS_MAX
                             ? SL_REASON_BUSY
                             : why_not(&media->event_budget, info, payload);
    if (why) {
        sl_refusals_note(&session->refusals, session->sessions, &media->log, "stream event", why);
        SL_TELL(session, on_error, &(struct sl_why){.reason = why});
        return;
    }
    if (!sl_session_wants(session, SL_HOOK_SEND_STREAM_EVENT)) {
        pass_on(media, type, info, payload);
        return;
    }
    struct event_request *request = sl_new(struct event_request);
    request->media = media;
    request->type = sl_strdup(type);
    request->info = json_incref(info);
    request->payload = json_incref(payload);
    sl_question_ask(session, &media->questions, SL_HOOK_SEND_STREAM_EVENT,
                    event_body(media, type, info, payload), on_event_answer, event_request_free,
                    request);
}

int sl_sessions_send_stream_event(struct sl_sessions *sessions, const char *name, const char *type,
                                  json_t *payload)
{
    struct sl_stream *stream = sl_streams_find(sessions->config.streams, name);

    if (!stream)
        return -ENOENT;
    struct audience *audience = sl_audience_find(sessions, stream);
    if (audience)
        relay(audience, type, NULL, payload);
    return 0;
}

void sl_sessions_relay_stream_event(struct sl_sessions *sessions, const char *name,
                                    const char *type, json_t *info, json_t *payload)
{
    struct sl_stream *stream = sl_streams_find(sessions->config.streams, name);
    struct audience *audience = stream ? sl_audience_find(sessions, stream) : NULL;

    if (stream)
        note_mute(stream, type);
    if (!audience)
        return;
    enum sl_reason why = strlen(type) > TYPE_MAX ? SL_REASON_EVENT_TOO_LARGE
                                                 : why_not(&audience->event_budget, info, payload);
    if (!why) {
        relay(audience, type, info, payload);
        return;
    }
    struct sl_log_scope scope;
    sl_log_scope_init(&scope, NULL, "stream", name);
    sl_refusals_note(&audience->refusals, sessions, &scope, "stream event", why);
}
