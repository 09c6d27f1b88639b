/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What follows from load, from time and from want: who is admitted, where jobs go, what is kept.
 * The CPU time of processes, the number of cores, the clock and memory are the test's. */
#include "fixture.h"

#include "transcoder/internal.h"

#include <dirent.h>
#include <errno.h>

enum { CORES = 4, BUSY_MAX = 8 };

static const char *fake;
static _Atomic int busy_pids[BUSY_MAX];
static _Atomic int64_t ahead_s; /* of the real clock */
static _Atomic bool no_memory;  /* for anything large */

int __real_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now);
long __real_sysconf(int name);
long __wrap_sysconf(int name);
int64_t __wrap_sl_codec_cpu_us(pid_t pid);
void *__real_realloc(void *memory, size_t len);
void *__wrap_realloc(void *memory, size_t len);

void *__wrap_realloc(void *memory, size_t len)
{
    return no_memory && len > 1 << 20 ? NULL : __real_realloc(memory, len);
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
    int err = __real_clock_gettime(clock, now);

    if (clock == CLOCK_MONOTONIC)
        now->tv_sec += ahead_s;
    return err;
}

long __wrap_sysconf(int name)
{
    return name == _SC_NPROCESSORS_ONLN ? CORES : __real_sysconf(name);
}

/* One that is busy uses a core. */
int64_t __wrap_sl_codec_cpu_us(pid_t pid)
{
    for (int i = 0; i < BUSY_MAX; i++) {
        if (busy_pids[i] == pid)
            return sl_now_us();
    }
    return 0;
}

static bool is_refused(void *arg)
{
    return sl_transcoder_admit(((struct fixture *)arg)->transcoder, "cam") == -EBUSY;
}

static bool is_admitted(void *arg)
{
    return sl_transcoder_admit(((struct fixture *)arg)->transcoder, "cam") == 0;
}

static void open_and_wait(struct probe *probe, struct fixture *f, enum sl_engine_kind kind)
{
    probe_open(probe, f, f->worker, kind, "cam");
    wait_for(f, probe_is_up, probe);
}

static void nobody_is_admitted_while_all_are_busy(void **state)
{
    (void)state;
    struct fixture f;
    struct probe probes[2];

    fixture_start(&f, fake, 2);
    for (int i = 0; i < 2; i++) {
        wait_spare(&f, 2);
        open_and_wait(&probes[i], &f, SL_ENGINE_PICTURES);
    }
    busy_pids[0] = probe_pid(&probes[0]);
    turn_for(&f, 2500);
    assert_true(is_admitted(&f)); /* the other one is not */
    busy_pids[1] = probe_pid(&probes[1]);
    wait_for(&f, is_refused, &f);
    busy_pids[0] = 0;
    wait_for(&f, is_admitted, &f);
    busy_pids[1] = 0;
    for (int i = 0; i < 2; i++)
        probe_close(&probes[i]);
    fixture_stop(&f);
}

static void jobs_go_to_the_least_loaded(void **state)
{
    (void)state;
    struct fixture f;
    struct probe probes[4];

    fixture_start(&f, fake, 2);
    for (int i = 0; i < 2; i++) /* each to a process of its own */
        probe_open(&probes[i], &f, f.worker, SL_ENGINE_PICTURES, "cam");
    for (int i = 0; i < 2; i++)
        wait_for(&f, probe_is_up, &probes[i]);
    int pid = probe_pid(&probes[0]), other_pid = probe_pid(&probes[1]);
    assert_int_not_equal(pid, other_pid);
    busy_pids[0] = other_pid;
    wait_spare(&f, 2);
    turn_for(&f, 1100);
    for (int i = 2; i < 4; i++) { /* the spare one stays one */
        open_and_wait(&probes[i], &f, SL_ENGINE_PICTURES);
        assert_int_equal(probe_pid(&probes[i]), pid);
    }
    busy_pids[0] = 0;
    for (int i = 0; i < 4; i++)
        probe_close(&probes[i]);
    fixture_stop(&f);
}

