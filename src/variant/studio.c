/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A source track on its way into a codec process, and what is made of it on its way back. */
#include "variant/internal.h"

#include "base/clock.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

enum {
    /* A report's time is near that of what went in: more is a broken process. */
    TIME_SPREAD_US = 60 * SL_US_PER_S,
    ASK_AGAIN_US = SL_US_PER_S, /* for a key frame that has not come */
};

/* ---- Kept pictures [worker] ---- */

static void forget_kept(struct studio *studio)
{
    for (size_t i = 0; i < studio->kept_count; i++)
        sl_frame_unref(studio->kept[i]);
    studio->kept_count = 0;
    studio->kept_lost = false;
}

/* For a process that comes after this one: what it has to decode before it can go on. */
static void keep(struct studio *studio, struct sl_frame *frame)
{
    if (studio->kind == SL_AUDIO)
        return;
    if (frame->keyframe)
        forget_kept(studio);
    if (studio->kept_count == STUDIO_KEPT_MAX) {
        forget_kept(studio);
        studio->kept_lost = true;
    }
    if (!studio->kept_lost)
        studio->kept[studio->kept_count++] = sl_frame_ref(frame);
}

/* ---- In [worker] ---- */

static void request_keyframe(struct studio *studio)
{
    if (studio->kind != SL_VIDEO || studio->stopped)
        return;
    studio->asked_us = sl_now_us();
    sl_sink_request_keyframe(studio->sink);
}

static bool send_frame(struct studio *studio, const struct sl_frame *frame, bool quiet)
{
    struct sl_engine_message input = {
        .type = SL_ENGINE_INPUT,
        .codec = frame->codec,
        .keyframe = frame->keyframe,
        .quiet = quiet,
        .pts_us = frame->pts_us,
        .dts_us = frame->dts_us,
        .at_us = sl_now_us(),
        .data = frame->data,
        .len = frame->len,
    };

    return sl_codec_job_send(studio->job, &input);
}

static void on_frame(void *owner, struct sl_frame *frame)
{
    struct studio *studio = owner;

    SL_ASSERT_ON(sl_worker_loop(studio->worker));
    keep(studio, frame);
    if (!studio->up)
        return;
    if (frame->keyframe)
        studio->dropping = false;
    if (studio->dropping) {
        if (sl_now_us() - studio->asked_us >= ASK_AGAIN_US) /* what it asked for came elsewhere */
            request_keyframe(studio);
        return;
    }
    studio->last_pts_us = frame->pts_us;
    if (send_frame(studio, frame, false) || studio->kind == SL_AUDIO)
        return;
    studio->dropping = true;
    request_keyframe(studio);
}

static void send_config(struct studio *studio)
{
    const struct sl_codec_config *config = studio->config;
    struct sl_engine_message order = {.type = SL_ENGINE_CONFIG};

    if (!config || config->codec != SL_CODEC_AAC)
        return; /* pictures bring theirs along */
    order.codec = config->codec;
    order.data = config->data;
    order.len = config->len;
    (void)sl_codec_job_send(studio->job, &order); /* orders are never left out */
}

static void on_codec(void *owner, enum sl_codec codec, struct sl_codec_config *config)
{
    struct studio *studio = owner;

    (void)codec; /* each frame says it */
    sl_codec_config_unref(studio->config);
    studio->config = sl_codec_config_ref(config);
    if (studio->up)
        send_config(studio);
}

/* Every output, one after the other; one may take itself out. */
static void tell_all(struct studio *studio, const struct sl_engine_message *report)
{
    struct sl_list *at = studio->outputs.next;

    while (at != &studio->outputs) {
        struct output *output = sl_container_of(at, struct output, link);
        at = at->next;
        output->on_report(output, report);
    }
}

/* As a whole: also what comes hears of it. */
static void fail(struct studio *studio, int err)
{
    const struct sl_engine_message report = {
        .type = SL_ENGINE_FAILED, .output = SL_ENGINE_NO_OUTPUT, .err = err};

    if (atomic_exchange(&studio->broken, err) != 0)
        return;
    tell_all(studio, &report);
    sl_loop_post(studio->variants->config.control, &studio->broken_msg);
}

static void on_sink_end(void *owner, int reason)
{
    if (reason != -EPIPE) /* of the end of its source the control loop knows */
        fail(owner, reason);
}

static const struct sl_sink_ops sink_ops = {
    .protocol = "variant",
    .on_frame = on_frame,
    .on_end = on_sink_end,
    .on_codec = on_codec,
};

/* ---- The job [worker] ---- */

static void send_order(struct output *output)
{
    struct sl_engine_message order = output->order;

    order.output = output->id;
    (void)sl_codec_job_send(output->studio->job, &order); /* orders are never left out */
}

/* The decoder comes to where the one before it was, without a word to the source if that is
 * cheap. */
