/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A file made of a stream's frames by a sink that knows nothing but the core: FFmpeg reads it. */
#include "../job.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "demo/demo.h"
#include "net/net.h"
#include "recorder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { DEADLINE_US = 20 * SL_US_PER_S, PICTURES = 25, SOUNDS = 50 };

struct fixture {
    struct sl_loop *control;
    struct sl_metrics *metrics;
    struct sl_workers *workers;
    struct sl_streams *streams;
    struct sl_demo *demo;
    uv_timer_t poll;
    bool stopped;
};

static void on_poll(uv_timer_t *timer)
{
    (void)timer; /* turns the control loop */
}

static int set_up(void **state)
{
    struct fixture *f = sl_new(struct fixture);

    f->control = sl_loop_create("control");
    f->metrics = sl_metrics_create();
    struct sl_workers_config config = {
        .count = 2,
        .packets_max = 1024,
        .ring_packets = 64,
        .keyframe_interval_us = 100 * SL_US_PER_MS,
        .metrics = f->metrics,
    };
    f->workers = sl_workers_create(&config, f->control);
    f->streams = sl_streams_create(f->workers, f->control);
    (void)uv_timer_init(sl_loop_uv(f->control), &f->poll);
    (void)uv_timer_start(&f->poll, on_poll, 5, 5);
    assert_int_equal(sl_workers_start(f->workers), 0);
    const struct sl_demo_config demo = {
        .streams = f->streams,
        .workers = f->workers,
        .loop = f->control,
        .name = "demo",
        .width = 320,
        .height = 180,
        .fps = 25,
    };
    assert_int_equal(sl_demo_create(&demo, &f->demo, NULL), 0);
    *state = f;
    return 0;
}

static void wait_until(struct fixture *f, bool (*condition)(void *arg), void *arg)
{
    int64_t deadline_us = sl_now_us() + DEADLINE_US;

    while (!condition(arg)) {
        if (sl_now_us() > deadline_us)
            fail_msg("waited %d s in vain", (int)(DEADLINE_US / SL_US_PER_S));
        (void)uv_run(sl_loop_uv(f->control), UV_RUN_ONCE);
    }
}

static void on_stopped(void *owner)
{
    ((struct fixture *)owner)->stopped = true;
}

static bool is_down(void *arg)
{
    struct fixture *f = arg;

    return f->stopped && sl_streams_drained(f->streams);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    sl_demo_stop(f->demo, on_stopped, f);
    wait_until(f, is_down, f);
    sl_demo_destroy(f->demo);
    sl_workers_stop(f->workers);
    uv_close((uv_handle_t *)&f->poll, NULL);
    sl_workers_destroy(f->workers);
    sl_streams_destroy(f->streams);
    sl_loop_destroy(f->control);
    sl_metrics_destroy(f->metrics);
    free(f);
    return 0;
}

static void do_start(void *arg)
{
    struct recorder *recorder = arg;

    for (size_t i = 0; i < 2; i++)
        sl_sink_start(recorder->sinks[i]);
}

static void do_stop(void *arg)
{
    struct recorder *recorder = arg;

    for (size_t i = 0; i < 2; i++)
        sl_sink_stop(recorder->sinks[i]);
}

static void on_worker(struct fixture *f, struct sl_worker *worker, void (*fn)(void *arg), void *arg)
{
    struct job job;

    job_post(&job, sl_worker_loop(worker), fn, arg);
    wait_until(f, job_is_done, &job);
}

static bool has_enough(void *arg)
{
    struct recorder *recorder = arg;

    return atomic_load(&recorder->counts[SL_VIDEO]) >= PICTURES &&
           atomic_load(&recorder->counts[SL_AUDIO]) >= SOUNDS;
}

/* What ffprobe says of the file, complaints included. */
static void probe(const char *path, char *out, size_t size)
{
    char command[256];

    (void)snprintf(command, sizeof(command),
                   "ffprobe -v warning -count_frames -of csv=p=0 -show_entries "
                   "stream=codec_name,width,height,sample_rate,channels,nb_read_frames %s 2>&1",
                   path);
    FILE *pipe = popen(command, "r"); /* NOLINT(cert-env33-c): the words are ours */
    assert_non_null(pipe);
    size_t len = fread(out, 1, size - 1, pipe);
    out[len] = '\0';
    assert_int_equal(pclose(pipe), 0);
}

static void ffprobe_reads_what_a_frame_sink_has_written(void **state)
{
    struct fixture *f = *state;
    char path[] = "/tmp/sluice-record-XXXXXX", said[1024], expected[128];
    int fd = mkstemp(path);
    FILE *file = fdopen(fd, "wb");

    assert_non_null(file);
    for (size_t at = 0; at < 2; at++) { /* on the stream's worker, and on the other one */
        struct recorder *recorder = sl_new(struct recorder);
        struct sl_stream *stream = sl_streams_find(f->streams, "demo");
        struct sl_worker *worker = sl_workers_at(f->workers, at);
        for (size_t i = 0; i < 2; i++)
            recorder->sinks[i] = sl_sink_create(sl_stream_track(stream, (enum sl_media_kind)i),
                                                worker, &recorder_ops, recorder);
        on_worker(f, worker, do_start, recorder);
        wait_until(f, has_enough, recorder);
        on_worker(f, worker, do_stop, recorder);
        (void)snprintf(expected, sizeof(expected), "h264,320,180,%zu\nopus,48000,2,%zu\n",
                       atomic_load(&recorder->counts[SL_VIDEO]),
                       atomic_load(&recorder->counts[SL_AUDIO]));
        rewind(file);
        assert_int_equal(ftruncate(fd, 0), 0);
        assert_int_equal(recorder_write(recorder, file), 0);
        probe(path, said, sizeof(said));
        assert_string_equal(said, expected);
        assert_int_equal(atomic_load(&recorder->ended), 0);
        for (size_t i = 0; i < 2; i++)
            sl_sink_destroy(recorder->sinks[i]);
        free(recorder);
    }
    (void)fclose(file);
    (void)unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ffprobe_reads_what_a_frame_sink_has_written, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests_name("demo record", tests, NULL, NULL);
}
