/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One tagger a stream, and an outlet for each loop that has takers. */
#include "rtmp/channel.h"

#include "base/clock.h"
#include "jobs/jobs.h"
#include "net/net.h"
#include "rtmp/tagger.h"

#include <assert.h>
#include <stdatomic.h>

enum {
    BATCH_MAX = 64,     /* tags; more are another batch */
    IN_FLIGHT_MAX = 256 /* batches that a loop has not taken; then tags are left out */
};

struct outlet {
    struct sl_channel *channel;
    struct sl_loop *loop;
    size_t takers;         /* the channel's loop: those attached */
    bool lost;             /* the channel's loop: the next batch says so */
    struct sl_list linked; /* the outlet's loop: struct sl_channel_taker.link */
    _Atomic unsigned in_flight;
    struct sl_msg sweep_msg;
};

struct batch {
    struct sl_msg msg;
    struct outlet *outlet;
    bool lost;
    size_t count;
    struct sl_flv_tag *tags[BATCH_MAX]; /* references */
};

struct sl_channels {
    struct sl_job_pool *pool;
    struct sl_loop *control;
    struct sl_programs *programs;
    struct sl_list channels; /* struct sl_channel.link */
    bool stopping;
    struct sl_later stopped;
    void (*on_stopped)(void *owner);
    void *on_stopped_owner;
};

struct sl_channel {
    /* Constant. */
    struct sl_channels *channels;
    struct sl_program *program;
    struct sl_loop *loop;
    struct outlet *outlets; /* by the index of the loop */

    /* Control's. */
    struct sl_list link;
    struct sl_stream *stream; /* NULL: it has ended */
    struct sl_stream_listener listener;
    size_t refs;
    struct sl_msg start_msg, close_msg, closed_msg;

    /* The loop's. */
    struct sl_program_taker taker;
    struct sl_tagger *tagger;
    struct sl_flv_tag *tags[BATCH_MAX]; /* references, to be handed over */
    size_t count;

    _Atomic size_t unswept; /* loops that something may still be under way to */
};

/* ---- Tags out [the channel's loop, then the outlet's] ---- */

static void on_batch_arrived(struct sl_msg *msg)
{
    struct batch *batch = sl_container_of(msg, struct batch, msg);
    struct sl_channel_taker *taker;

    sl_list_foreach(taker, &batch->outlet->linked, struct sl_channel_taker, link)
        taker->ops->on_tags(taker->owner, batch->tags, batch->count, batch->lost);
    for (size_t i = 0; i < batch->count; i++)
        sl_flv_tag_unref(batch->tags[i]);
    atomic_fetch_sub_explicit(&batch->outlet->in_flight, 1, memory_order_relaxed);
    free(batch);
}

static void send_batch(struct sl_channel *channel, struct outlet *outlet)
{
    if (atomic_load_explicit(&outlet->in_flight, memory_order_relaxed) >= IN_FLIGHT_MAX) {
        outlet->lost = true;
        return;
    }
    struct batch *batch = sl_new(struct batch); /* IN_FLIGHT_MAX bounds them */
    batch->msg.run = on_batch_arrived;
    batch->outlet = outlet;
    batch->lost = outlet->lost;
    outlet->lost = false;
    batch->count = channel->count;
    for (size_t i = 0; i < channel->count; i++)
        batch->tags[i] = sl_flv_tag_ref(channel->tags[i]);
    atomic_fetch_add_explicit(&outlet->in_flight, 1, memory_order_relaxed);
    sl_loop_post(outlet->loop, &batch->msg);
}

static void hand_over(struct sl_channel *channel)
{
    if (channel->count == 0)
        return;
    for (size_t i = 0; i < sl_job_pool_count(channel->channels->pool); i++) {
        if (channel->outlets[i].takers > 0)
            send_batch(channel, &channel->outlets[i]);
    }
    for (size_t i = 0; i < channel->count; i++)
        sl_flv_tag_unref(channel->tags[i]);
    channel->count = 0;
}

static void on_tag(void *owner, struct sl_flv_tag *tag)
{
    struct sl_channel *channel = owner;

    channel->tags[channel->count++] = sl_flv_tag_ref(tag);
    if (channel->count == BATCH_MAX)
        hand_over(channel);
}

static void on_keyframe_wanted(void *owner)
{
    sl_program_request_keyframe(((struct sl_channel *)owner)->program);
}

static void on_sound_wanted(void *owner)
{
    sl_program_begin_sound(((struct sl_channel *)owner)->program);
}

static const struct sl_tagger_ops tagger_ops = {on_tag, on_keyframe_wanted, on_sound_wanted};

/* ---- Frames in [the channel's loop] ---- */

static void on_frame(void *owner, const struct sl_program_frame *frame)
{
    sl_tagger_input(((struct sl_channel *)owner)->tagger, frame, sl_now_us());
}

static void on_batch(void *owner, int64_t now_us)
{
    struct sl_channel *channel = owner;

    sl_tagger_tick(channel->tagger, now_us);
    hand_over(channel);
}

static const struct sl_program_taker_ops taker_ops = {on_frame, on_batch};

