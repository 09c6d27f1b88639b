/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sendData (websocket-api.md 10.1): data for the back end, and in applications with rooms the
 * commands of the SDK's RoomApi (rooms-mixers-diagnostics.md 1).
 *
 *   ASKING the back end, if it wants to be --yes--> done --> answered
 *      `--to join a room that is not here, in a cluster--> WAITING for its name --> done
 *
 * Each is answered once; the session's end is the end of it without an answer.
 */
#include "session/data.h"
#include "base/clock.h"
#include "base/json.h"
#include "session/directory.h"
#include "session/events.h"
#include "session/media.h"
#include "session/membership.h"
#include "session/properties.h"
#include "session/questions.h"
#include "session/room_names.h"

#include <errno.h>
#include <string.h>

enum { LEAVE_GRACE_MS = 5000 }; /* for a client that has left to end its streams there */

struct request {
    struct sl_session *session;
    struct joining joining;
    struct sl_list in_session; /* in session->waiting_joins, while WAITING */
    struct room_wait wait;
    json_t *operation_id;
    enum sl_room_command_kind kind;
    char *room, *to, *text;
    bool record;
};

static struct request *request_create(struct sl_session *session, json_t *operation_id,
                                      const struct sl_room_command *command)
{
    struct request *request = sl_new(struct request);

    request->session = session;
    request->operation_id = json_incref(operation_id);
    if (command) {
        request->kind = command->kind;
        request->room = sl_strdup_or_null(command->room);
        request->to = sl_strdup_or_null(command->to);
        request->text = sl_strdup_or_null(command->text);
        request->record = command->record;
    }
    if (request->kind == SL_ROOM_JOIN && request->room) {
        request->joining.room = request->room;
        sl_list_append(&session->joinings, &request->joining.in_session);
    }
    return request;
}

static void request_free(void *owner)
{
    struct request *request = owner;

    sl_list_remove(&request->joining.in_session);
    sl_list_remove(&request->in_session);
    sl_room_name_leave(&request->wait);
    json_decref(request->operation_id);
    free(request->room);
    free(request->to);
    free(request->text);
    free(request);
}

static void tell_status(struct sl_session *session, json_t *operation_id, struct sl_why why)
{
    const char *words = session->sessions->config.words(why.reason);

    if (why.reason && !why.words)
        why.words = words;
    SL_TELL(session, on_data_status, operation_id, &why);
    if (sl_session_wants(session, SL_HOOK_DATA_STATUS_EVENT)) {
        json_t *body = json_pack("{s:O*, s:s, s:s*}", "operationId", operation_id, "status",
                                 why.reason ? "FAILED" : "ACCEPTED", "info", why.words);
        sl_session_add_context(session, body);
        sl_session_tell(session, SL_HOOK_DATA_STATUS_EVENT, body);
    }
}

static void answer(const struct request *request, enum sl_reason reason)
{
    tell_status(request->session, request->operation_id, (struct sl_why){.reason = reason});
}

/* ---- Join ---- */

/* The network of whoever has the login is gone, and it cannot say so: the newcomer need not wait
 * until that is known for sure. Nobody can make another's pings fail. */
static bool drop_lost_holder(struct sl_session *session, const char *room_name)
{
    const struct sl_room *room =
        sl_rooms_find(session->sessions->rooms, session->app_key, room_name);
    const struct sl_room_member *member = sl_room_find_member(room, sl_session_login(session));
    const struct membership *held = member->owner;
    struct sl_session *holder = held->session;

    if (!holder->ops || !holder->ops->is_lost || !holder->ops->is_lost(holder->client))
        return false;
    sl_media_end_all(holder);
    sl_memberships_end(holder);
    SL_TELL(holder, close, SL_REASON_CONNECTION_LOST);
    return true;
}

static void join(const struct request *request)
{
    struct sl_session *session = request->session;
    struct membership *membership =
        request->room ? sl_membership_find(session, request->room) : NULL;

    if (membership) { /* a page that has lost its state */
        answer(request, SL_REASON_NONE);
        sl_room_member_greet(membership->member);
        return;
    }
    enum sl_reason problem =
        sl_membership_join(session, request->room, request->record, &membership);
    if (problem == SL_REASON_LOGIN_IN_ROOM && drop_lost_holder(session, request->room))
        problem = sl_membership_join(session, request->room, request->record, &membership);
    answer(request, problem);
    if (!problem)
        sl_room_member_enter(membership->member);
}

/* What has overtaken a join, and waited for it. */
static void go_on_with_media(struct sl_session *session)
{
    struct sl_media_session *media;

    sl_list_foreach(media, &session->media, struct sl_media_session, in_session)
    {
        if (!media->waits_for_join)
            continue;
        media->waits_for_join = false;
        sl_media_begin(media); /* to wait again, if it is another room's */
    }
}

/* ---- Leave ---- */

static void on_leave_grace(void *owner)
{
    struct sl_media_session *media = owner;

    sl_media_set_state(media, media->publish ? SL_MEDIA_UNPUBLISHED : SL_MEDIA_STOPPED,
                       media->publish ? SL_REASON_PUBLISHER_END : SL_REASON_USER_STOP);
}

static void leave(const struct request *request, struct membership *membership)
{
    struct sl_session *session = request->session;
    struct sl_media_session *media;

    sl_list_foreach(media, &session->media, struct sl_media_session, in_session)
    {
        if (!media->room || media->room_timer || strcmp(media->room, request->room) != 0)
            continue;
        media->room_timer = sl_timer_create(session->sessions->config.loop, on_leave_grace, media);
        sl_timer_start(media->room_timer, LEAVE_GRACE_MS, 0);
    }
    sl_membership_leave(membership, false);
    answer(request, SL_REASON_NONE);
}

/* ---- Whatever it is ---- */

/* Answered. */
static void finish(struct request *request)
{
    struct sl_session *session = request->session;
    bool joining = request->kind == SL_ROOM_JOIN;

    request_free(request);
    if (joining)
        go_on_with_media(session);
}

static void on_name(struct room_wait *wait, int err)
{
    struct request *request = sl_container_of(wait, struct request, wait);

    if (err == 0)
        join(request);
    else
        answer(request, err == -EEXIST    ? SL_REASON_ROOM_ELSEWHERE
                        : err == -ENOBUFS ? SL_REASON_BUSY
                                          : SL_REASON_ERROR);
    finish(request);
}

/* True: it does, and on_name() goes on. */
static bool waits_for_name(struct request *request)
{
    struct sl_session *session = request->session;

    if (request->kind != SL_ROOM_JOIN || !request->room ||
        !sl_room_name_is_open(session, request->room))
        return false;
    request->wait.on_answer = on_name;
    sl_list_append(&session->waiting_joins, &request->in_session);
    sl_room_name_ask(session, request->room, &request->wait);
    return true;
}

void sl_data_cancel(struct sl_session *session)
{
    struct request *request;

    sl_list_foreach(request, &session->waiting_joins, struct request, in_session)
        request_free(request);
}

static void act(const struct request *request)
{
    struct membership *membership =
        request->room ? sl_membership_find(request->session, request->room) : NULL;

    switch (request->kind) {
    case SL_ROOM_NO_COMMAND:
        answer(request, SL_REASON_NONE);
        break;
    case SL_ROOM_UNKNOWN_COMMAND:
        answer(request, SL_REASON_ROOM_COMMAND);
        break;
    case SL_ROOM_JOIN:
        join(request);
        break;
    case SL_ROOM_LEAVE:
        if (membership)
            leave(request, membership);
        else
            answer(request, SL_REASON_NOT_IN_ROOM);
        break;
    case SL_ROOM_SAY:
        answer(request, membership
                            ? sl_room_member_say(membership->member, request->to, request->text)
                            : SL_REASON_NOT_IN_ROOM);
        break;
    }
}

/* Allowed. */
static void go_on(struct request *request)
{
    if (waits_for_name(request))
        return;
    act(request);
    finish(request);
}

static void on_answer(void *owner, const struct sl_hook_answer *hook)
{
    struct request *request = owner;
    struct sl_session *session = request->session;
    char info[INFO_MAX];

    if (hook->allowed) {
        go_on(request);
        return;
    }
    sl_info_copy(info, hook->info, session->sessions->config.words(SL_REASON_REFUSED));
    tell_status(session, request->operation_id,
                (struct sl_why){.reason = SL_REASON_REFUSED, .words = info});
    finish(request);
}

static enum sl_reason why_not(struct sl_session *session, json_t *payload, bool is_command)
{
    int64_t per_s = session->sessions->config.config->room_commands_per_second;

    if (sl_json_dump_len(payload) > SL_JSON_PAYLOAD_MAX)
        return SL_REASON_DATA_TOO_LARGE;
    if (session->question_count >= QUESTIONS_MAX)
        return SL_REASON_BUSY;
    return is_command && !sl_bucket_take(&session->room_commands, per_s, 2 * per_s, sl_now_us())
               ? SL_REASON_BUSY
               : SL_REASON_NONE;
}

void sl_session_submit_data(struct sl_session *session, json_t *operation_id, json_t *payload,
                            const struct sl_room_command *command)
{
    enum sl_reason why = why_not(session, payload, command);

    if (why) {
        sl_refusals_note(&session->refusals, session->sessions, &session->log, "data", why);
        SL_TELL(session, on_data_status, operation_id, &(struct sl_why){.reason = why});
        return;
    }
    struct request *request = request_create(session, operation_id, command);
    if (!sl_session_wants(session, SL_HOOK_ON_DATA_EVENT)) {
        go_on(request);
        return;
    }
    json_t *body = json_pack("{s:O*, s:O*}", "operationId", operation_id, "payload", payload);
    sl_session_add_context(session, body);
    sl_question_ask(session, &session->questions, SL_HOOK_ON_DATA_EVENT, body, on_answer,
                    request_free, request);
}
