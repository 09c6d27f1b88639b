/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The back end is asked whether a stream may go on. Control loop. */
#ifndef SL_SESSION_KEEP_ALIVE_H
#define SL_SESSION_KEEP_ALIVE_H

#include "session/internal.h"

/* on_forbidden: the back end said 403; may free media. */
void sl_keep_alive_start(struct sl_media_session *media,
                         void (*on_forbidden)(struct sl_media_session *media));
void sl_keep_alive_stop(struct sl_media_session *media);

#endif
