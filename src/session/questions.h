/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hooks asked and told on behalf of a session. Control loop. */
#ifndef SL_SESSION_QUESTIONS_H
#define SL_SESSION_QUESTIONS_H

#include "session/internal.h"

bool sl_session_wants(const struct sl_session *session, enum sl_hook_method method);
/* A no to this method, or none at all, would end what this session does. */
bool sl_session_guards(const struct sl_session *session, enum sl_hook_method method);
/* Those that are asked on behalf of one are the other's from now on, of the same application. */
void sl_questions_move(struct sl_session *from, struct sl_session *to);
/* Reference taken; body complete. */
void sl_session_tell(struct sl_session *session, enum sl_hook_method method, json_t *body);

#endif