static void on_start(struct sl_msg *msg)
{
    struct sl_channel *channel = sl_container_of(msg, struct sl_channel, start_msg);

    channel->tagger =
        sl_tagger_create(sl_program_form(channel->program), &tagger_ops, channel, sl_now_us());
    channel->taker.ops = &taker_ops;
    channel->taker.owner = channel;
    sl_program_attach(channel->program, &channel->taker);
}

/* Behind the last batch and the last answer to an attachment. */
static void on_sweep(struct sl_msg *msg) /* on the outlet's loop */
{
    struct sl_channel *channel = sl_container_of(msg, struct outlet, sweep_msg)->channel;

    if (atomic_fetch_sub(&channel->unswept, 1) == 1)
        sl_loop_post(channel->channels->control, &channel->closed_msg);
}

static void on_close(struct sl_msg *msg)
{
    struct sl_channel *channel = sl_container_of(msg, struct sl_channel, close_msg);
    size_t loops = sl_job_pool_count(channel->channels->pool);

    sl_program_detach(&channel->taker);
    sl_tagger_destroy(channel->tagger);
    for (size_t i = 0; i < channel->count; i++)
        sl_flv_tag_unref(channel->tags[i]);
    atomic_store(&channel->unswept, loops);
    for (size_t i = 0; i < loops; i++) /* the channel is gone with the last, not before */
        sl_loop_post(channel->outlets[i].loop, &channel->outlets[i].sweep_msg);
}

/* ---- Takers: a message there, for an attachment also back ---- */

/* Order: ATTACH goes to the channel's loop, and back as its answer. */
struct sl_channel_attach {
    struct sl_msg msg;
    struct outlet *outlet;
    struct sl_channel_taker *taker; /* NULL: it has given up waiting; its loop's */
    const struct sl_program_sound *sound;
};

struct order {
    struct sl_msg msg;
    struct outlet *outlet;
};

static void post_order(struct sl_channel_taker *taker, void (*run)(struct sl_msg *msg))
{
    struct order *order = sl_new(struct order); /* a taker's few: one at a time, as a rule */

    order->msg.run = run;
    order->outlet = &taker->channel->outlets[sl_job_loop_index(taker->loop)];
    sl_loop_post(taker->channel->loop, &order->msg);
}

static struct outlet *take_order(struct sl_msg *msg)
{
    struct order *order = sl_container_of(msg, struct order, msg);
    struct outlet *outlet = order->outlet;

    free(order);
    return outlet;
}

static void on_detach(struct sl_msg *msg)
{
    take_order(msg)->takers--;
}

static void on_request_keyframe(struct sl_msg *msg)
{
    sl_program_request_keyframe(take_order(msg)->channel->program);
}

static void on_begin_sound(struct sl_msg *msg)
{
    sl_program_begin_sound(take_order(msg)->channel->program);
}

static void post_detach(struct sl_channel *channel, struct outlet *outlet)
{
    struct order *order = sl_new(struct order);

    order->msg.run = on_detach;
    order->outlet = outlet;
    sl_loop_post(channel->loop, &order->msg);
}

static void on_attached(struct sl_msg *msg) /* on the taker's loop */
{
    struct sl_channel_attach *attach = sl_container_of(msg, struct sl_channel_attach, msg);
    struct sl_channel_taker *taker = attach->taker;

    if (taker) {
        taker->attach = NULL;
        sl_list_append(&attach->outlet->linked, &taker->link);
        taker->ops->on_attached(taker->owner, attach->sound);
    }
    free(attach);
}

static void on_attach(struct sl_msg *msg) /* on the channel's loop */
{
    struct sl_channel_attach *attach = sl_container_of(msg, struct sl_channel_attach, msg);
    struct sl_channel *channel = attach->outlet->channel;

    attach->outlet->takers++;
    attach->sound = sl_program_sound(channel->program);
    sl_tagger_join(channel->tagger, sl_now_us());
    sl_program_request_keyframe(channel->program);
    attach->msg.run = on_attached;
    sl_loop_post(attach->outlet->loop, &attach->msg);
}

void sl_channel_attach(struct sl_channel *channel, struct sl_job_loop *loop,
                       struct sl_channel_taker *taker)
{
    struct sl_channel_attach *attach = sl_new(struct sl_channel_attach);

    taker->channel = channel;
    taker->loop = loop;
    taker->attach = attach;
    attach->outlet = &channel->outlets[sl_job_loop_index(loop)];
    attach->taker = taker;
    attach->msg.run = on_attach;
    sl_loop_post(channel->loop, &attach->msg);
}

void sl_channel_detach(struct sl_channel_taker *taker)
{
    struct sl_channel *channel = taker->channel;

    if (!channel)
        return;
    if (taker->attach)
        taker->attach->taker = NULL;
    taker->attach = NULL;
    sl_list_remove(&taker->link);
    post_detach(channel, &channel->outlets[sl_job_loop_index(taker->loop)]);
    taker->channel = NULL;
}

void sl_channel_request_keyframe(struct sl_channel_taker *taker)
{
    post_order(taker, on_request_keyframe);
}

