/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Jobs and their processes: up, down, up again, gone. The processes are fakes (fake.c), and for the
 * first test the program itself. */
#include "fixture.h"

#include <dirent.h>
#include <errno.h>

static const char *program, *fake;

static void signal_jobs(struct fixture *f, int number)
{
    struct sl_transcoder_stats stats = stats_of(f);

    for (size_t i = 0; i < stats.process_count; i++) {
        if (stats.processes[i].jobs > 0)
            assert_int_equal(kill(stats.processes[i].pid, number), 0);
    }
}

static void the_program_itself_draws_and_draws_again_when_it_was_killed(void **state)
{
    (void)state;
    const struct sl_engine_message draw = {.type = SL_ENGINE_DRAW, .pts_us = 40000};
    struct fixture f;
    struct probe probe;

    fixture_start(&f, program, 1);
    wait_spare(&f, 2);
    struct sl_transcoder_stats stats = stats_of(&f);
    assert_int_equal(stats.process_count, 2);
    assert_true(stats.processes[0].memory_bytes > 0 && stats.processes[1].memory_bytes > 0);
    probe_open(&probe, &f, f.worker, SL_ENGINE_DEMO, "demo");
    assert_int_equal(probe.ups, 0);
    for (int round = 1; round <= 3; round++) {
        wait_count(&f, &probe.ups, round);
        probe_send(&probe, draw, 1);
        wait_count(&f, &probe.reports, round);
        wait_spare(&f, 2);
        signal_jobs(&f, round == 1 ? SIGKILL : SIGSEGV);
        wait_count(&f, &probe.downs, round);
    }
    probe_close(&probe);
    fixture_stop(&f);
}

static void who_breaks_the_program_twice_is_refused(void **state)
{
    (void)state;
    struct fixture f;
    struct probe probe;

    fixture_start(&f, program, 1);
    probe_open(&probe, &f, f.worker, SL_ENGINE_PICTURES, "cam");
    for (int round = 1; round <= 2; round++) {
        wait_count(&f, &probe.ups, round);
        wait_spare(&f, 2);
        signal_jobs(&f, SIGSEGV); /* as a decoder's mistake would */
        wait_count(&f, &probe.downs, round);
    }
    wait_for(&f, probe_has_failed, &probe);
    assert_int_equal(probe.failed, -EPERM);
    probe_close(&probe);
    fixture_stop(&f);
}

static void orders_go_there_and_reports_come_back_on_any_loop(void **state)
{
    (void)state;
    struct fixture f;
    struct probe probes[3];
    const struct sl_engine_message snapshot = {.type = SL_ENGINE_SNAPSHOT,
                                               .len_max = SL_ENGINE_DATA_MAX};

    fixture_start(&f, fake, 1);
    probe_open(&probes[0], &f, f.worker, SL_ENGINE_PICTURES, "cam");
    probe_open(&probes[1], &f, f.control, SL_ENGINE_DEMO, "demo");
    probe_open(&probes[2], &f, f.worker, SL_ENGINE_SOUND, "cam");
    for (int i = 0; i < 3; i++) {
        wait_for(&f, probe_is_up, &probes[i]);
        assert_false(probes[i].again || probes[i].crowded);
        probe_say(&probes[i], "hello");
        wait_count(&f, &probes[i].reports, 1);
        assert_int_equal(probes[i].last_len, 5);
        probe_send(&probes[i], snapshot, 1);
        wait_count(&f, &probes[i].reports, 2);
        assert_int_equal(probes[i].last_len, SL_ENGINE_DATA_MAX);
        probe_say(&probes[i], "hello");
        wait_count(&f, &probes[i].reports, 3);
    }
    assert_int_not_equal(probe_pid(&probes[0]), probe_pid(&probes[2]));
    for (int i = 0; i < 3; i++)
        probe_close(&probes[i]);
    fixture_stop(&f);
}

static void who_is_killed_from_outside_moves_and_nobody_else_notices(void **state)
{
    (void)state;
    struct fixture f;
    struct probe one, other;

    fixture_start(&f, fake, 2);
    wait_spare(&f, 2);
    probe_open(&one, &f, f.worker, SL_ENGINE_PICTURES, "one");
    wait_for(&f, probe_is_up, &one);
    wait_spare(&f, 2);
    probe_open(&other, &f, f.control, SL_ENGINE_PICTURES, "other");
    wait_for(&f, probe_is_up, &other);
    wait_spare(&f, 2);
    int pid = probe_pid(&one), other_pid = probe_pid(&other);
    assert_int_not_equal(pid, other_pid);
    for (int round = 1; round <= 4; round++) { /* it is nobody's fault, however often */
        int64_t killed_us = sl_now_us();
        assert_int_equal(kill(pid, SIGKILL), 0);
        wait_count(&f, &one.ups, round + 1);
        assert_true(one.up_us - killed_us < (int64_t)500 * SL_US_PER_MS);
        assert_true(one.again && !one.crowded);
        assert_int_equal(one.downs, round);
        int next_pid = probe_pid(&one);
        assert_int_not_equal(next_pid, pid);
        pid = next_pid;
        wait_spare(&f, 2);
    }
    assert_int_equal(other.ups, 1);
    assert_int_equal(other.downs, 0);
    assert_int_equal(probe_pid(&other), other_pid);
    assert_int_equal(stats_of(&f).restarts, 4);
    assert_int_equal(sl_transcoder_admit(f.transcoder, "one"), 0);
    probe_close(&one);
    probe_close(&other);
    fixture_stop(&f);
}

