/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The pictures of a source: decoded once, scaled once for each size, encoded once for each output,
 * and shown to whoever wants a snapshot.
 */
#include "base/clock.h"
#include "base/list.h"
#include "base/mem.h"
#include "codec/codec.h"
#include "engine/fit.h"
#include "engine/job.h"
#include "engine/ladder.h"
#include "engine/picture_source.h"
#include "engine/rendition.h"
#include "engine/snapshots.h"

#include <errno.h>

enum {
    USUAL_FRAME_US = SL_US_PER_S / 30, /* until it is known */
    PAUSE_US = SL_US_PER_S,            /* says nothing about the rate */
    LATE_US = 300 * SL_US_PER_MS,      /* media-outputs.md 2.6 */
    IN_TIME_US = 100 * SL_US_PER_MS,
};

static const int64_t meter_us = INT64_C(2) * SL_US_PER_S;

struct job {
    const struct sl_engine_reporter *reporter;
    struct sl_picture_source decoding;
    bool failed;                           /* told; nothing comes any more */
    const struct sl_engine_message *input; /* that is being decoded */

    struct {
        int64_t begin_us;
        uint64_t bytes;
    } meter;                     /* of what the source sends */
    struct sl_fit_source source; /* size: in square pixels; 0 by 0: not known yet */
    struct sl_size coded_size;   /* as decoded */
    bool begun;
    int64_t last_pts_us; /* of the last picture */

    struct sl_list renditions;
    size_t rendition_count;
    struct sl_ladder ladder;
    bool stale; /* the ladder does not know all sizes */
    struct sl_snapshots snapshots;
    bool late, skipped_last;
};

static void destroy(void *arg)
{
    struct job *job = arg;
    struct sl_rendition *rendition;

    sl_list_foreach(rendition, &job->renditions, struct sl_rendition, link)
        sl_rendition_destroy(rendition);
    sl_ladder_deinit(&job->ladder);
    sl_picture_source_deinit(&job->decoding);
    free(job);
}

/* ---- Outputs ---- */

static struct sl_rendition *find_rendition(const struct job *job, uint32_t output)
{
    struct sl_rendition *rendition;

    sl_list_foreach(rendition, &job->renditions, struct sl_rendition, link)
    {
        if (rendition->output == output)
            return rendition;
    }
    return NULL;
}

static void drop_rendition(struct job *job, struct sl_rendition *rendition)
{
    sl_rendition_destroy(rendition);
    job->rendition_count--;
    job->stale = true;
}

static void fail_rendition(struct job *job, struct sl_rendition *rendition, int err)
{
    uint32_t output = rendition->output;

    drop_rendition(job, rendition);
    sl_engine_report_failure(job->reporter, output, err);
}

static void add_rendition(struct job *job, const struct sl_engine_message *order)
{
    struct sl_rendition *rendition = NULL;
    int err = job->rendition_count == SL_ENGINE_OUTPUTS_MAX
                  ? -ENOBUFS
                  : sl_rendition_create(order, job->reporter, &rendition);

    if (err < 0) {
        sl_engine_report_failure(job->reporter, order->output, err);
        return;
    }
    sl_list_append(&job->renditions, &rendition->link);
    job->rendition_count++;
    job->stale = true;
}

/* All sizes anew, for this source; those that are too large fail. */
static void fit(struct job *job)
{
    struct sl_rendition *rendition;

    sl_ladder_begin(&job->ladder);
    sl_list_foreach(rendition, &job->renditions, struct sl_rendition, link)
    {
        int err = sl_fit_size(&rendition->form, job->source.size, &rendition->size);
        if (err < 0)
            fail_rendition(job, rendition, err);
        else
            sl_ladder_add(&job->ladder, rendition->size);
    }
    sl_ladder_end(&job->ladder, job->coded_size);
    job->stale = false;
}

/* ---- What is known of the source ---- */

static void measure_bytes(struct job *job, const struct sl_engine_message *input)
{
    int64_t since_us = input->dts_us - job->meter.begin_us;

    if (job->meter.bytes > 0 && since_us >= meter_us && since_us < 2 * meter_us)
        job->source.bitrate_bps = (uint32_t)(job->meter.bytes * 8 * SL_US_PER_S / since_us);
    if (job->meter.bytes == 0 || since_us < 0 || since_us >= meter_us) {
        job->meter.begin_us = input->dts_us;
        job->meter.bytes = 0;
    }
    job->meter.bytes += input->len;
}

static void measure_frames(struct job *job, int64_t pts_us)
{
    enum { WEIGHT = 8 }; /* of what was known before */
    int64_t frame_us = pts_us - job->last_pts_us, before_us = job->source.frame_us;

    if (job->begun && frame_us > 0 && frame_us < PAUSE_US)
        job->source.frame_us = (int)((before_us * (WEIGHT - 1) + frame_us) / WEIGHT);
    job->begun = true;
    job->last_pts_us = pts_us;
}

