/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sessions as they are made, and those without a client. Control loop. */
#ifndef SL_SESSION_ABSENT_H
#define SL_SESSION_ABSENT_H

#include "session/internal.h"

/* Without an id and in no list yet. */
struct sl_session *sl_session_make(struct sl_sessions *sessions,
                                   const struct sl_session_config *config);
/* One with this session's id, application and fields, for what acts for its client while that is
 * away: its back end is asked as before. Whoever holds it destroys it. */
struct sl_session *sl_session_leave_behind(struct sl_session *session);

#endif
