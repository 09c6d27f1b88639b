/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The end of a publication that was recorded: it has ended, its name and id are free, and client
 * and back end hear of it when its file is whole (media-outputs.md 3.1). The client may be gone by
 * then; the back end hears all the same. Control loop.
 */
#ifndef SL_SESSION_FAREWELL_H
#define SL_SESSION_FAREWELL_H

#include "session/internal.h"

/* In its final state, with its stream still there. False: nothing is to be waited for. Otherwise
 * tell_client is called when it is time, unless the client has gone; then on_said, the last call,
 * and media->farewell is NULL again. None from within. */
bool sl_farewell_begin(struct sl_media_session *media,
                       void (*tell_client)(struct sl_media_session *media),
                       void (*on_said)(struct sl_media_session *media));
/* The client goes. */
void sl_farewells_leave(struct sl_session *session);
/* This client is still to hear of the end of the publication with this id. */
bool sl_farewell_waits(const struct sl_session *session, const char *media_session_id);

#endif