static void note_size(struct job *job, const struct sl_picture *picture)
{
    struct sl_size coded = {picture->width, picture->height};
    struct sl_size shown = sl_picture_source_shown(picture);
    bool same = job->coded_size.width == coded.width && job->coded_size.height == coded.height &&
                job->source.size.width == shown.width;

    job->coded_size = coded;
    job->source.size = shown;
    job->stale = job->stale || !same;
}

/* ---- Late ---- */

static void report_lateness(struct job *job, int64_t late_us)
{
    struct sl_engine_message report = {.type = SL_ENGINE_LATE, .at_us = late_us};

    sl_engine_report(job->reporter, &report);
}

/* Every second picture of a source that is late is left out, so that it catches up. */
static bool is_skipped(struct job *job)
{
    int64_t at_us = job->input->at_us, late_us = at_us != 0 ? sl_now_us() - at_us : 0;

    if (!job->late && late_us > LATE_US) {
        job->late = true;
        report_lateness(job, late_us);
    } else if (job->late && late_us < IN_TIME_US) {
        job->late = false;
        report_lateness(job, 0);
    }
    job->skipped_last = job->late && !job->skipped_last;
    return job->skipped_last;
}

/* ---- Pictures ---- */

static void encode_all(struct job *job, const struct sl_picture *picture)
{
    struct sl_rendition *rendition;
    struct sl_picture scaled;

    if (job->stale)
        fit(job);
    sl_ladder_show(&job->ladder, picture);
    sl_list_foreach(rendition, &job->renditions, struct sl_rendition, link)
    {
        if (!sl_rendition_wants(rendition, picture->pts_us))
            continue;
        int err = sl_ladder_get(&job->ladder, rendition->size, &scaled);
        if (err == 0)
            err = sl_rendition_show(rendition, &scaled, &job->source);
        if (err < 0)
            fail_rendition(job, rendition, err);
    }
}

static void on_picture(void *arg, struct sl_picture *picture)
{
    struct job *job = arg;

    if (job->input->quiet)
        return;
    note_size(job, picture);
    if (job->snapshots.count > 0)
        sl_snapshots_take(&job->snapshots, picture, job->source.size, job->reporter);
    /* An encoder's times must rise; a decoder may learn late how pictures are ordered. */
    if (job->begun && picture->pts_us <= job->last_pts_us &&
        job->last_pts_us - picture->pts_us < PAUSE_US)
        return;
    measure_frames(job, picture->pts_us);
    if (!is_skipped(job))
        encode_all(job, picture);
}

/* ---- Orders ---- */

static void take_input(struct job *job, const struct sl_engine_message *input)
{
    if (job->failed)
        return;
    measure_bytes(job, input);
    job->input = input;
    int err = sl_picture_source_input(&job->decoding, input);
    job->input = NULL;
    if (err == 0)
        return;
    job->failed = true;
    sl_engine_report_failure(job->reporter, SL_ENGINE_NO_OUTPUT, err);
}

static int create(const struct sl_engine_message *open, const struct sl_engine_reporter *reporter,
                  void **out)
{
    struct job *job = sl_new(struct job);

    (void)open;
    job->reporter = reporter;
    job->decoding.on_picture = on_picture;
    job->decoding.owner = job;
    job->decoding.reporter = reporter;
    job->source.frame_us = USUAL_FRAME_US;
    sl_list_init(&job->renditions);
    sl_ladder_init(&job->ladder);
    *out = job;
    return 0;
}

static void order(void *arg, const struct sl_engine_message *order)
{
    struct job *job = arg;
    struct sl_rendition *rendition = find_rendition(job, order->output);

    if (order->type == SL_ENGINE_INPUT) {
        take_input(job, order);
    } else if (order->type == SL_ENGINE_OUTPUT) {
        if (rendition)
            sl_rendition_change(rendition, &order->form.pictures);
        else
            add_rendition(job, order);
    } else if (order->type == SL_ENGINE_DROP && rendition) {
        drop_rendition(job, rendition);
    } else if (order->type == SL_ENGINE_KEYFRAME && rendition) {
        rendition->keyframe_wanted = true;
    } else if (order->type == SL_ENGINE_SNAPSHOT) {
        int err = sl_snapshots_add(&job->snapshots, order->output, order->len_max);
        if (err < 0)
            sl_engine_report_failure(job->reporter, order->output, err);
    }
}

const struct sl_engine_job_ops sl_engine_pictures_ops = {create, destroy, order};