void sl_channel_begin_sound(struct sl_channel_taker *taker)
{
    post_order(taker, on_begin_sound);
}

bool sl_channel_has(const struct sl_channel *channel, enum sl_media_kind kind)
{
    return sl_program_form(channel->program)->from[kind] != SL_CODEC_NONE;
}

/* ---- Lives [control] ---- */

static void on_all_gone(struct sl_later *later)
{
    struct sl_channels *channels = sl_container_of(later, struct sl_channels, stopped);

    channels->on_stopped(channels->on_stopped_owner);
}

static void check_stopped(struct sl_channels *channels)
{
    if (channels->stopping && sl_list_empty(&channels->channels))
        sl_loop_later(channels->control, &channels->stopped);
}

static void on_closed(struct sl_msg *msg)
{
    struct sl_channel *channel = sl_container_of(msg, struct sl_channel, closed_msg);
    struct sl_channels *channels = channel->channels;

    sl_program_release(channel->program);
    sl_stream_unlisten(&channel->listener);
    sl_list_remove(&channel->link);
    free(channel->outlets);
    free(channel);
    check_stopped(channels);
}

static void on_stream_end(struct sl_stream_listener *listener)
{
    sl_container_of(listener, struct sl_channel, listener)->stream = NULL;
}

static struct sl_channel *find(struct sl_channels *channels, const struct sl_stream *stream)
{
    struct sl_channel *channel;

    sl_list_foreach(channel, &channels->channels, struct sl_channel, link)
    {
        if (channel->stream == stream && channel->refs > 0)
            return channel;
    }
    return NULL;
}

static struct sl_channel *create(struct sl_channels *channels, struct sl_stream *stream,
                                 struct sl_program *program)
{
    struct sl_channel *channel = sl_new(struct sl_channel);
    size_t loops = sl_job_pool_count(channels->pool);

    channel->channels = channels;
    channel->program = program;
    channel->loop = sl_job_loop_loop(sl_program_loop(program));
    channel->outlets = sl_new_array(struct outlet, loops);
    for (size_t i = 0; i < loops; i++) {
        channel->outlets[i].channel = channel;
        channel->outlets[i].loop = sl_job_loop_loop(sl_job_pool_at(channels->pool, i));
        sl_list_init(&channel->outlets[i].linked);
        channel->outlets[i].sweep_msg.run = on_sweep;
    }
    channel->stream = stream;
    channel->listener.on_end = on_stream_end;
    sl_stream_listen(stream, &channel->listener);
    channel->start_msg.run = on_start;
    channel->close_msg.run = on_close;
    channel->closed_msg.run = on_closed;
    sl_list_append(&channels->channels, &channel->link);
    sl_loop_post(channel->loop, &channel->start_msg);
    return channel;
}

int sl_channel_get(struct sl_channels *channels, struct sl_stream *stream, struct sl_channel **out)
{
    static const struct sl_program_want want = {
        .codecs = {[SL_AUDIO] = {SL_CODEC_AAC, SL_CODEC_PCMA, SL_CODEC_PCMU},
                   [SL_VIDEO] = {SL_CODEC_H264}}};
    struct sl_channel *channel = find(channels, stream);
    struct sl_program *program;

    SL_ASSERT_ON(channels->control);
    if (!channel) {
        int err = sl_program_take(channels->programs, stream, &want, &program);
        if (err < 0)
            return err;
        channel = create(channels, stream, program);
    }
    channel->refs++;
    *out = channel;
    return 0;
}

void sl_channel_release(struct sl_channel *channel)
{
    if (!channel)
        return;
    SL_ASSERT_ON(channel->channels->control);
    assert(channel->refs > 0);
    if (--channel->refs == 0)
        sl_loop_post(channel->loop, &channel->close_msg);
}

struct sl_player *sl_channel_play(struct sl_channel *channel, struct sl_job_loop *loop,
                                  struct sl_sound *sound, bool repeat, void (*on_gone)(void *owner),
                                  void *owner)
{
    SL_ASSERT_ON(channel->channels->control);
    return sl_program_play(channel->program, loop, sound, repeat, on_gone, owner);
}

struct sl_channels *sl_channels_create(struct sl_programs *programs, struct sl_job_pool *pool,
                                       struct sl_loop *control)
{
    struct sl_channels *channels = sl_new(struct sl_channels);

    SL_ASSERT_ON(control);
    channels->pool = pool;
    channels->control = control;
    channels->programs = programs;
    channels->stopped.run = on_all_gone;
    sl_list_init(&channels->channels);
    return channels;
}

void sl_channels_stop(struct sl_channels *channels, void (*on_stopped)(void *owner), void *owner)
{
    SL_ASSERT_ON(channels->control);
    channels->stopping = true;
    channels->on_stopped = on_stopped;
    channels->on_stopped_owner = owner;
    check_stopped(channels);
}

void sl_channels_destroy(struct sl_channels *channels)
{
    if (!channels)
        return;
    SL_ASSERT_ON(channels->control);
    sl_later_cancel(&channels->stopped);
    free(channels);
}
