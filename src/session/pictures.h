/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pictures of streams for clients. Control loop. */
#ifndef SL_SESSION_PICTURES_H
#define SL_SESSION_PICTURES_H

#include "session/internal.h"

/* No answer to a client that is gone; those that the back end is asked about go with the session's
 * questions. */
void sl_wishes_cancel(struct sl_session *session);

#endif
