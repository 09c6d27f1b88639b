/* SPDX-License-Identifier: GPL-3.0-or-later */
/* In a cluster a room is on one node: before it comes to be, its name is claimed as a stream's is.
 * Control loop. */
#ifndef SL_SESSION_ROOM_NAMES_H
#define SL_SESSION_ROOM_NAMES_H

#include "session/internal.h"

/* Somebody who waits for a name, embedded in what it is wanted for; zeroed waits for none. */
struct room_wait {
    struct sl_list link;
    /* Once: 0, the room may be here; -EEXIST, another node has it; -ENOBUFS; another negative errno
     * value. Never from within. */
    void (*on_answer)(struct room_wait *wait, int err);
};

/* False: there is nobody to ask, or the room is here already. */
bool sl_room_name_is_open(const struct sl_session *session, const char *room);
void sl_room_name_ask(const struct sl_session *session, const char *room, struct room_wait *wait);
/* No answer any more. */
void sl_room_name_leave(struct room_wait *wait);
/* The room is no more. */
void sl_room_name_release(struct sl_sessions *sessions, const char *app_key, const char *room);
/* Of all that is still asked; when no session is left. */
void sl_room_names_deinit(struct sl_sessions *sessions);

#endif
