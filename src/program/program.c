/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which programs there are, and each one's life:
 *
 *   LIVE    --the last taker gave it back--> IDLE    --taken again--> LIVE
 *   IDLE    --IDLE_MS, the stream's end, a stop--> CLOSING
 *   CLOSING --the feed is closed [worker, loop], the loop has let go, the inside is closed--> freed
 *
 * Of one that is CLOSING, or whose stream has ended, nobody hears any more.
 */
#include "program/program.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "jobs/jobs.h"
#include "net/net.h"
#include "program/coder.h"
#include "program/converter.h"
#include "stream/stream.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum {
    IDLE_MS = 2000,          /* a server that is away is tried again sooner, as a rule */
    SOUND_TIMEOUT_MS = 10000 /* for the disk */
};

struct sl_programs {
    struct sl_programs_config config;
    struct sl_list programs; /* struct sl_program.link */
    struct sl_lane *sounds;
    bool stopping;
    struct sl_later stopped;
    void (*on_stopped)(void *owner);
    void *on_stopped_owner;
};

struct sl_program {
    /* Constant. */
    struct sl_programs *programs;
    struct sl_program_form form;
    struct sl_program_sound sound; /* codec SL_CODEC_NONE: there is to be none */
    char *name;                    /* the stream's */
    struct sl_log_scope scope;
    struct sl_job_loop *loop;
    size_t weight;
    struct sl_feed *feed;
    struct sl_converter *converter;

    /* Control's. */
    struct sl_list link;
    struct sl_stream *stream; /* NULL: it has ended */
    struct sl_stream_listener listener;
    struct sl_timer *idle_timer;
    size_t refs;
    bool brief; /* see struct sl_program_want */
    bool closing;
    struct sl_msg start_msg, close_msg, left_msg;

    /* The loop's. */
    struct sl_list takers; /* struct sl_program_taker.link */
    struct sl_job_tick tick;

    _Atomic bool failure_told[2]; /* by enum sl_media_kind */
};

/* ---- On the loop ---- */

static void on_converted(void *owner, const struct sl_program_frame *frame)
{
    struct sl_program *program = owner;
    struct sl_program_taker *taker;

    sl_list_foreach(taker, &program->takers, struct sl_program_taker, link)
        taker->ops->on_frame(taker->owner, frame);
}

static void on_keyframe_wanted(void *owner)
{
    sl_feed_request_keyframe(((struct sl_program *)owner)->feed);
}

/* Threads: any. */
static void on_failed(void *owner, enum sl_media_kind kind, int err)
{
    struct sl_program *program = owner;

    if (atomic_exchange(&program->failure_told[kind], true))
        return;
    if (kind == SL_AUDIO)
        sl_log(SL_LOG_ERROR, &program->scope, "program: %s cannot be made, it is silent: %s",
               sl_codec_name(program->form.to[kind]), sl_coder_words(err));
    else
        sl_log(SL_LOG_ERROR, &program->scope,
               "program: %s cannot be made, pictures are missing: %s",
               sl_codec_name(program->form.to[kind]), sl_coder_words(err));
}

/* Silence first: takers look at the clock as well, and do not wait for sound any longer. */
static void end_batch(struct sl_program *program, int64_t now_us)
{
    struct sl_program_taker *taker;

    sl_converter_tick(program->converter, now_us);
    sl_list_foreach(taker, &program->takers, struct sl_program_taker, link)
        taker->ops->on_batch(taker->owner, now_us);
}

static void on_frame(void *owner, struct sl_frame *frame, int64_t arrival_us)
{
    sl_converter_input(((struct sl_program *)owner)->converter, frame, arrival_us);
}

static void on_batch(void *owner)
{
    end_batch(owner, sl_now_us());
}

static const struct sl_feed_ops feed_ops = {on_frame, on_batch};

static void on_tick(struct sl_job_tick *tick, int64_t now_us)
{
    end_batch(sl_container_of(tick, struct sl_program, tick), now_us);
}

static void on_start(struct sl_msg *msg)
{
    struct sl_program *program = sl_container_of(msg, struct sl_program, start_msg);

    sl_job_tick_start(program->loop, &program->tick, SL_JOB_FAST);
}

void sl_program_attach(struct sl_program *program, struct sl_program_taker *taker)
{
    sl_list_append(&program->takers, &taker->link);
}

void sl_program_detach(struct sl_program_taker *taker)
{
    sl_list_remove(&taker->link);
}

void sl_program_request_keyframe(struct sl_program *program)
{
    sl_converter_request_keyframe(program->converter);
}

void sl_program_begin_sound(struct sl_program *program)
{
    sl_converter_begin_sound(program->converter, sl_now_us());
}

uint64_t sl_program_dropped(const struct sl_program *program)
{
    return sl_feed_dropped(program->feed);
}

