/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a client's stream tells of itself. Control loop. */
#ifndef SL_SESSION_LISTED_H
#define SL_SESSION_LISTED_H

#include "session/internal.h"

/* Who the stream of a publication is; for whoever creates it. */
struct sl_publisher sl_media_publisher(struct sl_media_session *media);

#endif
