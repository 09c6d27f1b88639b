/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Members of rooms are sessions; streams of rooms are their publications. */
#include "session/membership.h"
#include "session/audience.h"
#include "session/room_names.h"

#include <string.h>

static void tell(void *owner, const struct sl_room_event *event)
{
    const struct membership *membership = owner;

    SL_TELL(membership->session, on_room_event, event);
}

static void on_gone(void *arg, const struct sl_room *room)
{
    sl_room_name_release(arg, room->app_key, room->name);
}

const struct sl_rooms_ops sl_membership_ops = {.tell = tell, .on_gone = on_gone};

const char *sl_session_login(const struct sl_session *session)
{
    return json_string_value(
        json_object_get(json_object_get(session->properties, "custom"), "login"));
}

bool sl_session_has_rooms(const struct sl_session *session)
{
    return sl_string_list_has(&session->sessions->config.config->room_app_keys, session->app_key);
}

struct membership *sl_membership_find(const struct sl_session *session, const char *room)
{
    struct membership *membership;

    for (struct sl_list *link = session->memberships.next; link != &session->memberships;
         link = link->next) {
        membership = sl_container_of(link, struct membership, in_session);
        if (strcmp(membership->member->room->name, room) == 0)
            return membership;
    }
    return NULL;
}

bool sl_membership_is_expected(const struct sl_session *session, const char *room)
{
    const struct joining *joining;

    for (const struct sl_list *link = session->joinings.next; link != &session->joinings;
         link = link->next) {
        joining = sl_container_of_const(link, struct joining, in_session);
        if (strcmp(joining->room, room) == 0)
            return true;
    }
    return false;
}

enum sl_reason sl_membership_join(struct sl_session *session, const char *room, bool record,
                                  struct membership **out)
{
    struct sl_sessions *sessions = session->sessions;
    struct membership *membership;

    if (session->membership_count >= (size_t)sessions->config.config->rooms_per_session_max)
        return SL_REASON_SESSION_ROOMS_MAX;
    membership = sl_new(struct membership);
    enum sl_reason problem =
        sl_room_join(sessions->rooms, session->app_key, room, sl_session_login(session), record,
                     membership, &membership->member);
    if (problem) {
        free(membership);
        return problem;
    }
    membership->session = session;
    sl_list_append(&session->memberships, &membership->in_session);
    session->membership_count++;
    *out = membership;
    return SL_REASON_NONE;
}

void sl_membership_leave(struct membership *membership, bool expelled)
{
    if (expelled)
        sl_room_member_expel(membership->member);
    else
        sl_room_member_leave(membership->member);
    membership->session->membership_count--;
    sl_list_remove(&membership->in_session);
    free(membership);
}

void sl_memberships_end(struct sl_session *session)
{
    while (!sl_list_empty(&session->memberships))
        sl_membership_leave(sl_list_first(&session->memberships, struct membership, in_session),
                            false);
}

/* ---- Publications and playbacks ---- */

const char *sl_media_room_asked(const struct sl_media_session *media)
{
    return sl_session_has_rooms(media->session)
               ? json_string_value(json_object_get(media->custom, "name"))
               : NULL;
}

enum sl_reason sl_media_enter_room(struct sl_media_session *media)
{
    const char *room = sl_media_room_asked(media);
    const struct membership *membership = room ? sl_membership_find(media->session, room) : NULL;

    if (!room)
        return SL_REASON_NONE;
    if (!membership ||
        (media->publish && !sl_room_member_owns_name(membership->member, media->name)))
        return SL_REASON_RESTRICTED;
    media->room = sl_strdup(room);
    if (media->publish && membership->member->room->record)
        media->record = true;
    return SL_REASON_NONE;
}

/* Of the publication that brings it; NULL: none, or it is in no room. */
static const struct sl_media_session *publication_in_room(const struct sl_sessions *sessions,
                                                          const struct sl_stream *stream)
{
    const struct audience *audience = sl_audience_find(sessions, stream);
    const struct sl_media_session *publication = audience ? audience->publication : NULL;

    return publication && publication->room ? publication : NULL;
}

/* Another node asks for its own viewers, whom nobody here knows. Anybody can say he is one, so it
 * is heard only where there are others, whose viewers see the stream anyway. */
static bool is_node(const struct sl_session *session)
{
    return session->from_cluster && session->sessions->config.directory;
}

bool sl_session_may_see(const struct sl_session *session, const struct sl_stream *stream)
{
    const struct sl_sessions *sessions = session->sessions;
    const struct sl_media_session *publication = publication_in_room(sessions, stream);

    if (!publication || !sessions->config.config->room_streams_private || is_node(session) ||
        publication->session == session)
        return true;
    return strcmp(publication->session->app_key, session->app_key) == 0 &&
           sl_membership_find(session, publication->room);
}

void sl_media_follow_room(struct sl_media_session *media, const struct sl_stream *stream)
{
    const struct sl_media_session *publication = publication_in_room(media->sessions, stream);

    if (!publication || media->room || !sl_membership_find(media->session, publication->room))
        return;
    media->room = sl_strdup(publication->room);
}

void sl_media_tell_room(struct sl_media_session *media)
{
    const struct membership *membership =
        media->publish && media->room ? sl_membership_find(media->session, media->room) : NULL;

    if (media->state == SL_MEDIA_PUBLISHING && membership && !media->room_timer)
        sl_room_stream_enter(&media->room_stream, membership->member, media->name);
    else if (media->state != SL_MEDIA_PUBLISHING) /* who has lost its client has not failed */
        sl_room_stream_leave(&media->room_stream, media->state == SL_MEDIA_FAILED &&
                                                      media->reason != SL_REASON_SESSION_END);
}
