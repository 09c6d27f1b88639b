/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a client had us pass on. Control loop. */
#ifndef SL_SESSION_EVENTS_H
#define SL_SESSION_EVENTS_H

#include "session/internal.h"

/* Counts what a client had us pass on or keep and was not taken; tells so at most once a second.
 * why is SL_REASON_BUSY, or that it is too large. */
void sl_refusals_note(struct refusals *refusals, struct sl_sessions *sessions,
                      const struct sl_log_scope *log, const char *what, enum sl_reason why);

#endif
