/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Starting a playback. Control loop. */
#ifndef SL_SESSION_PLAYBACK_H
#define SL_SESSION_PLAYBACK_H

#include "session/internal.h"

/* As sl_publication_begin(). */
enum sl_reason sl_playback_begin(struct sl_media_session *media);
/* Why this session cannot play a stream of this name now: there is none, or it may not see it. */
enum sl_reason sl_playback_why_not(const struct sl_session *session, const char *name);
/* What makes a playback impossible whatever streams there are; SL_REASON_NONE: nothing. */
enum sl_reason sl_playback_refusal(const struct sl_media_session *media);

#endif
