/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Recordings of a stream of pictures whose source changes its mind. */
#include "../engine_loopback.h"
#include "../stream/frames.h"
#include "access/access.h"
#include "base/config.h"
#include "base/error.h"
#include "jobs/jobs.h"
#include "program/program.h"
#include "record/record.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { NAMES_MAX = 8, PICTURE_US = 40000 };

struct studio {
    struct fixture *core;
    char dir[64];
    struct sl_config *config;
    struct sl_job_pool *jobs;
    struct sl_programs *programs;
    struct sl_recordings *recordings;
    struct sl_track *track;
    int64_t dts_us;
    size_t started, whole, failed;
    char names[NAMES_MAX][64]; /* of those that are whole */
    size_t wanted;
    bool stopped;
};

static void on_event(void *arg, const char *id, enum sl_recording_event event, const char *name,
                     const char *info)
{
    struct studio *studio = arg;

    (void)id;
    (void)info;
    studio->started += event == SL_RECORDING_STARTED;
    studio->failed += event == SL_RECORDING_FAILED;
    if (event != SL_RECORDING_STOPPED)
        return;
    assert_true(studio->whole < NAMES_MAX);
    (void)snprintf(studio->names[studio->whole++], sizeof(studio->names[0]), "%s", name);
}

static void set_option(struct studio *studio, const char *assignment)
{
    struct sl_error error;

    if (sl_config_set(studio->config, assignment, &error) < 0)
        fail_msg("%s", error.text);
}

static int set_up_studio(void **state)
{
    struct studio *studio = sl_new(struct studio);
    char option[128];
    void *core;

    (void)set_up(&core);
    studio->core = core;
    struct core *loops = &studio->core->core;
    loopback.control = loops->control;
    (void)snprintf(studio->dir, sizeof(studio->dir), "/tmp/sluice-recordings-XXXXXX");
    assert_non_null(mkdtemp(studio->dir));
    studio->config = sl_config_create();
    (void)snprintf(option, sizeof(option), "record_dir=%s", studio->dir);
    set_option(studio, option);
    set_option(studio, "record_free_min_mb=0");
    set_option(studio, "stream_record_policy_template={streamName}");
    studio->jobs = sl_job_pool_create(loops->control, 1);
    assert_int_equal(sl_job_pool_start(studio->jobs), 0);
    studio->programs = sl_programs_create(
        &(struct sl_programs_config){.pool = studio->jobs, .control = loops->control});
    studio->recordings = sl_recordings_create(&(struct sl_recordings_config){
        .config = studio->config,
        .loop = loops->control,
        .streams = loops->streams,
        .programs = studio->programs,
        .counters = sl_worker_counters(worker_at(studio->core, 0)),
        .on_event = on_event,
        .arg = studio,
    });
    studio->track = publish(studio->core, true, SL_CODEC_VP8, SL_CODEC_H264);
    sl_stream_set_live(studio->core->stream);
    studio->dts_us = sl_now_us();
    *state = studio;
    return 0;
}

static void on_stopped(void *owner)
{
    ((struct studio *)owner)->stopped = true;
}

static bool is_stopped(void *arg)
{
    return ((struct studio *)arg)->stopped;
}

static int tear_down_studio(void **state)
{
    struct studio *studio = *state;
    struct core *loops = &studio->core->core;
    void *core = studio->core;
    char command[128];

    sl_recordings_stop(studio->recordings, on_stopped, studio);
    core_wait(loops, is_stopped, studio);
    studio->stopped = false;
    sl_programs_stop(studio->programs, on_stopped, studio);
    core_wait(loops, is_stopped, studio);
    sl_recordings_destroy(studio->recordings);
    sl_programs_destroy(studio->programs);
    sl_stream_release(studio->core->stream);
    studio->core->stream = NULL;
    core_wait(loops, core_is_drained, loops);
    sl_job_pool_destroy(studio->jobs);
    sl_config_destroy(studio->config);
    (void)snprintf(command, sizeof(command), "rm -rf %s", studio->dir);
    assert_int_equal(system(command), 0); /* NOLINT: a directory of our own */
    free(studio);
    return tear_down(&core);
}

static void show(struct studio *studio, enum sl_codec codec)
{
    static const char vp8[] = VP8_KEY;
    static const char h264[] = SETS IDR;

    studio->dts_us += PICTURE_US;
    (void)feed(studio->core, studio->track, codec, codec == SL_CODEC_VP8 ? vp8 : h264,
               codec == SL_CODEC_VP8 ? sizeof(vp8) - 1 : sizeof(h264) - 1, true, studio->dts_us,
               studio->dts_us);
}

