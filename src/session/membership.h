/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which rooms a session is in, and what that means for what it publishes and plays. Control loop.
 */
#ifndef SL_SESSION_MEMBERSHIP_H
#define SL_SESSION_MEMBERSHIP_H

#include "rooms/rooms.h"
#include "session/internal.h"

/* One room of one session: the owner of its member. */
struct membership {
    struct sl_list in_session; /* in session->memberships */
    struct sl_session *session;
    struct sl_room_member *member;
};

/* A wish to join that its back end is asked about: what the session publishes or plays there waits
 * for the answer. Embedded in the wish; zeroed is none. */
struct joining {
    struct sl_list in_session; /* in session->joinings */
    const char *room;
};

extern const struct sl_rooms_ops sl_membership_ops;

/* What it is called by in rooms; NULL: it did not say. Borrowed. */
const char *sl_session_login(const struct sl_session *session);

/* NULL: it is not in there. */
struct membership *sl_membership_find(const struct sl_session *session, const char *room);
/* It may be in there soon. */
bool sl_membership_is_expected(const struct sl_session *session, const char *room);
/* SL_REASON_NONE: it is in there, and nobody has heard of it. */
enum sl_reason sl_membership_join(struct sl_session *session, const char *room, bool record,
                                  struct membership **out);
/* expelled: by the operator. */
void sl_membership_leave(struct membership *membership, bool expelled);
/* All of them; after its media, whose ends are told first. */
void sl_memberships_end(struct sl_session *session);

/* The room that it was asked for (custom.name), in an application with rooms; NULL: none. */
const char *sl_media_room_asked(const struct sl_media_session *media);
/* It is to begin: SL_REASON_NONE, and it belongs to the room asked for, if one was. */
enum sl_reason sl_media_enter_room(struct sl_media_session *media);
/* False: it is a room's, and this session is not in there. */
bool sl_session_may_see(const struct sl_session *session, const struct sl_stream *stream);
/* A playback shows this stream: with its room, it ends. */
void sl_media_follow_room(struct sl_media_session *media, const struct sl_stream *stream);
/* Its state has changed: the others in its room hear of that. */
void sl_media_tell_room(struct sl_media_session *media);

#endif
