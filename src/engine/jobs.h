/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The jobs of one socket: orders in, reports out. Knows no socket; private to this directory (and
 * its tests). */
#ifndef SL_ENGINE_JOBS_H
#define SL_ENGINE_JOBS_H

#include "engine/message.h"

struct sl_engine_jobs;
/* on_report: borrowed, during the call; from within sl_engine_jobs_order(). Never NULL. */
struct sl_engine_jobs *
sl_engine_jobs_create(void (*on_report)(void *owner, const struct sl_engine_message *report),
                      void *owner);
void sl_engine_jobs_destroy(struct sl_engine_jobs *jobs); /* NULL is fine */
/* An order for a job. Those for one that is not there do nothing: it has failed, or was closed. */
void sl_engine_jobs_order(struct sl_engine_jobs *jobs, const struct sl_engine_message *order);

#endif