static void catch_up(struct studio *studio, bool crowded)
{
    if (crowded || studio->kept_lost || studio->kept_count == 0) {
        studio->dropping = studio->kind == SL_VIDEO;
        request_keyframe(studio);
        return;
    }
    studio->dropping = false; /* the one before it may have died of what it was sent */
    for (size_t i = 0; i < studio->kept_count; i++) {
        if (send_frame(studio, studio->kept[i], true))
            continue;
        studio->dropping = true;
        request_keyframe(studio);
        return;
    }
}

static void on_up(void *owner, bool again, bool crowded)
{
    struct studio *studio = owner;
    struct sl_engine_message open = {
        .type = SL_ENGINE_OPEN,
        .kind = studio->kind == SL_VIDEO ? SL_ENGINE_PICTURES : SL_ENGINE_SOUND,
    };
    struct output *output;

    SL_ASSERT_ON(sl_worker_loop(studio->worker));
    if (studio->stopped)
        return;
    studio->up = true;
    (void)sl_codec_job_send(studio->job, &open);
    send_config(studio);
    sl_list_foreach(output, &studio->outputs, struct output, link) send_order(output);
    if (again && studio->started) {
        catch_up(studio, crowded);
        return;
    }
    studio->started = true;
    sl_sink_start(studio->sink);
    request_keyframe(studio);
}

static void note_lateness(struct studio *studio, int64_t late_us)
{
    atomic_store(&studio->late_us, late_us);
    if (!atomic_exchange(&studio->late_posted, true))
        sl_loop_post(studio->variants->config.control, &studio->late_msg);
}

/* The process that takes its place is not late, and would not say so. */
static void on_down(void *owner)
{
    struct studio *studio = owner;

    studio->up = false;
    if (!studio->stopped && atomic_load(&studio->late_us) > 0)
        note_lateness(studio, 0);
}

/* ---- Out [worker] ---- */

static bool is_sane(const struct studio *studio, const struct output *output,
                    const struct sl_engine_message *report)
{
    int64_t off_us = report->pts_us - studio->last_pts_us;

    return report->codec == output->order.codec && report->len > 0 && off_us < TIME_SPREAD_US &&
           off_us > -TIME_SPREAD_US;
}

static void tell_one(struct studio *studio, const struct sl_engine_message *report)
{
    struct output *output;

    sl_list_foreach(output, &studio->outputs, struct output, link)
    {
        if (output->id != report->output)
            continue;
        if (report->type != SL_ENGINE_CODED || is_sane(studio, output, report))
            output->on_report(output, report);
        return;
    }
}

static void on_late(struct sl_msg *msg) /* [control] */
{
    struct studio *studio = sl_container_of(msg, struct studio, late_msg);

    atomic_store(&studio->late_posted, false);
    bool late = atomic_load(&studio->late_us) > 0;
    if (late != (studio->late_since_us > 0))
        studio->late_since_us = late ? sl_now_us() : 0;
}

static void on_report(void *owner, const struct sl_engine_message *report)
{
    struct studio *studio = owner;

    if (studio->stopped)
        return;
    if (report->type == SL_ENGINE_NEED_KEYFRAME) {
        request_keyframe(studio);
    } else if (report->type == SL_ENGINE_LATE) {
        note_lateness(studio, report->at_us);
    } else if (report->type == SL_ENGINE_FAILED && report->output == SL_ENGINE_NO_OUTPUT) {
        fail(studio, report->err);
    } else {
        tell_one(studio, report);
    }
}

/* ---- Outputs come and go ---- */

static void on_add(struct sl_msg *msg) /* [worker] */
{
    struct output *output = sl_container_of(msg, struct output, add_msg);
    struct studio *studio = output->studio;

    sl_list_append(&studio->outputs, &output->link);
    if (studio->up)
        send_order(output);
}

static void on_gone(struct sl_msg *msg);

static void on_remove(struct sl_msg *msg) /* [worker] */
{
    struct output *output = sl_container_of(msg, struct output, remove_msg);
    struct studio *studio = output->studio;
    struct sl_engine_message drop = {.type = SL_ENGINE_DROP, .output = output->id};

    sl_list_remove(&output->link);
    if (studio->up)
        (void)sl_codec_job_send(studio->job, &drop);
    sl_loop_post(studio->variants->config.control, &output->gone_msg);
}

static void on_gone(struct sl_msg *msg) /* [control] */
{
    struct output *output = sl_container_of(msg, struct output, gone_msg);
    struct studio *studio = output->studio;

    sl_list_remove(&output->in_studio);
    output->on_gone(output);
    sl_studio_check(studio);
}

void sl_studio_add(struct studio *studio, struct output *output)
{
    assert(!studio->ended && !studio->closing);
    output->studio = studio;
    output->id = studio->next_id++;
    output->add_msg.run = on_add;
    output->remove_msg.run = on_remove;
    output->gone_msg.run = on_gone;
    sl_list_append(&studio->all, &output->in_studio);
    sl_loop_post(sl_worker_loop(studio->worker), &output->add_msg);
}

