/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What flows, looked at once a second. Control loop. */
#ifndef SL_SESSION_RATES_H
#define SL_SESSION_RATES_H

#include "session/internal.h"

void sl_rates_start(struct sl_sessions *sessions);
void sl_rates_stop(struct sl_sessions *sessions);

#endif
