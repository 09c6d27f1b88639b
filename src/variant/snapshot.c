/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One picture of a stream as a PNG (media-outputs.md 8). Whoever asks while one is being taken of
 * the same stream, in the same size, gets that one: a shot has its output in the studio and any
 * number of askers.
 *
 *   TAKING --a picture, its failure [worker]; the end of time, of the stream [control]--> ANSWERED
 *   ANSWERED --it is off the worker--> freed
 */
#include "variant/internal.h"

#include "base/clock.h"
#include "base/metrics.h"

#include <errno.h>
#include <string.h>

/* One who asked. */
struct sl_snapshot {
    struct sl_list link; /* in shot->askers */
    sl_on_snapshot *on_snapshot;
    void *owner;
    struct sl_later refusal; /* there is nothing to be taken: */
    int err;
};

struct shot {
    struct output output;
    /* Control's. */
    struct sl_list link; /* in variants->shots */
    struct studio *studio;
    size_t len_max;
    struct sl_list askers;
    struct sl_timer *timer;
    bool answered;
    /* The worker's until done_msg is posted. */
    bool done;
    int err;
    uint8_t *png;
    size_t len;
    struct sl_msg done_msg;
};

/* ---- Answers [control] ---- */

static void answer_all(struct shot *shot, int err, const uint8_t *png, size_t len)
{
    shot->answered = true;
    shot->studio->variants->shot_count--;
    sl_timer_stop(shot->timer);
    while (!sl_list_empty(&shot->askers)) {
        struct sl_snapshot *asker = sl_container_of(shot->askers.next, struct sl_snapshot, link);
        sl_list_remove(&asker->link);
        asker->on_snapshot(asker->owner, err, png, len);
        free(asker);
    }
    sl_studio_remove(&shot->output);
}

static void on_done(struct sl_msg *msg)
{
    struct shot *shot = sl_container_of(msg, struct shot, done_msg);

    if (!shot->answered)
        answer_all(shot, shot->err, shot->png, shot->len);
}

static void on_timeout(void *owner)
{
    answer_all(owner, -ETIMEDOUT, NULL, 0);
}

static void on_gone(struct output *output)
{
    struct shot *shot = sl_container_of(output, struct shot, output);

    sl_list_remove(&shot->link);
    sl_timer_destroy(shot->timer);
    free(shot->png);
    free(shot);
}

static void on_studio_end(struct output *output)
{
    struct shot *shot = sl_container_of(output, struct shot, output);

    if (!shot->answered)
        answer_all(shot, shot->studio->failure ? shot->studio->failure : -EPIPE, NULL, 0);
}

/* ---- The picture [worker] ---- */

static void on_report(struct output *output, const struct sl_engine_message *report)
{
    struct shot *shot = sl_container_of(output, struct shot, output);

    if (shot->done)
        return;
    if (report->type == SL_ENGINE_FAILED) {
        shot->err = report->err;
    } else if (report->type == SL_ENGINE_PICTURE) {
        shot->png = malloc(report->len); /* up to SL_ENGINE_DATA_MAX: not worth the process */
        if (shot->png) {
            memcpy(shot->png, report->data, report->len);
            shot->len = report->len;
        } else {
            shot->err = -ENOMEM;
        }
    } else {
        return;
    }
    shot->done = true;
    sl_loop_post(shot->studio->variants->config.control, &shot->done_msg);
}

/* ---- Asking [control] ---- */

static struct shot *find(struct sl_variants *variants, const struct sl_stream *stream,
                         size_t len_max)
{
    struct shot *shot;

    sl_list_foreach(shot, &variants->shots, struct shot, link)
    {
        if (shot->studio->stream == stream && shot->len_max == len_max && !shot->answered)
            return shot;
    }
    return NULL;
}

static struct shot *create(struct sl_variants *variants, struct sl_stream *stream, size_t len_max)
{
    struct studio *studio = sl_studio_find(variants, stream, SL_VIDEO);
    struct shot *shot = sl_new(struct shot);

    if (!studio)
        studio = sl_studio_create(variants, stream, SL_VIDEO);
    shot->studio = studio;
    shot->len_max = len_max;
    sl_list_init(&shot->askers);
    shot->done_msg.run = on_done;
    shot->output.on_report = on_report;
    shot->output.on_end = on_studio_end;
    shot->output.on_gone = on_gone;
    shot->output.order = (struct sl_engine_message){
        .type = SL_ENGINE_SNAPSHOT,
        .len_max = len_max > 0 && len_max < SL_ENGINE_DATA_MAX ? (uint32_t)len_max : 0,
    };
    shot->timer = sl_timer_create(variants->config.control, on_timeout, shot);
    sl_timer_start(shot->timer, (uint64_t)variants->config.config->snapshot_taking_interval_ms, 0);
    sl_list_append(&variants->shots, &shot->link);
    variants->shot_count++;
    sl_studio_add(studio, &shot->output);
    return shot;
}

static void on_refusal(struct sl_later *later)
{
    struct sl_snapshot *asker = sl_container_of(later, struct sl_snapshot, refusal);

    asker->on_snapshot(asker->owner, asker->err, NULL, 0);
    free(asker);
}

/* 0: it can be taken. */
static int why_not(struct sl_variants *variants, struct sl_stream *stream)
{
    if (!sl_variant_is_possible(sl_stream_codec(stream, SL_VIDEO), SL_CODEC_H264))
        return -ENOENT;
    int err = sl_transcoder_admit(variants->config.transcoder, sl_stream_name(stream));
    return err == -EBUSY ? 0 : err; /* one picture more is nothing that lasts */
}

struct sl_snapshot *sl_snapshot_take(struct sl_variants *variants, struct sl_stream *stream,
                                     size_t len_max, sl_on_snapshot *on_snapshot, void *owner)
{
    int err = why_not(variants, stream);
    struct shot *shot = err == 0 ? find(variants, stream, len_max) : NULL;

    if (err == 0 && !shot) {
        if (variants->stopping ||
            variants->shot_count >= (size_t)variants->config.config->snapshots_max) {
            sl_count(variants->config.counters, SL_COUNTER_SNAPSHOTS_REFUSED, 1);
            return NULL;
        }
        shot = create(variants, stream, len_max);
    }
    struct sl_snapshot *asker = sl_new(struct sl_snapshot);
    asker->on_snapshot = on_snapshot;
    asker->owner = owner;
    asker->err = err;
    asker->refusal.run = on_refusal;
    sl_count(variants->config.counters, SL_COUNTER_SNAPSHOTS_TAKEN, 1);
    if (shot)
        sl_list_append(&shot->askers, &asker->link);
    else
        sl_loop_later(variants->config.control, &asker->refusal);
    return asker;
}

void sl_snapshot_cancel(struct sl_snapshot *snapshot)
{
    if (!snapshot)
        return;
    sl_list_remove(&snapshot->link);
    sl_later_cancel(&snapshot->refusal);
    free(snapshot);
}
