/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What others may include of jobs/: threads for what is neither decided (the control loop) nor
 * passed on packet by packet (the workers): muxing, and sockets to servers. A few loops for all of
 * it, however many pushes there are; frames of streams reach them by feeds.
 */
#ifndef SL_JOBS_JOBS_H
#define SL_JOBS_JOBS_H

#include "jobs/feed.h"
#include "jobs/pool.h"

#endif
