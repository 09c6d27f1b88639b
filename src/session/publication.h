/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Starting a publication. Control loop. */
#ifndef SL_SESSION_PUBLICATION_H
#define SL_SESSION_PUBLICATION_H

#include "session/internal.h"

/* The hook said yes: the medium begins, and the client is told. SL_REASON_NONE, or why not: the
 * caller then fails the media session, which undoes what was begun. */
enum sl_reason sl_publication_begin(struct sl_media_session *media);
/* Of publications and playbacks: 1..stream_name_max bytes, no control characters. */
bool sl_media_name_valid(const struct sl_media_session *media);

#endif
