/* SPDX-License-Identifier: GPL-3.0-or-later */
/* publishStream, playStream and their stops: the checks before the hook, and the hook. */
#include "base/clock.h"
#include "base/text.h"
#include "session/directory.h"
#include "session/events.h"
#include "session/farewell.h"
#include "session/internal.h"
#include "session/media.h"
#include "session/properties.h"
#include "session/questions.h"

#include <string.h>

enum { NAME_ECHO_MAX = 2048, ID_ECHO_MAX = 256 };

static void set_name(struct sl_media_session *media, const char *name)
{
    /* Too long ones are refused; this much of them may be echoed. */
    char *copy = sl_text_cut(name, NAME_ECHO_MAX);

    free(media->name);
    media->name = copy;
}

/* NULL: there is none of the name asked for. */
static const struct sl_provider *find_provider(const struct sl_sessions *sessions,
                                               const struct sl_media_request *request)
{
    const struct sl_provider *const *providers = sessions->config.providers;
    const char *name = request->media_provider;

    if (request->provider)
        return request->provider;
    if (!name)
        return providers[0];
    while (*providers && strcmp((*providers)->name, name) != 0)
        providers++;
    return *providers;
}

static struct sl_media_session *media_create(struct sl_session *session,
                                             const struct sl_media_request *request)
{
    struct sl_media_session *media = sl_new(struct sl_media_session);

    media->sessions = session->sessions;
    media->session = session;
    media->publish = request->publish;
    if (request->media_session_id && request->media_session_id[0])
        media->id = sl_text_cut(request->media_session_id, ID_ECHO_MAX);
    set_name(media, request->name ? request->name : "");
    if (request->offer && strlen(request->offer) <= SL_MEDIUM_OFFER_MAX)
        media->offer = sl_strdup(request->offer);
    media->provider = find_provider(session->sessions, request);
    if (request->rtmp_url && strlen(request->rtmp_url) <= URL_MAX)
        media->rtmp_url = sl_strdup(request->rtmp_url);
    media->custom = json_incref(sl_custom_or_null(request->custom));
    if (sl_custom_is_too_large(request->custom))
        sl_refusals_note(&media->session->refusals, media->sessions, &media->log, "custom",
                         SL_REASON_CUSTOM_TOO_LARGE);
    media->has_audio = request->has_audio;
    media->has_video = request->has_video;
    media->video_orientation = request->video_orientation;
    media->record = request->publish && request->record;
    media->transport = request->transport;
    media->bitrate_kbps = request->bitrate_kbps;
    media->min_bitrate_kbps = request->min_bitrate_kbps;
    media->max_bitrate_kbps = request->max_bitrate_kbps;
    media->quality = request->quality;
    media->asked_width = request->width;
    media->asked_height = request->height;
    media->created_ms = sl_wall_ms();
    media->requested_us = sl_now_us();
    sl_list_init(&media->questions);
    sl_log_scope_init(&media->log, &session->log, request->publish ? "publish" : "play", media->id);
    return media;
}

/* ---- Before the hook ---- */

static enum sl_reason why_refused(const struct sl_session *session,
                                  const struct sl_media_request *request)
{
    const struct sl_sessions *sessions = session->sessions;
    const struct sl_config *config = sessions->config.config;

    if (sessions->stopping)
        return SL_REASON_SHUTDOWN;
    if (strlen(request->media_session_id) > SL_MEDIA_SESSION_ID_MAX ||
        sl_text_has_controls(request->media_session_id))
        return SL_REASON_ERROR;
    if (!find_provider(sessions, request))
        return SL_REASON_ERROR;
    if (session->media_count >= (size_t)config->streams_per_session_max)
        return SL_REASON_SESSION_STREAMS_MAX;
    if (sessions->media_by_id.count >= (size_t)config->streams_max)
        return SL_REASON_STREAMS_MAX;
    return SL_REASON_NONE;
}

/* ---- The hook ---- */

/* What the back end may rewrite (restPolicy=OVERWRITE). */
static void take_over(struct sl_media_session *media, json_t *fields)
{
    json_t *name = json_object_get(fields, "name");
    json_t *rtmp_url = json_object_get(fields, "rtmpUrl");
    json_t *custom = sl_custom_or_null(json_object_get(fields, "custom"));
    const json_t *record = json_object_get(fields, "record");

    if (json_is_string(name))
        set_name(media, json_string_value(name));
    if (json_is_string(rtmp_url) && json_string_length(rtmp_url) <= URL_MAX) {
        free(media->rtmp_url);
        media->rtmp_url = sl_strdup(json_string_value(rtmp_url));
    }
    if (json_is_boolean(record) && media->publish)
        media->record = json_is_true(record);
    if (custom) {
        json_decref(media->custom);
        media->custom = json_incref(custom);
    }
}

