/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Debug sessions, and what clients say of themselves. Control loop. */
#ifndef SL_SESSION_DEBUGGING_H
#define SL_SESSION_DEBUGGING_H

#include "session/internal.h"

/* The session ends: what there is is finished. */
void sl_debugging_end(struct sl_session *session);

#endif