static void on_close(struct sl_msg *msg)
{
    struct sl_program *program = sl_container_of(msg, struct sl_program, close_msg);

    assert(sl_list_empty(&program->takers));
    sl_job_tick_stop(&program->tick);
    sl_loop_post(program->programs->config.control, &program->left_msg);
}

/* ---- The end [control] ---- */

static void on_stopped(struct sl_later *later)
{
    struct sl_programs *programs = sl_container_of(later, struct sl_programs, stopped);

    programs->on_stopped(programs->on_stopped_owner);
}

static void check_stopped(struct sl_programs *programs)
{
    if (programs->stopping && sl_list_empty(&programs->programs))
        sl_loop_later(programs->config.control, &programs->stopped);
}

static void on_converter_closed(void *owner)
{
    struct sl_program *program = owner;
    struct sl_programs *programs = program->programs;

    sl_converter_destroy(program->converter);
    sl_feed_destroy(program->feed);
    sl_timer_destroy(program->idle_timer);
    sl_job_loop_drop(program->loop, program->weight);
    sl_list_remove(&program->link);
    free(program->name);
    free(program);
    check_stopped(programs);
}

static void on_left(struct sl_msg *msg)
{
    sl_converter_close(sl_container_of(msg, struct sl_program, left_msg)->converter);
}

static void on_feed_closed(void *owner)
{
    struct sl_program *program = owner;

    sl_loop_post(sl_job_loop_loop(program->loop), &program->close_msg);
}

static void begin_close(struct sl_program *program)
{
    if (program->closing)
        return;
    program->closing = true;
    sl_timer_stop(program->idle_timer);
    sl_stream_unlisten(&program->listener);
    sl_feed_close(program->feed, on_feed_closed, program);
}

static void on_idle(void *owner)
{
    begin_close(owner);
}

static void on_codec(struct sl_stream_listener *listener, enum sl_media_kind kind)
{
    struct sl_program *program = sl_container_of(listener, struct sl_program, listener);

    sl_converter_turn(program->converter, kind, sl_stream_codec(program->stream, kind));
}

static void on_stream_end(struct sl_stream_listener *listener)
{
    struct sl_program *program = sl_container_of(listener, struct sl_program, listener);

    program->stream = NULL;
    if (program->refs == 0)
        begin_close(program);
}

/* ---- The beginning [control] ---- */

static size_t weight_of(const struct sl_program_form *form)
{
    size_t weight = SL_WEIGHT_SOCKET;

    if (form->from[SL_AUDIO] != SL_CODEC_NONE && form->to[SL_AUDIO] != SL_CODEC_OPUS)
        weight += SL_WEIGHT_CODED;
    if (form->from[SL_VIDEO] != form->to[SL_VIDEO])
        weight += SL_WEIGHT_CODED;
    return weight;
}

static const struct sl_converter_ops converter_ops = {
    .on_frame = on_converted,
    .on_keyframe_wanted = on_keyframe_wanted,
    .on_failed = on_failed,
    .on_closed = on_converter_closed,
};

static struct sl_converter *create_converter(struct sl_program *program)
{
    const struct sl_converter_config converter = {
        .form = program->form,
        .sound = &program->sound,
        .transcoder = program->programs->config.transcoder,
        .control = program->programs->config.control,
        .loop = sl_job_loop_loop(program->loop),
        .source = program->name,
        .ops = &converter_ops,
        .owner = program,
    };

    return sl_converter_create(&converter);
}

static struct sl_job_loop *choose_loop(struct sl_programs *programs, size_t weight,
                                       const struct sl_program *beside)
{
    if (!beside)
        return sl_job_pool_pick(programs->config.pool, weight);
    sl_job_loop_add(beside->loop, weight);
    return beside->loop;
}

static struct sl_program *create(struct sl_programs *programs, struct sl_stream *stream,
                                 const struct sl_program_form *form,
                                 const struct sl_program *beside)
{
    struct sl_program *program = sl_new(struct sl_program);
    struct sl_feed_config feed = {
        .stream = stream,
        .tracks = {form->from[SL_AUDIO] != SL_CODEC_NONE, form->from[SL_VIDEO] != SL_CODEC_NONE},
        .protocol = "program",
        .control = programs->config.control,
        .ops = &feed_ops,
        .owner = program,
    };

    program->programs = programs;
    program->form = *form;
    if (form->to[SL_AUDIO] != SL_CODEC_NONE) /* which it was chosen for */
        (void)sl_program_sound_init(form->to[SL_AUDIO], form->from[SL_AUDIO], &program->sound);
    program->name = sl_strdup(sl_stream_name(stream));
    sl_log_scope_init(&program->scope, NULL, "stream", program->name);
    program->weight = weight_of(form);
    program->loop = choose_loop(programs, program->weight, beside);
    program->stream = stream;
    program->idle_timer = sl_timer_create(programs->config.control, on_idle, program);
    program->start_msg.run = on_start;
    program->close_msg.run = on_close;
    program->left_msg.run = on_left;
    sl_list_init(&program->takers);
    program->tick.on_tick = on_tick;
    feed.job_loop = sl_job_loop_loop(program->loop);
    program->feed = sl_feed_create(&feed);
    program->converter = create_converter(program);
    program->listener.on_codec = on_codec;
    program->listener.on_end = on_stream_end;
    sl_stream_listen(stream, &program->listener);
    sl_list_append(&programs->programs, &program->link);
    sl_loop_post(feed.job_loop, &program->start_msg);
    sl_feed_start(program->feed);
    return program;
}

