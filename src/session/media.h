/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The life of a publication or playback. Control loop. */
#ifndef SL_SESSION_MEDIA_H
#define SL_SESSION_MEDIA_H

#include "session/internal.h"

/* The only function that changes media->state. See media.c. */
void sl_media_set_state(struct sl_media_session *media, enum sl_media_state state,
                        enum sl_reason reason);
/* The back end said no, in these words; NULL: it gave none. */
void sl_media_refuse(struct sl_media_session *media, const char *words);
/* The client is gone: all of them end. */
void sl_media_end_all(struct sl_session *session);
extern const struct sl_medium_ops sl_media_medium_ops;
/* Starts to listen for size and end of a stream; shown: whose size it is that the client sees;
 * NULL, the same. */
void sl_media_listen(struct sl_media_session *media, struct sl_stream *stream,
                     struct sl_stream *shown);

#endif