static size_t count_role(struct fixture *f, bool pictures)
{
    struct sl_transcoder_stats stats = stats_of(f);
    size_t count = 0;

    for (size_t i = 0; i < stats.process_count; i++)
        count += stats.processes[i].pictures == pictures;
    return count;
}

static bool has_more_sound(void *arg)
{
    return count_role(arg, false) == 2;
}

static void busy_sound_gets_one_more_process(void **state)
{
    (void)state;
    struct fixture f;
    struct probe probes[2];

    fixture_start(&f, fake, 1);
    open_and_wait(&probes[0], &f, SL_ENGINE_SOUND);
    busy_pids[0] = probe_pid(&probes[0]);
    wait_for(&f, has_more_sound, &f);
    wait_spare(&f, 2);
    open_and_wait(&probes[1], &f, SL_ENGINE_SOUND);
    assert_int_not_equal(probe_pid(&probes[1]), busy_pids[0]);
    turn_for(&f, 1100);
    assert_int_equal(count_role(&f, false), 2); /* the second one is not busy */
    busy_pids[0] = 0;
    for (int i = 0; i < 2; i++)
        probe_close(&probes[i]);
    fixture_stop(&f);
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

static bool is_one_left(void *arg)
{
    return count_role(arg, true) == 1;
}

static void what_is_idle_for_long_goes_but_for_one(void **state)
{
    (void)state;
    enum { COUNT = 3 };
    struct fixture f;
    struct probe probes[COUNT];

    fixture_start(&f, fake, COUNT);
    wait_spare(&f, 2);
    int descriptors = count_descriptors();
    for (int i = 0; i < COUNT; i++)
        open_and_wait(&probes[i], &f, SL_ENGINE_PICTURES);
    wait_spare(&f, 2);
    for (int i = 0; i < COUNT; i++)
        probe_close(&probes[i]);
    assert_true(count_role(&f, true) > 2);
    assert_true(count_descriptors() > descriptors);
    turn_for(&f, 100);
    ahead_s += 61;
    wait_for(&f, is_one_left, &f);
    turn_for(&f, 600); /* they are waited for, and the link of the one that stays is closed */
    assert_int_equal(count_descriptors(), descriptors);
    assert_int_equal(stats_of(&f).restarts, 0);
    fixture_stop(&f);
}

static void without_memory_for_a_link_its_jobs_fail_and_no_others(void **state)
{
    (void)state;
    const struct sl_engine_message snapshot = {.type = SL_ENGINE_SNAPSHOT,
                                               .len_max = SL_ENGINE_DATA_MAX};
    struct fixture f;
    struct probe probes[3], next;

    fixture_start(&f, fake, 1);
    wait_spare(&f, 2);
    for (int i = 0; i < 3; i++) {
        probe_open(&probes[i], &f, i < 2 ? f.worker : f.control, SL_ENGINE_SOUND, "cam");
        wait_for(&f, probe_is_up, &probes[i]);
    }
    no_memory = true;
    probe_send(&probes[0], snapshot, 1);
    for (int i = 0; i < 2; i++) {
        wait_for(&f, probe_has_failed, &probes[i]);
        assert_int_equal(probes[i].failed, -EAGAIN);
        assert_int_equal(probes[i].downs, 1);
    }
    no_memory = false;
    open_and_wait(&next, &f, SL_ENGINE_SOUND);
    assert_int_equal(probes[2].downs, 0);
    assert_int_equal(probe_pid(&probes[2]), probe_pid(&next)); /* the process is well */
    probe_close(&next);
    for (int i = 0; i < 3; i++)
        probe_close(&probes[i]);
    assert_int_equal(stats_of(&f).restarts, 0);
    fixture_stop(&f);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_is_admitted_while_all_are_busy),
        cmocka_unit_test(jobs_go_to_the_least_loaded),
        cmocka_unit_test(busy_sound_gets_one_more_process),
        cmocka_unit_test(what_is_idle_for_long_goes_but_for_one),
        cmocka_unit_test(without_memory_for_a_link_its_jobs_fail_and_no_others),
    };

    if (argc != 2) {
        (void)fprintf(stderr, "usage: %s FAKE\n", argv[0]);
        return 2;
    }
    fake = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
