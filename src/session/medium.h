/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From a media session to its media. Control loop. */
#ifndef SL_SESSION_MEDIUM_H
#define SL_SESSION_MEDIUM_H

#include "session/internal.h"

/* Begins the medium by the provider, tells the client, and starts it. stream: to play; NULL for a
 * publication, whose own the medium makes. SL_REASON_NONE, or why it cannot be. */
enum sl_reason sl_media_start_medium(struct sl_media_session *media, struct sl_stream *stream);

#endif