static bool has_started(void *arg)
{
    return ((struct studio *)arg)->started >= ((struct studio *)arg)->wanted;
}

static bool has_whole(void *arg)
{
    return ((struct studio *)arg)->whole >= ((struct studio *)arg)->wanted;
}

static bool is_time(void *arg)
{
    return sl_now_us() >= ((struct studio *)arg)->dts_us;
}

/* Pictures, each in its time, until so many files have begun. */
static void show_until(struct studio *studio, enum sl_codec codec, size_t files)
{
    int64_t deadline_us = sl_now_us() + CORE_DEADLINE_US;

    studio->wanted = files;
    while (!has_started(studio) && sl_now_us() < deadline_us) {
        show(studio, codec);
        core_wait(&studio->core->core, is_time, studio);
    }
    assert_true(has_started(studio));
    show(studio, codec);
}

static void begin(struct studio *studio)
{
    struct sl_error error;

    if (sl_recordings_start(studio->recordings, studio->core->stream,
                            &(struct sl_recording_order){.session_id = "s", .login = "l"},
                            &error) < 0)
        fail_msg("%s", error.text);
}

static off_t size_of(const struct studio *studio, const char *name)
{
    char path[256];
    struct stat stat_buffer;

    (void)snprintf(path, sizeof(path), "%s/%s", studio->dir, name);
    return stat(path, &stat_buffer) == 0 ? stat_buffer.st_size : -1;
}

/* media-outputs.md 3.2: another codec is a new part, in the container that is its own. */
static void a_source_that_goes_on_in_another_codec_goes_on_in_another_file(void **state)
{
    struct studio *studio = *state;

    begin(studio);
    show_until(studio, SL_CODEC_VP8, 1);
    show_until(studio, SL_CODEC_H264, 2);
    show_until(studio, SL_CODEC_VP8, 3);
    assert_int_equal(sl_recordings_end(studio->recordings, studio->core->stream), 0);
    studio->wanted = 3;
    core_wait(&studio->core->core, has_whole, studio);
    assert_string_equal(studio->names[0], "cam_1.webm");
    assert_string_equal(studio->names[1], "cam_2.mp4");
    assert_string_equal(studio->names[2], "cam.webm");
    for (size_t i = 0; i < 3; i++)
        assert_true(size_of(studio, studio->names[i]) > 200);
    assert_int_equal(studio->failed, 0);
}

/* From the first picture on: what was expected is not what is recorded. */
static void what_comes_is_recorded_and_not_what_was_negotiated(void **state)
{
    struct studio *studio = *state;

    begin(studio);
    show_until(studio, SL_CODEC_H264, 1);
    assert_int_equal(sl_recordings_end(studio->recordings, studio->core->stream), 0);
    studio->wanted = 1;
    core_wait(&studio->core->core, has_whole, studio);
    assert_string_equal(studio->names[0], "cam.mp4");
    assert_int_equal(studio->whole, 1);
    assert_int_equal(studio->failed, 0);
}

/* media-outputs.md 3.3 */
static void streams_of_a_room_are_not_cut(void **state)
{
    struct studio *studio = *state;
    const struct sl_archive *archive = sl_recordings_archive(studio->recordings);

    set_option(studio, "record_rotation=1");
    for (int of_room = 0; of_room < 2; of_room++) {
        size_t before = studio->started;
        archive->begin(archive->arg, studio->core->stream,
                       &(struct sl_archive_request){.asked = true, .of_room = of_room});
        show_until(studio, SL_CODEC_VP8, before + 1);
        for (int i = 0; i < 40; i++) { /* 1.6 s */
            show(studio, SL_CODEC_VP8);
            core_wait(&studio->core->core, is_time, studio);
        }
        assert_int_equal(sl_recordings_end(studio->recordings, studio->core->stream), 0);
        studio->wanted = studio->started;
        core_wait(&studio->core->core, has_whole, studio);
        assert_int_equal(studio->started - before, of_room ? 1 : 2);
    }
    assert_int_equal(studio->failed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_source_that_goes_on_in_another_codec_goes_on_in_another_file, set_up_studio,
            tear_down_studio),
        cmocka_unit_test_setup_teardown(what_comes_is_recorded_and_not_what_was_negotiated,
                                        set_up_studio, tear_down_studio),
        cmocka_unit_test_setup_teardown(streams_of_a_room_are_not_cut, set_up_studio,
                                        tear_down_studio),
    };

    return cmocka_run_group_tests_name("recordings", tests, NULL, NULL);
}
