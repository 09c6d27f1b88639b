/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How long a push waits before it tries again. Pure. */
#ifndef SL_PUSH_RETRY_H
#define SL_PUSH_RETRY_H

#include <stdint.h>

/*
 * Doubles from interval_ms to 3 s, so that a server that is back has its streams at most so much
 * later, and to 30 s once it has been away for ten minutes; an interval that is more is kept. Up to
 * a quarter less by chance, so that many pushes do not come at once.
 *
 * failures  in a row before this one
 * away_us   since the first of them
 * random    any number
 */
int64_t sl_retry_wait_ms(int64_t interval_ms, unsigned failures, int64_t away_us, uint32_t random);

#endif