void sl_studio_remove(struct output *output)
{
    sl_loop_post(sl_worker_loop(output->studio->worker), &output->remove_msg);
}

void sl_studio_order_again(struct output *output)
{
    if (output->studio->up)
        send_order(output);
}

void sl_studio_order_keyframe(struct output *output)
{
    struct sl_engine_message order = {.type = SL_ENGINE_KEYFRAME, .output = output->id};

    if (output->studio->up)
        (void)sl_codec_job_send(output->studio->job, &order);
}

/* ---- Life [control] ---- */

void sl_studios_check_stopped(struct sl_variants *variants)
{
    if (variants->stopping && sl_list_empty(&variants->studios) &&
        sl_list_empty(&variants->holders))
        sl_loop_later(variants->config.control, &variants->stopped);
}

/* Outputs go later, when they are off the worker. */
static void end_all(struct studio *studio)
{
    struct output *output;

    studio->ended = true;
    sl_list_foreach(output, &studio->all, struct output, in_studio) output->on_end(output);
}

static void on_broken(struct sl_msg *msg)
{
    struct studio *studio = sl_container_of(msg, struct studio, broken_msg);

    if (studio->ended)
        return;
    studio->failure = atomic_load(&studio->broken);
    end_all(studio);
}

static void on_job_closed(void *owner)
{
    struct studio *studio = owner;
    struct sl_variants *variants = studio->variants;

    sl_sink_destroy(studio->sink);
    sl_list_remove(&studio->link);
    free(studio);
    sl_studios_check_stopped(variants);
}

static void on_job_failed(void *owner, int err)
{
    struct studio *studio = owner;

    studio->failure = err;
    end_all(studio);
}

static const struct sl_codec_job_ops job_ops = {
    .on_up = on_up,
    .on_down = on_down,
    .on_report = on_report,
    .on_failed = on_job_failed,
    .on_closed = on_job_closed,
};

static void on_stopped(struct sl_msg *msg)
{
    sl_codec_job_close(sl_container_of(msg, struct studio, stopped_msg)->job);
}

static void on_stop(struct sl_msg *msg) /* [worker] */
{
    struct studio *studio = sl_container_of(msg, struct studio, stop_msg);

    studio->stopped = true;
    studio->up = false;
    sl_sink_stop(studio->sink);
    forget_kept(studio);
    sl_codec_config_unref(studio->config);
    studio->config = NULL;
    sl_loop_post(studio->variants->config.control, &studio->stopped_msg);
}

void sl_studio_check(struct studio *studio)
{
    if (!sl_list_empty(&studio->all) || studio->closing)
        return;
    studio->closing = true;
    studio->ended = true;
    sl_stream_unlisten(&studio->listener);
    sl_loop_post(sl_worker_loop(studio->worker), &studio->stop_msg);
}

static void on_stream_end(struct sl_stream_listener *listener)
{
    struct studio *studio = sl_container_of(listener, struct studio, listener);

    studio->stream = NULL;
    end_all(studio);
}

struct studio *sl_studio_find(const struct sl_variants *variants, const struct sl_stream *stream,
                              enum sl_media_kind kind)
{
    struct studio *studio;

    sl_list_foreach(studio, &variants->studios, struct studio, link)
    {
        if (studio->stream == stream && studio->kind == kind && !studio->ended)
            return studio;
    }
    return NULL;
}

struct studio *sl_studio_create(struct sl_variants *variants, struct sl_stream *stream,
                                enum sl_media_kind kind)
{
    struct studio *studio = sl_new(struct studio);

    studio->variants = variants;
    studio->worker = sl_stream_worker(stream);
    studio->kind = kind;
    studio->stream = stream;
    studio->next_id = 1;
    sl_log_scope_init(&studio->scope, NULL, "stream", sl_stream_name(stream));
    sl_list_init(&studio->made);
    sl_list_init(&studio->all);
    sl_list_init(&studio->outputs);
    studio->stop_msg.run = on_stop;
    studio->stopped_msg.run = on_stopped;
    studio->late_msg.run = on_late;
    studio->broken_msg.run = on_broken;
    const struct sl_codec_job_config job = {
        .transcoder = variants->config.transcoder,
        .kind = kind == SL_VIDEO ? SL_ENGINE_PICTURES : SL_ENGINE_SOUND,
        .loop = sl_worker_loop(studio->worker),
        .source = sl_stream_name(stream),
        .ops = &job_ops,
        .owner = studio,
    };
    studio->sink = sl_sink_create(sl_stream_track(stream, kind), studio->worker, &sink_ops, studio);
    studio->listener.on_end = on_stream_end;
    sl_stream_listen(stream, &studio->listener);
    sl_list_append(&variants->studios, &studio->link);
    studio->job = sl_codec_job_create(&job);
    return studio;
}
