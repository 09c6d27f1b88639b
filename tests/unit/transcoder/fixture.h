/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A transcoder with the control loop in the test's hands, a second loop on a thread of its own, and
 * jobs that count what they are told. */
#ifndef SL_TESTS_TRANSCODER_FIXTURE_H
#define SL_TESTS_TRANSCODER_FIXTURE_H

#include "../job.h"

#include "base/clock.h"
#include "base/metrics.h"
#include "transcoder/transcoder.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { DEADLINE_S = 30 };

struct fixture {
    struct sl_loop *control, *worker;
    pthread_t thread;
    struct sl_metrics *metrics;
    struct sl_transcoder *transcoder;
    int program_fd;
    bool stopped;
    uv_timer_t poll; /* lets wait_for() look at its condition now and then */
};

/* ---- Loops ---- */

static inline void on_poll_timer(uv_timer_t *timer)
{
    (void)timer;
}

static inline void wait_for(struct fixture *f, bool (*condition)(void *arg), void *arg)
{
    int64_t deadline_us = sl_now_us() + (int64_t)DEADLINE_S * SL_US_PER_S;

    while (!condition(arg)) {
        if (sl_now_us() > deadline_us)
            fail_msg("waited %d s in vain", DEADLINE_S);
        (void)uv_run(sl_loop_uv(f->control), UV_RUN_ONCE);
    }
}

struct moment {
    int64_t until_us;
};

static inline bool has_passed(void *arg)
{
    return sl_now_us() >= ((struct moment *)arg)->until_us;
}

static inline void turn_for(struct fixture *f, int64_t ms)
{
    struct moment moment = {sl_now_us() + ms * SL_US_PER_MS};

    wait_for(f, has_passed, &moment);
}

static inline void *run_worker(void *arg)
{
    sl_loop_run(arg);
    return NULL;
}

static inline void fixture_start(struct fixture *f, const char *program, size_t picture_processes)
{
    *f = (struct fixture){.control = sl_loop_create("control"), .worker = sl_loop_create("worker")};
    f->metrics = sl_metrics_create();
    (void)uv_timer_init(sl_loop_uv(f->control), &f->poll);
    (void)uv_timer_start(&f->poll, on_poll_timer, 1, 1);
    assert_int_equal(pthread_create(&f->thread, NULL, run_worker, f->worker), 0);
    f->program_fd = program ? open(program, O_RDONLY | O_CLOEXEC) : -1;
    assert_true(!program || f->program_fd >= 0);
    const struct sl_transcoder_config config = {
        .control = f->control,
        .program_fd = f->program_fd,
        .picture_processes = picture_processes,
        .counters = sl_metrics_register(f->metrics),
    };
    f->transcoder = sl_transcoder_create(&config);
}

static inline void on_stopped(void *owner)
{
    ((struct fixture *)owner)->stopped = true;
}

static inline bool is_stopped(void *arg)
{
    return ((struct fixture *)arg)->stopped;
}

static inline void fixture_stop(struct fixture *f)
{
    sl_transcoder_stop(f->transcoder, on_stopped, f);
    assert_false(f->stopped);
    wait_for(f, is_stopped, f);
    sl_transcoder_destroy(f->transcoder);
    sl_loop_stop(f->worker);
    assert_int_equal(pthread_join(f->thread, NULL), 0);
    uv_close((uv_handle_t *)&f->poll, NULL);
    sl_loop_destroy(f->worker);
    sl_loop_destroy(f->control);
    sl_metrics_destroy(f->metrics);
    if (f->program_fd >= 0)
        (void)close(f->program_fd);
}

/* ---- Jobs ---- */

struct probe {
    struct fixture *fixture;
    struct sl_codec_job *job;
    enum sl_engine_kind kind;
    struct sl_loop *loop;
    _Atomic int ups, downs, reports, key_frames, pid, failed, sent, refused;
    _Atomic bool again, crowded, closed, up;
    _Atomic size_t last_len;
    _Atomic int64_t up_us;
    const char *input_source; /* of input 3; NULL: there is none */
    bool has_one_input;       /* that one */
    int held;                 /* how often it heard that a source is refused */
};

static inline void on_up(void *owner, bool again, bool crowded)
{
    struct probe *probe = owner;
    struct sl_engine_message open = {
        .type = SL_ENGINE_OPEN,
        .kind = probe->kind,
        .form.pictures = {.width = 320, .height = 240, .fps_max = 25}, /* of a demo */
    };

    assert_true(sl_loop_is_current(probe->loop) && !probe->up && !probe->closed);
    probe->up = true;
    probe->again = again;
    probe->crowded = crowded;
    probe->up_us = sl_now_us();
    assert_true(sl_codec_job_send(probe->job, &open));
    probe->ups++;
}

static inline void on_down(void *owner)
{
    struct probe *probe = owner;
    struct sl_engine_message input = {.type = SL_ENGINE_INPUT};

    assert_true(sl_loop_is_current(probe->loop) && probe->up && !probe->closed);
    probe->up = false;
    assert_false(sl_codec_job_send(probe->job, &input));
    probe->downs++;
}