static struct sl_program *find(struct sl_programs *programs, const struct sl_stream *stream,
                               const struct sl_program_form *form, const struct sl_program *beside)
{
    struct sl_program *program;

    sl_list_foreach(program, &programs->programs, struct sl_program, link)
    {
        if (program->stream == stream && !program->closing &&
            (!beside || program->loop == beside->loop) &&
            memcmp(&program->form, form, sizeof(*form)) == 0)
            return program;
    }
    return NULL;
}

int sl_program_take(struct sl_programs *programs, struct sl_stream *stream,
                    const struct sl_program_want *want, struct sl_program **out)
{
    const enum sl_codec source[2] = {[SL_AUDIO] = sl_stream_codec(stream, SL_AUDIO),
                                     [SL_VIDEO] = sl_stream_codec(stream, SL_VIDEO)};
    struct sl_program_form form;

    SL_ASSERT_ON(programs->config.control);
    int err = sl_program_choose(source, want, &form);
    if (err < 0)
        return err;
    struct sl_program *program = find(programs, stream, &form, want->beside);
    if (!program)
        program = create(programs, stream, &form, want->beside);
    program->brief = want->brief;
    sl_timer_stop(program->idle_timer);
    program->refs++;
    *out = program;
    return 0;
}

void sl_program_release(struct sl_program *program)
{
    if (!program)
        return;
    SL_ASSERT_ON(program->programs->config.control);
    assert(program->refs > 0);
    if (--program->refs > 0)
        return;
    if (!program->stream || program->programs->stopping || program->brief)
        begin_close(program);
    else
        sl_timer_start(program->idle_timer, IDLE_MS, 0);
}

struct sl_job_loop *sl_program_loop(struct sl_program *program)
{
    return program->loop;
}

const struct sl_program_form *sl_program_form(const struct sl_program *program)
{
    return &program->form;
}

const struct sl_program_sound *sl_program_sound(const struct sl_program *program)
{
    return &program->sound;
}

struct sl_player *sl_program_play(struct sl_program *program, struct sl_job_loop *loop,
                                  struct sl_sound *sound, bool repeat, void (*on_gone)(void *owner),
                                  void *owner)
{
    char source[SL_STREAM_NAME_MAX + 16];
    const struct sl_player_config player = {
        .transcoder = program->programs->config.transcoder,
        .control = program->programs->config.control,
        .loop = sl_job_loop_loop(loop),
        .source = source,
        .scope = &program->scope,
        .form = &program->sound,
        .sound = sound,
        .repeat = repeat,
        .on_gone = on_gone,
        .owner = owner,
    };

    /* The stream is not to answer for the file. */
    (void)snprintf(source, sizeof(source), "%s (soundFile)", program->name);
    return sl_player_create(&player);
}

/* ---- All of them [control] ---- */

struct sl_programs *sl_programs_create(const struct sl_programs_config *config)
{
    struct sl_programs *programs = sl_new(struct sl_programs);

    SL_ASSERT_ON(config->control);
    programs->config = *config;
    programs->stopped.run = on_stopped;
    sl_list_init(&programs->programs);
    programs->sounds = sl_lane_create(config->control, "soundFile", SOUND_TIMEOUT_MS);
    return programs;
}

struct sl_lane *sl_programs_sounds(const struct sl_programs *programs)
{
    SL_ASSERT_ON(programs->config.control);
    return programs->sounds;
}

void sl_programs_stop(struct sl_programs *programs, void (*on_all_stopped)(void *owner),
                      void *owner)
{
    struct sl_program *program;

    SL_ASSERT_ON(programs->config.control);
    programs->stopping = true;
    programs->on_stopped = on_all_stopped;
    programs->on_stopped_owner = owner;
    sl_list_foreach(program, &programs->programs, struct sl_program, link)
    {
        assert(program->refs == 0);
        begin_close(program);
    }
    check_stopped(programs);
}

void sl_programs_destroy(struct sl_programs *programs)
{
    if (!programs)
        return;
    SL_ASSERT_ON(programs->config.control);
    sl_later_cancel(&programs->stopped);
    sl_lane_destroy(programs->sounds);
    free(programs);
}
