/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who watches what. Control loop. */
#ifndef SL_SESSION_AUDIENCE_H
#define SL_SESSION_AUDIENCE_H

#include "session/internal.h"

/* NULL if nobody here has to do with this stream. */
struct audience *sl_audience_find(const struct sl_sessions *sessions,
                                  const struct sl_stream *stream);
/* As its publication or one of its players, by media->publish. */
void sl_audience_join(struct sl_media_session *media, struct sl_stream *stream);
/* No-op if it is in none. */
void sl_audience_leave(struct sl_media_session *media);

#endif
