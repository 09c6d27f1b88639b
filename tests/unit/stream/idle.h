/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A registry of streams over workers that never start, for tests of what the control loop does:
 * what is posted to the workers runs when the test says so, on its own thread. */
#ifndef SL_TESTS_UNIT_STREAM_IDLE_H
#define SL_TESTS_UNIT_STREAM_IDLE_H

#include "../core.h"

void idle_init(struct core *core, size_t workers);
/* Every stream must have been released; fails the test if one is left over. */
void idle_deinit(struct core *core);

#endif
