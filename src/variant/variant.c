/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which variants there are, and each one's life:
 *
 *   LIVE    --the last taker gave it back--> IDLE    --taken again--> LIVE
 *   IDLE    --IDLE_MS, the stream's end, a stop--> CLOSING
 *   CLOSING --the feed is closed [worker, loop], the inside is gone [loop]--> freed
 *
 * Of one that is CLOSING, or whose stream has ended, nobody hears any more.
 */
#include "variant/variant.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "jobs/jobs.h"
#include "net/net.h"
#include "stream/stream.h"
#include "variant/converter.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

enum { IDLE_MS = 2000 }; /* a server that is away is tried again sooner, as a rule */

struct sl_variants {
    struct sl_job_pool *pool;
    struct sl_loop *control;
    struct sl_list variants; /* struct sl_variant.link */
    bool stopping;
    struct sl_later stopped;
    void (*on_stopped)(void *owner);
    void *on_stopped_owner;
};

struct sl_variant {
    /* Constant. */
    struct sl_variants *variants;
    struct sl_variant_form form;
    struct sl_job_loop *loop;
    size_t weight;
    struct sl_feed *feed;

    /* Control's. */
    struct sl_list link;
    struct sl_stream *stream; /* NULL: it has ended */
    struct sl_stream_listener listener;
    struct sl_timer *idle_timer;
    size_t refs;
    bool closing;
    struct sl_msg start_msg, close_msg, closed_msg;

    /* The loop's. */
    struct sl_converter *converter; /* NULL: it cannot be had */
    struct sl_list takers;          /* struct sl_variant_taker.link */
    struct sl_job_tick tick;
};

/* ---- On the loop ---- */

static void on_converted(void *owner, const struct sl_variant_frame *frame)
{
    struct sl_variant *variant = owner;
    struct sl_variant_taker *taker;

    sl_list_foreach(taker, &variant->takers, struct sl_variant_taker, link)
        taker->ops->on_frame(taker->owner, frame);
}

static void on_keyframe_wanted(void *owner)
{
    sl_feed_request_keyframe(((struct sl_variant *)owner)->feed);
}

static const struct sl_converter_ops converter_ops = {on_converted, on_keyframe_wanted};

static void end_batch(struct sl_variant *variant, int64_t now_us)
{
    struct sl_variant_taker *taker;

    sl_list_foreach(taker, &variant->takers, struct sl_variant_taker, link)
        taker->ops->on_batch(taker->owner, now_us);
}

static void on_frame(void *owner, struct sl_frame *frame, int64_t arrival_us)
{
    struct sl_variant *variant = owner;

    if (variant->converter)
        sl_converter_input(variant->converter, frame, arrival_us);
}

static void on_batch(void *owner)
{
    end_batch(owner, sl_now_us());
}

static const struct sl_feed_ops feed_ops = {on_frame, on_batch};

static void on_tick(struct sl_job_tick *tick, int64_t now_us)
{
    struct sl_variant *variant = sl_container_of(tick, struct sl_variant, tick);

    if (variant->converter)
        sl_converter_tick(variant->converter, now_us);
    end_batch(variant, now_us);
}

static void on_start(struct sl_msg *msg)
{
    struct sl_variant *variant = sl_container_of(msg, struct sl_variant, start_msg);
    int err = sl_converter_create(&variant->form, &converter_ops, variant, &variant->converter);

    if (err < 0)
        sl_log(SL_LOG_ERROR, NULL, "variant: %s and %s cannot be made: %s",
               sl_codec_name(variant->form.to[SL_AUDIO]), sl_codec_name(variant->form.to[SL_VIDEO]),
               strerror(-err));
    sl_job_tick_start(variant->loop, &variant->tick, SL_JOB_FAST);
}

void sl_variant_attach(struct sl_variant *variant, struct sl_variant_taker *taker)
{
    sl_list_append(&variant->takers, &taker->link);
}

void sl_variant_detach(struct sl_variant_taker *taker)
{
    sl_list_remove(&taker->link);
}

const struct sl_variant_sound *sl_variant_sound(const struct sl_variant *variant)
{
    return variant->converter ? sl_converter_sound(variant->converter) : NULL;
}

void sl_variant_request_keyframe(struct sl_variant *variant)
{
    sl_feed_request_keyframe(variant->feed);
}

void sl_variant_begin_sound(struct sl_variant *variant)
{
    if (variant->converter)
        sl_converter_begin_sound(variant->converter, sl_now_us());
}

uint64_t sl_variant_dropped(const struct sl_variant *variant)
{
    return sl_feed_dropped(variant->feed);
}

static void on_close(struct sl_msg *msg)
{
    struct sl_variant *variant = sl_container_of(msg, struct sl_variant, close_msg);

    assert(sl_list_empty(&variant->takers));
    sl_job_tick_stop(&variant->tick);
    sl_converter_destroy(variant->converter);
    variant->converter = NULL;
    sl_loop_post(variant->variants->control, &variant->closed_msg);
}

/* ---- The end [control] ---- */

static void on_stopped(struct sl_later *later)
{
    struct sl_variants *variants = sl_container_of(later, struct sl_variants, stopped);

    variants->on_stopped(variants->on_stopped_owner);
}

static void check_stopped(struct sl_variants *variants)
{
    if (variants->stopping && sl_list_empty(&variants->variants))
        sl_loop_later(variants->control, &variants->stopped);
}

static void on_closed(struct sl_msg *msg)
{
    struct sl_variant *variant = sl_container_of(msg, struct sl_variant, closed_msg);
    struct sl_variants *variants = variant->variants;

    sl_feed_destroy(variant->feed);
    sl_timer_destroy(variant->idle_timer);
    sl_job_loop_drop(variant->loop, variant->weight);
    sl_list_remove(&variant->link);
    free(variant);
    check_stopped(variants);
}

