/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the operator sees of rooms, and ends. */
#include "rooms/rooms.h"
#include "session/media.h"
#include "session/membership.h"

#include <string.h>

static json_t *describe_member(const struct sl_room_member *member)
{
    const struct membership *membership = member->owner;
    const struct sl_room_stream *stream;
    json_t *streams = json_array();

    for (const struct sl_list *link = member->streams.next; link != &member->streams;
         link = link->next) {
        stream = sl_container_of_const(link, struct sl_room_stream, link);
        (void)json_array_append_new(streams, json_string(stream->name));
    }
    return json_pack("{s:s, s:s, s:o}", "login", member->login, "sessionId",
                     membership->session->id, "streams", streams);
}

static void describe_room(struct sl_room *room, void *arg)
{
    json_t *participants = json_array();
    const struct sl_room_member *member;

    for (const struct sl_list *link = room->members.next; link != &room->members;
         link = link->next) {
        member = sl_container_of_const(link, struct sl_room_member, link);
        (void)json_array_append_new(participants, describe_member(member));
    }
    (void)json_array_append_new(arg, json_pack("{s:s, s:s, s:I, s:b, s:o}", "appKey", room->app_key,
                                               "name", room->name, "createDate",
                                               (json_int_t)room->created_ms, "record", room->record,
                                               "participants", participants));
}

json_t *sl_sessions_describe_rooms(struct sl_sessions *sessions)
{
    json_t *out = json_array();

    sl_rooms_each(sessions->rooms, describe_room, out);
    return out;
}

/* ---- The end ---- */

struct search {
    const char *app_key, *name, *login;
    struct sl_room_member *found;
};

static void look_at(struct sl_room *room, void *arg)
{
    struct search *search = arg;

    if (search->found || strcmp(room->name, search->name) != 0 ||
        (search->app_key && strcmp(room->app_key, search->app_key) != 0))
        return;
    search->found = search->login ? sl_room_find_member(room, search->login)
                                  : sl_list_first(&room->members, struct sl_room_member, link);
}

/* One after the other, as the end of a publication may be that of a playback. */
static struct sl_media_session *find_media(const struct sl_session *session, const char *room)
{
    struct sl_media_session *media;

    for (struct sl_list *link = session->media.next; link != &session->media; link = link->next) {
        media = sl_container_of(link, struct sl_media_session, in_session);
        if (media->room && strcmp(media->room, room) == 0)
            return media;
    }
    return NULL;
}

static void expel(struct membership *membership, const char *room)
{
    struct sl_session *session = membership->session;
    struct sl_media_session *media;

    sl_membership_leave(membership, true);
    while ((media = find_media(session, room)))
        sl_media_session_terminate(media, SL_REASON_OPERATOR);
}

size_t sl_sessions_terminate_room(struct sl_sessions *sessions, const char *name,
                                  const char *app_key, const char *login)
{
    size_t count = 0;

    for (;; count++) {
        struct search search = {.app_key = app_key, .name = name, .login = login};
        sl_rooms_each(sessions->rooms, look_at, &search);
        if (!search.found)
            return count;
        expel(search.found->owner, name);
    }
}
