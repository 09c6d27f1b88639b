/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The sound of a source: decoded once, put on a row of samples for each output. */
#include "base/list.h"
#include "base/mem.h"
#include "engine/job.h"
#include "engine/row.h"
#include "engine/sound_source.h"

#include <errno.h>

struct job {
    const struct sl_engine_reporter *reporter;
    struct sl_sound_source source;
    bool failed;
    struct sl_list rows;
    size_t row_count;
};

static void on_pcm(void *arg, const struct sl_pcm *pcm)
{
    struct job *job = arg;
    struct sl_row *row;

    sl_list_foreach(row, &job->rows, struct sl_row, link) sl_row_input(row, pcm);
}

static int create(const struct sl_engine_message *open, const struct sl_engine_reporter *reporter,
                  void **out)
{
    struct job *job = sl_new(struct job);

    job->reporter = reporter;
    job->source.on_pcm = on_pcm;
    job->source.owner = job;
    job->source.form = open->form.sound;
    sl_list_init(&job->rows);
    *out = job;
    return 0;
}

static void destroy(void *arg)
{
    struct job *job = arg;
    struct sl_row *row;

    sl_list_foreach(row, &job->rows, struct sl_row, link) sl_row_destroy(row);
    sl_sound_source_deinit(&job->source);
    free(job);
}

/* ---- Orders ---- */

static void take_input(struct job *job, const struct sl_engine_message *input)
{
    int err = job->failed ? 0 : sl_sound_source_input(&job->source, input);

    if (err == 0)
        return;
    job->failed = true;
    sl_engine_report_failure(job->reporter, SL_ENGINE_NO_OUTPUT, err);
}

static struct sl_row *find_row(const struct job *job, uint32_t output)
{
    struct sl_row *row;

    sl_list_foreach(row, &job->rows, struct sl_row, link)
    {
        if (row->output == output)
            return row;
    }
    return NULL;
}

static void add_row(struct job *job, const struct sl_engine_message *order)
{
    struct sl_row *row = NULL;
    int err = job->row_count == SL_ENGINE_OUTPUTS_MAX ? -ENOBUFS
                                                      : sl_row_create(order, job->reporter, &row);

    if (err < 0) {
        sl_engine_report_failure(job->reporter, order->output, err);
        return;
    }
    sl_list_append(&job->rows, &row->link);
    job->row_count++;
}

static void order(void *arg, const struct sl_engine_message *order)
{
    struct job *job = arg;
    struct sl_row *row = find_row(job, order->output);

    if (order->type == SL_ENGINE_INPUT) {
        take_input(job, order);
    } else if (order->type == SL_ENGINE_CONFIG) {
        sl_sound_source_config(&job->source, order);
    } else if (order->type == SL_ENGINE_OUTPUT && !row) {
        add_row(job, order);
    } else if (order->type == SL_ENGINE_DROP && row) {
        sl_row_destroy(row);
        job->row_count--;
    } else if (order->type == SL_ENGINE_ADVANCE) {
        sl_list_foreach(row, &job->rows, struct sl_row, link) sl_row_advance(row, order->pts_us);
    }
}

const struct sl_engine_job_ops sl_engine_sound_ops = {create, destroy, order};
