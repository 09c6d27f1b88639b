/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a client sends to its back end, and has done in rooms. Control loop. */
#ifndef SL_SESSION_DATA_H
#define SL_SESSION_DATA_H

#include "session/internal.h"

/* The session ends: what waits for the name of a room is not answered any more. */
void sl_data_cancel(struct sl_session *session);

#endif
