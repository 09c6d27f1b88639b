/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Clients whose socket is gone and who may come back by their token. Control loop. */
#ifndef SL_SESSION_KEPT_H
#define SL_SESSION_KEPT_H

#include "session/internal.h"

/* Somebody is kept by this id: nobody else may have it. */
bool sl_kept_client_has(const struct sl_sessions *sessions, const char *id);
/* The session ends: it is kept, if it asked for that and has something to come back to. */
void sl_kept_client_add(struct sl_session *session);
/*
 * A new session has this token: SL_REASON_NONE, and it is the kept client's, with what was kept of
 * its fields; or, where the token is nobody's, an ordinary one, as it gave a whole account.
 * SL_REASON_NO_SESSION otherwise, whatever the matter is: guessing tells nothing.
 */
enum sl_reason sl_kept_client_claim(struct sl_session *session, const char *token, json_t *fields);
/* It is established: what was kept is its own. Nothing, unless it has claimed something. */
void sl_kept_client_resume(struct sl_session *session);
/* It is not, and will not be: what it has claimed waits on. */
void sl_kept_client_unclaim(struct sl_session *session);
/* All of them end. */
void sl_kept_client_end_all(struct sl_sessions *sessions);

#endif
