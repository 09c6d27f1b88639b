/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The gate for clients of other protocols: each is a session with one publication or playback,
 * which listens to nothing but its end. */
#include "base/random.h"
#include "session/internal.h"
#include "session/properties.h"

#include <assert.h>

/*
 *   CONNECTING --established--> ASKING --next turn--> HERE
 *        |                        |                     |
 *        +------ refused, final state, closed ----------+--> ENDED --next turn--> gone, on_end
 *
 * leave() may come in any of them and is the end without on_end. What has to call the session waits
 * for a turn of the loop, because its callbacks may not.
 */
enum step { CONNECTING, ASKING, HERE, ENDED };

struct sl_visit {
    struct sl_session *session;
    enum step step;
    struct sl_later turn;
    bool leaving; /* nothing is told any more */
    bool publish;
    char *name;
    json_t *custom; /* NULL: none */
    char id[SL_MEDIA_SESSION_ID_MAX + 1];
    const struct sl_provider *provider;
    enum sl_reason reason; /* of the end */
    char words[INFO_MAX];  /* "": the back end gave none */
    void (*on_end)(void *owner, const struct sl_why *why);
    void *owner;
};

static void wait_for_turn(struct sl_visit *visit, enum step step)
{
    visit->step = step;
    sl_loop_later(visit->session->sessions->config.loop, &visit->turn);
}

static void end(struct sl_visit *visit, enum sl_reason reason, const char *words)
{
    if (visit->leaving || visit->step == ENDED)
        return;
    visit->reason = reason;
    sl_info_copy(visit->words, words, "");
    wait_for_turn(visit, ENDED);
}

/* ---- What the session says ---- */

static void on_established(void *client, struct sl_session *session)
{
    (void)session;
    wait_for_turn(client, ASKING);
}

static void on_refused(void *client, const struct sl_why *why)
{
    end(client, why->reason, why->words);
}

static void on_stream_status(void *client, const struct sl_media_session *media)
{
    if (media->reason != SL_REASON_NONE)
        end(client, media->reason, NULL);
}

static void on_stream_refused(void *client, const struct sl_media_session *media)
{
    end(client, media->reason, media->info);
}

/* Why it ends, where its stream only hears that the session does. */
static void on_close(void *client, enum sl_reason reason)
{
    struct sl_visit *visit = client;

    end(visit, reason, NULL);
    visit->reason = reason;
}

static const struct sl_session_ops ops = {
    .on_established = on_established,
    .on_refused = on_refused,
    .on_stream_status = on_stream_status,
    .on_stream_refused = on_stream_refused,
    .close = on_close,
};

/* ---- Its turns ---- */

static void visit_free(struct sl_visit *visit)
{
    sl_later_cancel(&visit->turn);
    free(visit->name);
    json_decref(visit->custom);
    free(visit);
}

static void ask(struct sl_visit *visit)
{
    visit->step = HERE;
    sl_session_request_media(visit->session, &(struct sl_media_request){
                                                 .publish = visit->publish,
                                                 .media_session_id = visit->id,
                                                 .name = visit->name,
                                                 .provider = visit->provider,
                                                 .custom = visit->custom,
                                                 .has_audio = true,
                                                 .has_video = true,
                                             });
}

static void finish(struct sl_visit *visit)
{
    const struct sl_why why = {.reason = visit->reason,
                               .words = visit->words[0] ? visit->words : NULL};

    visit->leaving = true;
    sl_session_destroy(visit->session);
    visit->on_end(visit->owner, &why);
    visit_free(visit);
}

static void on_turn(struct sl_later *turn)
{
    struct sl_visit *visit = sl_container_of(turn, struct sl_visit, turn);

    assert(visit->step == ASKING || visit->step == ENDED);
    if (visit->step == ASKING)
        ask(visit);
    else
        finish(visit);
}

/* ---- The interface ---- */

static json_t *fields_of(const struct sl_gate_request *request)
{
    return json_pack("{s:s, s:O*, s:[s]}", "appKey",
                     request->app_key ? request->app_key : "defaultApp", "custom", request->custom,
                     "mediaProviders", request->provider->name);
}

static struct sl_visit *enter(void *arg, const struct sl_gate_request *request)
{
    struct sl_visit *visit = sl_new(struct sl_visit);
    struct sl_session_config config = {.ops = &ops,
                                       .client = visit,
                                       .remote = *request->remote,
                                       .local = *request->local,
                                       .origin = "",
                                       .unasked = request->unasked,
                                       .unpermitted = request->unpermitted};
    json_t *fields = fields_of(request);

    visit->turn.run = on_turn;
    visit->publish = request->publish;
    visit->name = sl_strdup(request->name);
    visit->custom = json_incref(request->custom);
    visit->provider = request->provider;
    visit->on_end = request->on_end;
    visit->owner = request->owner;
    if (request->id)
        (void)snprintf(visit->id, sizeof(visit->id), "%s", request->id);
    else
        sl_random_token(visit->id, TOKEN_LEN);
    visit->session = sl_session_create(arg, &config);
    sl_session_connect(visit->session, fields);
    json_decref(fields);
    return visit;
}

static void leave(struct sl_visit *visit, bool stopped)
{
    visit->leaving = true;
    if (stopped && visit->step == HERE)
        sl_session_stop_media(visit->session, &(struct sl_media_stop){.publish = visit->publish,
                                                                      .media_session_id = visit->id,
                                                                      .name = visit->name});
    sl_session_destroy(visit->session);
    visit_free(visit);
}

static bool is_guarded(void *arg, const char *name)
{
    const struct sl_sessions *sessions = arg;
    const struct sl_stream *stream = sl_streams_find(sessions->config.streams, name);

    return stream && sl_stream_is_guarded(stream);
}

struct sl_gate sl_sessions_gate(struct sl_sessions *sessions)
{
    return (struct sl_gate){
        .arg = sessions, .enter = enter, .leave = leave, .is_guarded = is_guarded};
}
