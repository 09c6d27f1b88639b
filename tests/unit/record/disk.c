/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The thread that writes: names, pieces, ends, and what a crash has left. */
#include "record/disk.h"
#include "base/clock.h"
#include "net/net.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { PACKET = 188, BUFFER_MAX = 1 << 20 };

struct fixture {
    char dir[64];
    struct sl_loop *loop;
    struct sl_record_disk *disk;
    struct sl_timer *timer;
    char name[SL_RECORD_NAME_MAX], repaired[SL_RECORD_NAME_MAX], stream[64];
    int err;
    unsigned closed;
    _Atomic int64_t queued_us;
};

static void on_timeout(void *owner)
{
    (void)owner;
    fail_msg("nothing has come");
}

static void on_repaired(void *owner, const char *stream, const char *name)
{
    struct fixture *f = owner;

    (void)snprintf(f->repaired, sizeof(f->repaired), "%s", name);
    (void)snprintf(f->stream, sizeof(f->stream), "%s", stream);
    sl_loop_stop(f->loop);
}

static void open_disk(struct fixture *f)
{
    const struct sl_record_disk_config disk = {
        .dir = f->dir, .control = f->loop, .on_repaired = on_repaired, .owner = f};

    assert_int_equal(sl_record_disk_create(&disk, &f->disk, NULL), 0);
}

