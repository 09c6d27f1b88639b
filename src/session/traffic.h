/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The heads of all that comes and goes for one client's media, for a few seconds (DIAG-10). Control
 * loop. */
#ifndef SL_SESSION_TRAFFIC_H
#define SL_SESSION_TRAFFIC_H

#include "session/internal.h"

struct traffic;

/* on_done once, never from within, unless it is destroyed before. NULL: too many look already. */
struct traffic *sl_traffic_begin(struct sl_session *session, void (*on_done)(void *owner),
                                 void *owner);
/* A list: of each publication and playback that was there in these seconds, its name, and a line
 * for each datagram. */
json_t *sl_traffic_describe(const struct traffic *traffic);
void sl_traffic_destroy(struct traffic *traffic); /* NULL is fine */

#endif
