/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Streams shown in the place of others (rooms-mixers-diagnostics.md 5). Control loop. */
#ifndef SL_SESSION_INJECTING_H
#define SL_SESSION_INJECTING_H

#include "session/internal.h"

/* What a playback that has just begun to flow shows. */
void sl_injection_apply(struct sl_media_session *media);
/* All end, as the server does. */
void sl_injections_deinit(struct sl_sessions *sessions);

#endif