static inline void on_report(void *owner, const struct sl_engine_message *report)
{
    struct probe *probe = owner;
    char text[16] = "";

    assert_true(sl_loop_is_current(probe->loop) && probe->up && !probe->closed);
    if (report->type == SL_ENGINE_NEED_KEYFRAME) {
        probe->key_frames++;
        return;
    }
    if (report->len > 0 && report->len < sizeof(text)) {
        memcpy(text, report->data, report->len);
        probe->pid = (int)strtol(text, NULL, 10);
    }
    probe->last_len = report->len;
    probe->reports++;
}

static inline void on_failed(void *owner, int err)
{
    struct probe *probe = owner;

    assert_true(sl_loop_is_current(probe->fixture->control) && !probe->failed && !probe->closed);
    assert_false(probe->up);
    probe->failed = err;
}

static inline void on_closed(void *owner)
{
    struct probe *probe = owner;

    assert_true(sl_loop_is_current(probe->fixture->control));
    probe->closed = true;
}

static inline const char *source_of(void *owner, uint32_t input)
{
    const struct probe *probe = owner;

    return input == 3 || (input == 0 && probe->has_one_input) ? probe->input_source : NULL;
}

static inline void on_held(void *owner)
{
    ((struct probe *)owner)->held++;
}

static inline void probe_open(struct probe *probe, struct fixture *f, struct sl_loop *loop,
                              enum sl_engine_kind kind, const char *source)
{
    static const struct sl_codec_job_ops ops = {
        .on_up = on_up,
        .on_down = on_down,
        .on_report = on_report,
        .on_failed = on_failed,
        .source_of = source_of,
        .on_held = on_held,
        .on_closed = on_closed,
    };
    const struct sl_codec_job_config config = {
        .transcoder = f->transcoder,
        .kind = kind,
        .loop = loop,
        .source = source,
        .ops = &ops,
        .owner = probe,
    };

    *probe = (struct probe){.fixture = f, .kind = kind, .loop = loop};
    probe->job = sl_codec_job_create(&config);
}

static inline bool probe_is_up(void *arg)
{
    return ((struct probe *)arg)->up;
}

static inline bool probe_has_failed(void *arg)
{
    return ((struct probe *)arg)->failed != 0;
}

static inline bool probe_is_closed(void *arg)
{
    return ((struct probe *)arg)->closed;
}

static inline void probe_close(struct probe *probe)
{
    sl_codec_job_close(probe->job);
    assert_false(probe->closed);
    wait_for(probe->fixture, probe_is_closed, probe);
}

/* ---- What a probe says, on its loop ---- */

struct order {
    struct probe *probe;
    struct sl_engine_message message;
    int times;
};

static inline void send_order(void *arg)
{
    struct order *order = arg;

    for (int i = 0; i < order->times; i++) {
        if (sl_codec_job_send(order->probe->job, &order->message))
            order->probe->sent++;
        else
            order->probe->refused++;
    }
}

static inline void probe_send(struct probe *probe, struct sl_engine_message message, int times)
{
    struct order order = {probe, message, times};
    struct job job;

    job_post(&job, probe->loop, send_order, &order);
    wait_for(probe->fixture, job_is_done, &job);
}

static inline void probe_say_for(struct probe *probe, uint32_t input_id, const char *word)
{
    const struct sl_engine_message input = {.type = SL_ENGINE_INPUT,
                                            .input = input_id,
                                            .codec = SL_CODEC_H264,
                                            .data = (const uint8_t *)word,
                                            .len = strlen(word)};

    probe_send(probe, input, 1);
}

static inline void probe_say(struct probe *probe, const char *word)
{
    probe_say_for(probe, 0, word);
}

struct expected {
    _Atomic int *value;
    int at_least;
};

static inline bool has_come(void *arg)
{
    const struct expected *expected = arg;

    return *expected->value >= expected->at_least;
}

static inline void wait_count(struct fixture *f, _Atomic int *value, int at_least)
{
    struct expected expected = {value, at_least};

    wait_for(f, has_come, &expected);
}

/* The process that the probe's job is in, as it says itself. */
static inline int probe_pid(struct probe *probe)
{
    int before = probe->reports;

    probe_say(probe, "pid");
    wait_count(probe->fixture, &probe->reports, before + 1);
    return probe->pid;
}

/* ---- Processes ---- */

static inline struct sl_transcoder_stats stats_of(struct fixture *f)
{
    struct sl_transcoder_stats stats;

    sl_transcoder_stats(f->transcoder, &stats);
    return stats;
}

struct ready {
    struct fixture *fixture;
    size_t count;
};

static inline bool are_spare(void *arg)
{
    const struct ready *ready = arg;
    struct sl_transcoder_stats stats = stats_of(ready->fixture);
    size_t count = 0;

    for (size_t i = 0; i < stats.process_count; i++)
        count += stats.processes[i].spare;
    return count >= ready->count;
}

/* Until so many processes are ready and without a job, sound included. */
static inline void wait_spare(struct fixture *f, size_t count)
{
    struct ready ready = {f, count};

    wait_for(f, are_spare, &ready);
}

#endif
