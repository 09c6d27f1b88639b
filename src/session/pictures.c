/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Pictures of streams for clients (media-outputs.md 8): who may have one, and how often.
 *
 *   ASKING the back end, if it wants to be --yes--> TAKING --> answered
 *
 * The session's end is the end of a wish in either state, without an answer.
 */
#include "session/pictures.h"
#include "base/clock.h"
#include "session/audience.h"
#include "session/events.h"
#include "session/playback.h"
#include "session/properties.h"
#include "session/questions.h"
#include "variant/variant.h"

#include <errno.h>
#include <string.h>

enum {
    HTTP_OK = 200,
    ID_ECHO_MAX = 256,
    WISHES_SPAN_US = SL_US_PER_S, /* in which there may be two, as in session->wished_us */
};

struct wish {
    struct sl_list link; /* in session->wishes, while TAKING */
    struct sl_session *session;
    char *id, *name;
    size_t len_max;
    struct sl_snapshot *snapshot;
};

static void wish_free(void *owner)
{
    struct wish *wish = owner;

    sl_list_remove(&wish->link);
    free(wish->id);
    free(wish->name);
    free(wish);
}

/* The answer, and the end of it. */
static void fail(struct wish *wish, enum sl_reason reason, const char *words)
{
    const struct sl_stream_picture none = {.media_session_id = wish->id,
                                           .name = wish->name,
                                           .why = {.reason = reason, .words = words}};

    SL_TELL(wish->session, on_picture, &none);
    wish_free(wish);
}

/* ---- May it be seen? ---- */

/* This session publishes it, or the back end has let it be played. */
static bool is_its_own(struct sl_session *session, const struct sl_stream *stream)
{
    const struct sl_media_session *media;

    sl_list_foreach(media, &session->media, struct sl_media_session, in_session)
    {
        if (media->audience && media->audience->stream == stream)
            return true;
    }
    return false;
}

static bool needs_yes(struct sl_session *session, const struct sl_stream *stream)
{
    return !is_its_own(session, stream) && sl_stream_is_guarded(stream);
}

/* SL_REASON_NONE: *out is what to take it of. */
static enum sl_reason look_up(const struct sl_session *session, const char *name,
                              struct sl_stream **out)
{
    struct sl_sessions *sessions = session->sessions;
    enum sl_reason problem = sl_playback_why_not(session, name);

    if (!problem)
        *out = sl_streams_find(sessions->config.streams, name);
    return problem;
}

/* ---- TAKING ---- */

static void on_snapshot(void *owner, int err, const uint8_t *png, size_t len)
{
    struct wish *wish = owner;
    const struct sl_stream_picture picture = {
        .media_session_id = wish->id, .name = wish->name, .png = png, .len = len};

    if (err < 0) {
        fail(wish, err == -EPIPE ? SL_REASON_NO_STREAM : SL_REASON_ERROR, NULL);
        return;
    }
    SL_TELL(wish->session, on_picture, &picture);
    wish_free(wish);
}

static void take(struct wish *wish, struct sl_stream *stream)
{
    struct sl_session *session = wish->session;

    wish->snapshot = sl_snapshot_take(session->sessions->config.variants, stream, wish->len_max,
                                      on_snapshot, wish);
    if (wish->snapshot)
        sl_list_append(&session->wishes, &wish->link);
    else
        fail(wish, SL_REASON_NO_TRANSCODERS, NULL);
}

void sl_wishes_cancel(struct sl_session *session)
{
    while (!sl_list_empty(&session->wishes)) {
        struct wish *wish = sl_list_first(&session->wishes, struct wish, link);
        sl_snapshot_cancel(wish->snapshot);
        wish_free(wish);
    }
}

/* ---- ASKING ---- */

/* The stream of that name may have become another one meanwhile. */
static void on_answer(void *owner, const struct sl_hook_answer *answer)
{
    struct wish *wish = owner;
    struct sl_session *session = wish->session;
    struct sl_stream *stream = NULL;
    enum sl_reason problem = look_up(session, wish->name, &stream);

    if (problem) {
        fail(wish, problem, NULL);
    } else if (answer->status != HTTP_OK && needs_yes(session, stream)) {
        fail(wish, SL_REASON_RESTRICTED, NULL);
    } else if (!answer->allowed) {
        char info[INFO_MAX];
        sl_info_copy(info, answer->info, session->sessions->config.words(SL_REASON_REFUSED));
        fail(wish, SL_REASON_REFUSED, info);
    } else {
        take(wish, stream);
    }
}

static void ask(struct wish *wish)
{
    struct sl_session *session = wish->session;
    json_t *body = json_pack("{s:s?, s:s}", "mediaSessionId", wish->id, "name", wish->name);

    sl_session_add_context(session, body);
    sl_question_ask(session, &session->questions, SL_HOOK_SNAPSHOT, body, on_answer, wish_free,
                    wish);
}

static bool is_too_often(struct sl_session *session)
{
    int64_t now_us = sl_now_us();

    if (session->question_count >= QUESTIONS_MAX ||
        (session->wished_us[0] != 0 && now_us - session->wished_us[0] < WISHES_SPAN_US))
        return true;
    session->wished_us[0] = session->wished_us[1];
    session->wished_us[1] = now_us;
    return false;
}

static enum sl_reason why_not(struct sl_session *session, const char *name,
                              struct sl_stream **stream)
{
    if (is_too_often(session)) {
        sl_refusals_note(&session->refusals, session->sessions, &session->log, "snapshot",
                         SL_REASON_BUSY);
        return SL_REASON_BUSY;
    }
    enum sl_reason problem = look_up(session, name, stream);
    if (!problem && needs_yes(session, *stream) && !sl_session_wants(session, SL_HOOK_SNAPSHOT))
        return SL_REASON_RESTRICTED;
    return problem;
}

void sl_session_ask_picture(struct sl_session *session, const char *media_session_id,
                            const char *name, size_t len_max)
{
    struct wish *wish = sl_new(struct wish);
    struct sl_stream *stream = NULL;

    wish->session = session;
    wish->id = media_session_id ? sl_text_cut(media_session_id, ID_ECHO_MAX) : NULL;
    wish->name = sl_text_cut(name ? name : "", SL_STREAM_NAME_MAX + 1); /* one more: no name */
    wish->len_max = len_max;
    enum sl_reason problem = why_not(session, wish->name, &stream);
    if (problem)
        fail(wish, problem, NULL);
    else if (sl_session_wants(session, SL_HOOK_SNAPSHOT))
        ask(wish);
    else
        take(wish, stream);
}
