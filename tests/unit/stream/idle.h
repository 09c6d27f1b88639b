/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A registry of streams over workers that never start, for tests of what the control loop does:
 * what is posted to the workers runs when the test says so, on its own thread. */
#ifndef SL_TESTS_UNIT_STREAM_IDLE_H
#define SL_TESTS_UNIT_STREAM_IDLE_H

#include "base/metrics.h"
#include "net/net.h"
#include "stream/stream.h"

struct idle {
    struct sl_loop *control;
    struct sl_metrics *metrics;
    struct sl_workers *workers;
    struct sl_streams *streams;
};

void idle_init(struct idle *idle, size_t workers);
/* Every stream must have been released; fails the test if one is left over. */
void idle_deinit(struct idle *idle);

#endif