static void on_feed_closed(void *owner)
{
    struct sl_variant *variant = owner;

    sl_loop_post(sl_job_loop_loop(variant->loop), &variant->close_msg);
}

static void begin_close(struct sl_variant *variant)
{
    if (variant->closing)
        return;
    variant->closing = true;
    sl_timer_stop(variant->idle_timer);
    sl_stream_unlisten(&variant->listener);
    sl_feed_close(variant->feed, on_feed_closed, variant);
}

static void on_idle(void *owner)
{
    begin_close(owner);
}

static void on_stream_end(struct sl_stream_listener *listener)
{
    struct sl_variant *variant = sl_container_of(listener, struct sl_variant, listener);

    variant->stream = NULL;
    if (variant->refs == 0)
        begin_close(variant);
}

/* ---- The beginning [control] ---- */

static size_t weight_of(const struct sl_variant_form *form)
{
    size_t weight = SL_WEIGHT_SOCKET;

    if (form->from[SL_AUDIO] != SL_CODEC_NONE)
        weight += SL_WEIGHT_SOUND;
    if (form->from[SL_VIDEO] != form->to[SL_VIDEO])
        weight += SL_WEIGHT_PICTURES;
    return weight;
}

static struct sl_variant *create(struct sl_variants *variants, struct sl_stream *stream,
                                 const struct sl_variant_form *form)
{
    struct sl_variant *variant = sl_new(struct sl_variant);
    struct sl_feed_config feed = {
        .stream = stream,
        .tracks = {form->from[SL_AUDIO] != SL_CODEC_NONE, form->from[SL_VIDEO] != SL_CODEC_NONE},
        .protocol = "variant",
        .control = variants->control,
        .ops = &feed_ops,
        .owner = variant,
    };

    variant->variants = variants;
    variant->form = *form;
    variant->weight = weight_of(form);
    variant->loop = sl_job_pool_pick(variants->pool, variant->weight);
    variant->stream = stream;
    variant->idle_timer = sl_timer_create(variants->control, on_idle, variant);
    variant->start_msg.run = on_start;
    variant->close_msg.run = on_close;
    variant->closed_msg.run = on_closed;
    sl_list_init(&variant->takers);
    variant->tick.on_tick = on_tick;
    feed.job_loop = sl_job_loop_loop(variant->loop);
    variant->feed = sl_feed_create(&feed);
    variant->listener.on_end = on_stream_end;
    sl_stream_listen(stream, &variant->listener);
    sl_list_append(&variants->variants, &variant->link);
    sl_loop_post(feed.job_loop, &variant->start_msg);
    sl_feed_start(variant->feed);
    return variant;
}

static void note_codecs(struct sl_stream *stream, enum sl_codec out[2])
{
    for (int kind = SL_AUDIO; kind <= SL_VIDEO; kind++) {
        const struct sl_track *track = sl_stream_track(stream, (enum sl_media_kind)kind);
        const struct sl_track_config *codecs = track ? sl_track_codecs(track) : NULL;
        out[kind] = codecs && codecs->codec_count > 0 ? codecs->codecs[0].codec : SL_CODEC_NONE;
    }
}

static struct sl_variant *find(struct sl_variants *variants, const struct sl_stream *stream,
                               const struct sl_variant_form *form)
{
    struct sl_variant *variant;

    sl_list_foreach(variant, &variants->variants, struct sl_variant, link)
    {
        if (variant->stream == stream && !variant->closing &&
            memcmp(&variant->form, form, sizeof(*form)) == 0)
            return variant;
    }
    return NULL;
}

int sl_variant_take(struct sl_variants *variants, struct sl_stream *stream,
                    const struct sl_variant_want *want, struct sl_variant **out)
{
    struct sl_variant_form form;
    enum sl_codec source[2];

    note_codecs(stream, source);
    int err = sl_variant_choose(source, want, &form);
    if (err < 0)
        return err;
    struct sl_variant *variant = find(variants, stream, &form);
    if (!variant)
        variant = create(variants, stream, &form);
    sl_timer_stop(variant->idle_timer);
    variant->refs++;
    *out = variant;
    return 0;
}

void sl_variant_release(struct sl_variant *variant)
{
    if (!variant)
        return;
    assert(variant->refs > 0);
    if (--variant->refs > 0)
        return;
    if (!variant->stream || variant->variants->stopping)
        begin_close(variant);
    else
        sl_timer_start(variant->idle_timer, IDLE_MS, 0);
}

struct sl_job_loop *sl_variant_loop(struct sl_variant *variant)
{
    return variant->loop;
}

const struct sl_variant_form *sl_variant_form(const struct sl_variant *variant)
{
    return &variant->form;
}

/* ---- All of them [control] ---- */

struct sl_variants *sl_variants_create(struct sl_job_pool *pool, struct sl_loop *control)
{
    struct sl_variants *variants = sl_new(struct sl_variants);

    variants->pool = pool;
    variants->control = control;
    variants->stopped.run = on_stopped;
    sl_list_init(&variants->variants);
    return variants;
}

void sl_variants_stop(struct sl_variants *variants, void (*on_all_stopped)(void *owner),
                      void *owner)
{
    struct sl_variant *variant;

    variants->stopping = true;
    variants->on_stopped = on_all_stopped;
    variants->on_stopped_owner = owner;
    sl_list_foreach(variant, &variants->variants, struct sl_variant, link)
    {
        assert(variant->refs == 0);
        begin_close(variant);
    }
    check_stopped(variants);
}

void sl_variants_destroy(struct sl_variants *variants)
{
    if (!variants)
        return;
    sl_later_cancel(&variants->stopped);
    free(variants);
}
