/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The registry. Control loop. */
#ifndef SL_SESSION_SESSIONS_H
#define SL_SESSION_SESSIONS_H

#include "session/internal.h"

/* on_stopped is called in the next turn, if the last one has gone. */
void sl_sessions_check_stopped(struct sl_sessions *sessions);

#endif