static int set_up(void **state)
{
    struct fixture *f = sl_new(struct fixture);

    (void)snprintf(f->dir, sizeof(f->dir), "/tmp/sluice-record-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    f->loop = sl_loop_create("control");
    f->timer = sl_timer_create(f->loop, on_timeout, f);
    sl_timer_start(f->timer, 10000, 0);
    open_disk(f);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    char command[128];

    sl_record_disk_destroy(f->disk);
    sl_timer_destroy(f->timer);
    sl_loop_destroy(f->loop);
    (void)snprintf(command, sizeof(command), "rm -rf %s", f->dir);
    assert_int_equal(system(command), 0); /* NOLINT: a directory of our own */
    free(f);
    return 0;
}

static void on_closed(void *owner, const struct sl_record_closed *closed)
{
    struct fixture *f = owner;

    (void)snprintf(f->name, sizeof(f->name), "%s", closed->name);
    f->err = closed->err;
    f->closed++;
    sl_loop_stop(f->loop);
}

/* MPEG-TS has no head, and any packets are a piece of it. */
static void fill(struct sl_buffer *bytes, size_t packets)
{
    sl_buffer_init(bytes, BUFFER_MAX);
    for (size_t i = 0; i < packets * PACKET; i++)
        sl_buffer_u8(bytes, i % PACKET == 0 ? 0x47 : 0);
}

static struct sl_record_file *begin(struct fixture *f, const char *name)
{
    struct sl_buffer bytes;
    const struct sl_record_file_config config = {.disk = f->disk,
                                                 .name = name,
                                                 .container = SL_MPEGTS,
                                                 .stream = "cam",
                                                 .sync_us = SL_US_PER_S,
                                                 .queued_us = &f->queued_us,
                                                 .on_closed = on_closed,
                                                 .owner = f};

    sl_buffer_init(&bytes, BUFFER_MAX);
    struct sl_record_file *file = sl_record_file_create(&config, &bytes);
    fill(&bytes, 10);
    sl_record_file_write(file, &bytes, SL_US_PER_S);
    return file;
}

static void end(struct fixture *f, struct sl_record_file *file, const char *base, unsigned number)
{
    struct sl_record_ending ending = {.base = base, .number = number};

    sl_buffer_init(&ending.head, BUFFER_MAX);
    sl_buffer_init(&ending.tail, BUFFER_MAX);
    sl_record_file_close(file, &ending);
    sl_loop_run(f->loop);
}

static off_t size_of(const struct fixture *f, const char *name)
{
    char path[512];
    struct stat st;

    (void)snprintf(path, sizeof(path), "%s/%s", f->dir, name);
    return stat(path, &st) == 0 ? st.st_size : -1;
}

static void a_file_gets_its_name_when_it_is_whole(void **state)
{
    struct fixture *f = *state;
    struct sl_record_file *file = begin(f, "a-{endTime}");

    while (atomic_load(&f->queued_us) > 0)
        (void)usleep(1000);
    assert_int_equal(size_of(f, "a-{endTime}.ts.part"), 10 * PACKET);
    end(f, file, "a-7", 0);
    assert_string_equal(f->name, "a-7.ts");
    assert_int_equal(f->err, 0);
    assert_int_equal(size_of(f, "a-7.ts"), 10 * PACKET);
    assert_int_equal(size_of(f, "a-{endTime}.ts.part"), -1);
}

static void a_name_that_is_taken_gets_a_number(void **state)
{
    struct fixture *f = *state;
    struct sl_record_file *first = begin(f, "same"), *second = begin(f, "same");

    end(f, first, "same", 0);
    assert_string_equal(f->name, "same.ts");
    end(f, second, "same", 0);
    assert_string_equal(f->name, "same_2.ts");
    end(f, begin(f, "same"), "same", 2);
    assert_string_equal(f->name, "same_3.ts");
    assert_int_equal(size_of(f, "same.ts"), 10 * PACKET);
}

static void a_link_is_not_followed(void **state)
{
    struct fixture *f = *state;
    char link[512];

    (void)snprintf(link, sizeof(link), "%s/l.ts.part", f->dir);
    assert_int_equal(symlink("/tmp/sluice-record-elsewhere", link), 0);
    end(f, begin(f, "l"), "l", 0);
    assert_string_equal(f->name, "l.ts");
    assert_int_equal(access("/tmp/sluice-record-elsewhere", F_OK), -1);
}

static void bounds_end_a_file_with_what_it_has(void **state)
{
    struct fixture *f = *state;
    struct sl_record_file *file = begin(f, "b");
    struct sl_buffer bytes;

    while (atomic_load(&f->queued_us) > 0)
        (void)usleep(1000);
    sl_record_disk_set_bounds(f->disk, UINT64_MAX, 0);
    fill(&bytes, 5);
    sl_record_file_write(file, &bytes, SL_US_PER_S);
    while (atomic_load(&f->queued_us) > 0)
        (void)usleep(1000);
    assert_int_equal(sl_record_file_error(file), -ENOSPC);
    end(f, file, "b", 0);
    assert_int_equal(f->err, -ENOSPC);
    assert_string_equal(f->name, "b.ts");
    assert_int_equal(size_of(f, "b.ts"), 10 * PACKET);
}

static void nothing_is_no_file(void **state)
{
    struct fixture *f = *state;
    struct sl_buffer none;
    const struct sl_record_file_config config = {.disk = f->disk,
                                                 .name = "n",
                                                 .container = SL_MPEGTS,
                                                 .stream = "cam",
                                                 .queued_us = &f->queued_us,
                                                 .on_closed = on_closed,
                                                 .owner = f};

    sl_buffer_init(&none, BUFFER_MAX);
    end(f, sl_record_file_create(&config, &none), "n", 0);
    assert_string_equal(f->name, "");
    assert_int_equal(size_of(f, "n.ts.part"), -1);
}

static void after_the_end_nothing_is_told(void **state)
{
    struct fixture *f = *state;
    struct sl_record_ending ending = {.base = "late"};

    sl_buffer_init(&ending.head, BUFFER_MAX);
    sl_buffer_init(&ending.tail, BUFFER_MAX);
    sl_record_file_close(begin(f, "late"), &ending);
    sl_record_disk_destroy(f->disk); /* waits for the file, whose answer is on its way then */
    f->disk = NULL;
    assert_int_equal(size_of(f, "late.ts"), 10 * PACKET);
    sl_timer_destroy(f->timer);
    sl_loop_destroy(f->loop); /* runs what is on its way */
    f->timer = NULL;
    f->loop = NULL;
    assert_int_equal(f->closed, 0);
}

static void what_a_crash_has_left_is_cut_and_named(void **state)
{
    struct fixture *f = *state;
    char path[512], packets[3 * PACKET + 50] = {0x47};

    sl_record_disk_destroy(f->disk);
    packets[PACKET] = packets[2 * PACKET] = packets[3 * PACKET] = 0x47;
    (void)snprintf(path, sizeof(path), "%s/c-{duration}-{endTimeMillis}.ts.part", f->dir);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, packets, sizeof(packets)), (ssize_t)sizeof(packets));
    assert_int_equal(close(fd), 0);
    open_disk(f);
    sl_loop_run(f->loop);
    assert_memory_equal(f->repaired, "c--1", 4); /* Unix time; a duration is MP4's alone */
    assert_int_equal(size_of(f, f->repaired), 3 * PACKET);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_file_gets_its_name_when_it_is_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_name_that_is_taken_gets_a_number, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_link_is_not_followed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bounds_end_a_file_with_what_it_has, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_is_no_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(after_the_end_nothing_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_a_crash_has_left_is_cut_and_named, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
