/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How a stream is recorded: under which names and in how long parts, as the configuration and an
 * operator say; in which container, as its codecs want it. [control] */
#ifndef SL_RECORD_PLAN_H
#define SL_RECORD_PLAN_H

#include "program/program.h"
#include "record/name.h"

struct sl_config;
struct sl_error;
struct sl_recording_order;
struct sl_stream;

struct sl_record_plan {
    char *template; /* checked; owned. NULL: nothing is planned */
    struct sl_record_rotation rotation;
};
/* What the configuration has wrong is told in the log, and is the default: a recording that is
 * called otherwise than it should is better than none. -EINVAL with words: the order is wrong. */
int sl_record_plan_init(const struct sl_config *config, const struct sl_recording_order *order,
                        struct sl_record_plan *plan, struct sl_error *error);
void sl_record_plan_deinit(struct sl_record_plan *plan);

struct sl_record_form {
    enum sl_container container;
    struct sl_program_want want;
};
/* For what the stream sends now. */
void sl_record_form_choose(const struct sl_config *config, struct sl_stream *stream,
                           struct sl_record_form *out);
bool sl_record_forms_equal(const struct sl_record_form *a, const struct sl_record_form *b);

#endif