static void many_jobs_of_one_process_move_one_after_the_other(void **state)
{
    (void)state;
    enum { COUNT = 5 };
    struct fixture f;
    struct probe probes[COUNT];

    fixture_start(&f, fake, 1);
    for (int i = 0; i < COUNT; i++) {
        probe_open(&probes[i], &f, i % 2 ? f.worker : f.control, SL_ENGINE_PICTURES, "cam");
        wait_for(&f, probe_is_up, &probes[i]);
    }
    int pid = probe_pid(&probes[0]);
    for (int i = 1; i < COUNT; i++)
        assert_int_equal(probe_pid(&probes[i]), pid);
    wait_spare(&f, 2);
    assert_int_equal(kill(pid, SIGKILL), 0);
    for (int i = 0; i < COUNT; i++) {
        wait_count(&f, &probes[i].ups, 2);
        assert_true(probes[i].again && probes[i].crowded);
        assert_int_equal(probes[i].downs, 1);
    }
    /* 20 ms apart; the first one may have been told late */
    assert_true(probes[COUNT - 1].up_us - probes[0].up_us >=
                (int64_t)10 * (COUNT - 1) * SL_US_PER_MS);
    for (int i = 0; i < COUNT; i++)
        probe_close(&probes[i]);
    fixture_stop(&f);
}

static void who_is_stopped_moves(void **state)
{
    (void)state;
    struct fixture f;
    struct probe probe;

    fixture_start(&f, fake, 1);
    probe_open(&probe, &f, f.worker, SL_ENGINE_PICTURES, "cam");
    wait_for(&f, probe_is_up, &probe);
    wait_spare(&f, 2);
    int64_t stopped_us = sl_now_us();
    assert_int_equal(kill(probe_pid(&probe), SIGSTOP), 0);
    wait_count(&f, &probe.ups, 2);
    assert_true(probe.up_us - stopped_us < (int64_t)3500 * SL_US_PER_MS);
    assert_int_equal(sl_transcoder_admit(f.transcoder, "cam"), 0);
    probe_close(&probe);
    fixture_stop(&f);
}

/* ---- Closing at any moment ---- */

static void a_job_may_be_closed_at_any_moment(void **state)
{
    (void)state;
    struct fixture f;
    struct probe probes[4];

    fixture_start(&f, fake, 1);
    probe_open(&probes[0], &f, f.worker, SL_ENGINE_PICTURES, "cam");
    probe_close(&probes[0]); /* no process was ready yet */
    assert_int_equal(probes[0].ups, 0);
    wait_spare(&f, 2);
    for (int i = 0; i < 4; i++)
        probe_open(&probes[i], &f, i % 2 ? f.worker : f.control, SL_ENGINE_PICTURES, "cam");
    probe_close(&probes[0]); /* before it was looked at */
    wait_for(&f, probe_is_up, &probes[1]);
    wait_for(&f, probe_is_up, &probes[2]);
    wait_for(&f, probe_is_up, &probes[3]);
    assert_int_equal(kill(probe_pid(&probes[1]), SIGKILL), 0);
    sl_codec_job_close(probes[1].job); /* its death is not yet known */
    wait_count(&f, &probes[2].downs, 1);
    sl_codec_job_close(probes[2].job); /* it moves */
    wait_for(&f, probe_is_closed, &probes[1]);
    wait_for(&f, probe_is_closed, &probes[2]);
    sl_codec_job_close(probes[3].job); /* while all stops */
    fixture_stop(&f);
    assert_true(probes[3].closed);
}

static int count_descriptors(void)
{
    DIR *directory = opendir("/proc/self/fd");
    int count = 0;

    assert_non_null(directory);
    while (readdir(directory)) /* NOLINT(concurrency-mt-unsafe): the directory is ours */
        count++;
    assert_int_equal(closedir(directory), 0);
    return count;
}

static void a_thousand_jobs_come_and_go_and_leave_nothing(void **state)
{
    (void)state;
    enum { AT_ONCE = 50, ROUNDS = 20 };
    struct probe *probes = sl_new_array(struct probe, AT_ONCE);
    struct fixture f;
    int descriptors = 0;
    size_t processes = 0;

    fixture_start(&f, fake, 1);
    wait_spare(&f, 2);
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < AT_ONCE; i++)
            probe_open(&probes[i], &f, i % 2 ? f.worker : f.control,
                       i % 3 ? SL_ENGINE_PICTURES : SL_ENGINE_SOUND, "cam");
        for (int i = 0; i < AT_ONCE; i++)
            wait_for(&f, probe_is_up, &probes[i]);
        for (int i = 0; i < AT_ONCE; i++)
            sl_codec_job_close(probes[i].job);
        for (int i = 0; i < AT_ONCE; i++)
            wait_for(&f, probe_is_closed, &probes[i]);
        wait_spare(&f, 3); /* the second of pictures has come with the first job */
        if (round == 1) {
            descriptors = count_descriptors();
            processes = stats_of(&f).process_count;
        }
    }
    assert_int_equal(count_descriptors(), descriptors);
    assert_int_equal(stats_of(&f).process_count, processes);
    free(probes);
    fixture_stop(&f);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_program_itself_draws_and_draws_again_when_it_was_killed),
        cmocka_unit_test(who_breaks_the_program_twice_is_refused),
        cmocka_unit_test(orders_go_there_and_reports_come_back_on_any_loop),
        cmocka_unit_test(who_is_killed_from_outside_moves_and_nobody_else_notices),
        cmocka_unit_test(many_jobs_of_one_process_move_one_after_the_other),
        cmocka_unit_test(who_is_stopped_moves),
        cmocka_unit_test(a_job_may_be_closed_at_any_moment),
        cmocka_unit_test(a_thousand_jobs_come_and_go_and_leave_nothing),
    };

    if (argc != 3) {
        (void)fprintf(stderr, "usage: %s PROGRAM FAKE\n", argv[0]);
        return 2;
    }
    program = argv[1];
    fake = argv[2];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
