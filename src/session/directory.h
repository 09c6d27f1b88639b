/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names that other servers may have. Control loop. */
#ifndef SL_SESSION_DIRECTORY_H
#define SL_SESSION_DIRECTORY_H

#include "session/internal.h"

/* The hook said yes: asks the directory, if there is one to ask, and starts it; or fails it. */
void sl_media_begin(struct sl_media_session *media);
/* No answer to a client that is gone. */
void sl_inquiries_cancel(struct sl_session *session);
/* Whether what a client says of itself on connecting is what another node says. */
bool sl_is_from_cluster(json_t *fields);

#endif
