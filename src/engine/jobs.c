/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Jobs by their numbers. */
#include "engine/jobs.h"

#include "base/mem.h"
#include "base/table.h"
#include "engine/job.h"

#include <errno.h>

struct job {
    struct sl_table_node node;
    const struct sl_engine_job_ops *ops;
    struct sl_engine_reporter reporter;
    void *job;
};

struct sl_engine_jobs {
    struct sl_table table;
    void (*on_report)(void *owner, const struct sl_engine_message *report);
    void *owner;
};

static const struct sl_engine_job_ops *const kinds[] = {
    [SL_ENGINE_PICTURES] = &sl_engine_pictures_ops, [SL_ENGINE_SOUND] = &sl_engine_sound_ops,
    [SL_ENGINE_DEMO] = &sl_engine_demo_ops,         [SL_ENGINE_MOSAIC] = &sl_engine_mosaic_ops,
    [SL_ENGINE_MIX] = &sl_engine_mix_ops,
};

struct sl_engine_jobs *
sl_engine_jobs_create(void (*on_report)(void *owner, const struct sl_engine_message *report),
                      void *owner)
{
    struct sl_engine_jobs *jobs = sl_new(struct sl_engine_jobs);

    sl_table_init(&jobs->table);
    jobs->on_report = on_report;
    jobs->owner = owner;
    return jobs;
}

static bool has_id(const struct sl_table_node *node, const void *key)
{
    return sl_container_of_const(node, struct job, node)->reporter.job == *(const uint32_t *)key;
}

static struct job *find(const struct sl_engine_jobs *jobs, uint32_t id)
{
    struct sl_table_node *node = sl_table_find(&jobs->table, sl_hash_own_number(id), has_id, &id);

    return node ? sl_container_of(node, struct job, node) : NULL;
}

static void end(struct sl_table_node *node, void *arg)
{
    struct sl_engine_jobs *jobs = arg;
    struct job *job = sl_container_of(node, struct job, node);

    sl_table_remove(&jobs->table, node);
    job->ops->destroy(job->job);
    free(job);
}

void sl_engine_jobs_destroy(struct sl_engine_jobs *jobs)
{
    if (!jobs)
        return;
    sl_table_each(&jobs->table, end, jobs);
    sl_table_deinit(&jobs->table);
    free(jobs);
}

static void begin(struct sl_engine_jobs *jobs, const struct sl_engine_message *order)
{
    struct job *job = sl_new(struct job);

    job->ops = kinds[order->kind];
    job->reporter = (struct sl_engine_reporter){jobs->on_report, jobs->owner, order->job};
    int err = job->ops->create(order, &job->reporter, &job->job);
    if (err < 0) {
        sl_engine_report_failure(&job->reporter, SL_ENGINE_NO_OUTPUT, err);
        free(job);
        return;
    }
    sl_table_insert(&jobs->table, &job->node, sl_hash_own_number(order->job));
}

void sl_engine_jobs_order(struct sl_engine_jobs *jobs, const struct sl_engine_message *order)
{
    struct job *job = find(jobs, order->job);

    if (order->type == SL_ENGINE_OPEN && !job)
        begin(jobs, order);
    else if (order->type == SL_ENGINE_CLOSE && job)
        end(&job->node, jobs);
    else if (job)
        job->ops->order(job->job, order);
}
