/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bug reports of clients. Control loop. */
#ifndef SL_SESSION_REPORTING_H
#define SL_SESSION_REPORTING_H

#include "session/internal.h"

/* The session ends: no answer any more. */
void sl_reporting_end(struct sl_session *session);

#endif
