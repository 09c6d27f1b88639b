/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What all kinds of jobs have in common; private to this directory (and its tests). */
#ifndef SL_ENGINE_JOB_H
#define SL_ENGINE_JOB_H

#include "engine/message.h"

/* Where a job's reports go: each is borrowed, during the call. Outlives the job. */
struct sl_engine_reporter {
    void (*on_report)(void *owner, const struct sl_engine_message *report);
    void *owner;
    uint32_t job; /* its id */
};

/* Fills in whose report it is. */
static inline void sl_engine_report(const struct sl_engine_reporter *reporter,
                                    struct sl_engine_message *report)
{
    report->job = reporter->job;
    reporter->on_report(reporter->owner, report);
}

/* Of an output, or SL_ENGINE_NO_OUTPUT: of the job itself, which stays there and makes nothing. */
static inline void sl_engine_report_failure(const struct sl_engine_reporter *reporter,
                                            uint32_t output, int err)
{
    struct sl_engine_message report = {.type = SL_ENGINE_FAILED, .output = output, .err = err};

    sl_engine_report(reporter, &report);
}

/* Of one input of many, which cannot be used as it comes. *told: it was said already. */
static inline void sl_engine_report_refusal(const struct sl_engine_reporter *reporter,
                                            uint32_t input, int err, bool *told)
{
    struct sl_engine_message report = {.type = SL_ENGINE_REFUSED, .input = input, .err = err};

    if (!*told)
        sl_engine_report(reporter, &report);
    *told = true;
}

struct sl_engine_job_ops {
    /* The order to open it; reporter: the job may keep the pointer. */
    int (*create)(const struct sl_engine_message *open, const struct sl_engine_reporter *reporter,
                  void **out);
    void (*destroy)(void *job);
    /* Any order for a job but to open and to close it; those that are not for its kind do nothing.
     */
    void (*order)(void *job, const struct sl_engine_message *order);
};

extern const struct sl_engine_job_ops sl_engine_pictures_ops;
extern const struct sl_engine_job_ops sl_engine_sound_ops;
extern const struct sl_engine_job_ops sl_engine_demo_ops;
extern const struct sl_engine_job_ops sl_engine_mosaic_ops;
extern const struct sl_engine_job_ops sl_engine_mix_ops;

#endif