static void on_hook_answer(void *owner, const struct sl_hook_answer *answer)
{
    struct sl_media_session *media = owner;

    if (!answer->allowed) {
        sl_media_refuse(media, answer->info);
        return;
    }
    if (answer->fields)
        take_over(media, answer->fields);
    sl_media_begin(media);
}

static void request_accepted(struct sl_media_session *media)
{
    enum sl_hook_method method = media->publish ? SL_HOOK_PUBLISH_STREAM : SL_HOOK_PLAY_STREAM;

    sl_media_set_state(media, SL_MEDIA_PENDING, SL_REASON_NONE);
    if (sl_session_asks(media->session, method))
        sl_question_ask(media->session, &media->questions, method, sl_media_session_describe(media),
                        on_hook_answer, NULL, media);
    else
        sl_media_begin(media);
}

/* To client and back end (rest-hooks.md 5.6). */
static void report_error(struct sl_session *session, enum sl_reason reason)
{
    const struct sl_why why = {.reason = reason};

    SL_TELL(session, on_error, &why);
    sl_session_notify(session, SL_HOOK_ERROR_EVENT,
                      json_pack("{s:s}", "info", session->sessions->config.words(reason)));
}

void sl_session_request_media(struct sl_session *session, const struct sl_media_request *request)
{
    struct sl_media_session *holder = NULL;

    if (!request->media_session_id || !request->media_session_id[0]) {
        report_error(session, SL_REASON_NO_ID);
        sl_media_set_state(media_create(session, request), SL_MEDIA_FAILED, SL_REASON_NO_ID);
        return;
    }
    holder = sl_sessions_find_media(session->sessions, request->media_session_id);
    if ((holder && holder->session == session) ||
        sl_farewell_waits(session, request->media_session_id)) {
        /* A status would make the SDK release its healthy stream of this id (section 13). */
        report_error(session, SL_REASON_ID_IN_USE);
        return;
    }
    enum sl_reason refusal = holder ? SL_REASON_ID_IN_USE : why_refused(session, request);
    struct sl_media_session *media = media_create(session, request);
    if (refusal)
        sl_media_set_state(media, SL_MEDIA_FAILED, refusal);
    else
        request_accepted(media);
}

/* ---- The client's own stop ---- */

/* Already ended, somebody else's, or never there: the answer is the same, once (7.3, WS-55). */
static void answer_unknown_stop(struct sl_session *session, const struct sl_media_stop *stop)
{
    struct sl_media_request request = {.publish = stop->publish,
                                       .media_session_id = stop->media_session_id,
                                       .name = stop->name,
                                       .has_audio = true,
                                       .has_video = true};
    struct sl_media_session *media = media_create(session, &request);

    media->untold = true;
    sl_media_set_state(media, stop->publish ? SL_MEDIA_UNPUBLISHED : SL_MEDIA_STOPPED,
                       stop->publish ? SL_REASON_PUBLISHER_END : SL_REASON_USER_STOP);
}

void sl_session_stop_media(struct sl_session *session, const struct sl_media_stop *stop)
{
    struct sl_media_session *media =
        stop->media_session_id ? sl_sessions_find_media(session->sessions, stop->media_session_id)
                               : NULL;

    if (!media || media->session != session) {
        if (!stop->media_session_id || !sl_farewell_waits(session, stop->media_session_id))
            answer_unknown_stop(session, stop);
        return; /* otherwise the answer is under way */
    }
    enum sl_hook_method method = media->publish ? SL_HOOK_UNPUBLISH_STREAM : SL_HOOK_STOP_STREAM;
    /* Told, not asked: a stop cannot sensibly be refused. */
    if (sl_session_asks(session, method))
        sl_session_tell(session, method, sl_media_session_describe(media));
    sl_media_set_state(media, media->publish ? SL_MEDIA_UNPUBLISHED : SL_MEDIA_STOPPED,
                       media->publish ? SL_REASON_PUBLISHER_END : SL_REASON_USER_STOP);
}
