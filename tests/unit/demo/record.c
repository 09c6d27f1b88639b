/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A file made of a stream's frames by a sink that knows nothing but the core: FFmpeg reads it. */
#include "../core.h"
#include "../engine_loopback.h"
#include "demo/demo.h"
#include "recorder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { PICTURES = 25, SOUNDS = 50 };

struct fixture {
    struct core core;
    struct sl_demo *demo;
    bool stopped;
};

static int set_up(void **state)
{
    struct fixture *f = sl_new(struct fixture);

    core_start(&f->core, (struct sl_workers_config){
                             .count = 2,
                             .packets_max = 1024,
                             .ring_packets = 64,
                             .keyframe_interval_us = 100 * SL_US_PER_MS,
                         });
    const struct sl_demo_config demo = {
        .streams = f->core.streams,
        .workers = f->core.workers,
        .loop = f->core.control,
        .name = "demo",
        .width = 320,
        .height = 180,
        .fps = 25,
    };
    loopback.control = f->core.control;
    assert_int_equal(sl_demo_create(&demo, &f->demo, NULL), 0);
    *state = f;
    return 0;
}

static void on_stopped(void *owner)
{
    ((struct fixture *)owner)->stopped = true;
}

static bool has_stopped(void *arg)
{
    return ((struct fixture *)arg)->stopped;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    sl_demo_stop(f->demo, on_stopped, f);
    core_wait(&f->core, has_stopped, f);
    sl_demo_destroy(f->demo);
    core_stop(&f->core);
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
        struct sl_stream *stream = sl_streams_find(f->core.streams, "demo");
        struct sl_worker *worker = sl_workers_at(f->core.workers, at);
        for (size_t i = 0; i < 2; i++)
            recorder->sinks[i] = sl_sink_create(sl_stream_track(stream, (enum sl_media_kind)i),
                                                worker, &recorder_ops, recorder);
        core_on_worker(&f->core, worker, do_start, recorder);
        core_wait(&f->core, has_enough, recorder);
        core_on_worker(&f->core, worker, do_stop, recorder);
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
