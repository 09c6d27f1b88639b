/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hooks asked and told on behalf of a session. Control loop. */
#ifndef SL_SESSION_QUESTIONS_H
#define SL_SESSION_QUESTIONS_H

#include "session/internal.h"

/*
 * Asks the policy. on_answer is called exactly once, never from within; when the question is
 * cancelled on_drop (may be NULL) is called instead.
 *
 * Only what somebody wants to be asked is a question (sl_session_wants()). Otherwise the caller
 * does what it would do after a yes, on the spot: what a client asks for in a row is then done in
 * that order, each before its next message is read. What waits for an answer holds up none of them.
 *
 * list  whose questions they are: cancelled with sl_questions_cancel(list)
 * body  reference taken
 */
void sl_question_ask(struct sl_session *session, struct sl_list *list, enum sl_hook_method method,
                     json_t *body, sl_hook_on_answer *on_answer, void (*on_drop)(void *owner),
                     void *owner);
void sl_questions_cancel(struct sl_list *list);

bool sl_session_wants(const struct sl_session *session, enum sl_hook_method method);
/* Adds nodeId, sessionId and appKey. */
void sl_session_add_context(const struct sl_session *session, json_t *body);
/* Reference taken; body complete. */
void sl_session_tell(struct sl_session *session, enum sl_hook_method method, json_t *body);

#endif
