/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The log's writer against files that do not take lines: pipes nobody reads or that nobody has at
 * the other end, a full disk; rotation, the end, abort(). */
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    LINES = 20000, /* more than queue and pipe hold */
    DEADLINE_MS = 20000,
    TEXT_MAX = 4 << 20,
};

struct fixture {
    char dir[64], fifo[80], file[80];
    int reader;
    char *text; /* what was read of the FIFO so far */
    size_t len;
};

static int setup(void **state)
{
    struct fixture *f = sl_new(struct fixture);

    (void)snprintf(f->dir, sizeof(f->dir), P_tmpdir "/sluice-log-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    (void)snprintf(f->fifo, sizeof(f->fifo), "%s/fifo", f->dir);
    (void)snprintf(f->file, sizeof(f->file), "%s/file", f->dir);
    assert_int_equal(mkfifo(f->fifo, 0600), 0);
    f->reader = open(f->fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    assert_true(f->reader >= 0);
    f->text = sl_alloc(TEXT_MAX + 1);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    (void)sl_log_open(NULL);
    (void)close(f->reader);
    (void)unlink(f->fifo);
    (void)unlink(f->file);
    (void)rmdir(f->dir);
    free(f->text);
    free(f);
    return 0;
}

/* Reads the FIFO until its text ends with this. */
static void read_until(struct fixture *f, const char *end)
{
    int64_t deadline_us = sl_now_us() + DEADLINE_MS * SL_US_PER_MS;
    size_t end_len = strlen(end);

    while (f->len < end_len || strcmp(f->text + f->len - end_len, end) != 0) {
        struct pollfd fd = {.fd = f->reader, .events = POLLIN};
        assert_true(sl_now_us() < deadline_us);
        (void)poll(&fd, 1, 10);
        ssize_t got = read(f->reader, f->text + f->len, TEXT_MAX - f->len);
        if (got > 0)
            f->len += (size_t)got;
    }
}

static char *content(const char *file)
{
    FILE *in = fopen(file, "r");
    char *text = sl_alloc(TEXT_MAX + 1);

    assert_non_null(in);
    (void)!fread(text, 1, TEXT_MAX, in);
    (void)fclose(in);
    return text;
}

/* Until the writer has the file open: its lines are there. */
static void open_and_wait(struct fixture *f)
{
    assert_int_equal(sl_log_open(f->fifo), 0);
    sl_log(SL_LOG_INFO, NULL, "begin");
    read_until(f, "begin\n");
    f->len = 0;
    memset(f->text, 0, TEXT_MAX);
}

static void write_lines(int first, int count)
{
    for (int i = first; i < first + count; i++)
        sl_log(SL_LOG_INFO, NULL, "line %d of a log that nobody reads just now", i);
}

/* All lines from 0 to `count`, in order; where some lack, a note of as many. Returns how many. */
static uint64_t check_order(const char *text, int count)
{
    uint64_t lost = 0;
    unsigned long long note;
    int expected = 0, number;

    for (const char *at = text; *at; at = strchr(at, '\n') + 1) {
        const char *word = strchr(at, ' ');
        assert_non_null(strchr(at, '\n'));
        if (sscanf(word, " info line %d ", &number) == 1) {
            assert_int_equal(number, expected);
            expected++;
        } else if (sscanf(word, " warn log: %llu lines were lost: ", &note) == 1) {
            expected += (int)note;
            lost += note;
        }
    }
    assert_int_equal(expected, count);
    return lost;
}

/* Before the writer's thread is there: a forked child has but one. */
static void abort_lets_the_last_lines_out(void **state)
{
    struct fixture *f = *state;
    int status;
    pid_t child = fork();

    if (child == 0) {
        const struct rlimit none = {0};
        (void)setrlimit(RLIMIT_CORE, &none);
        if (sl_log_start() == 0 && sl_log_open(f->file) == 0)
            write_lines(0, 1000);
        abort();
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    char *text = content(f->file);
    assert_int_equal(check_order(text, 1000), 0);
    free(text);
    assert_int_equal(sl_log_start(), 0); /* for the tests that follow */
}

static void a_pipe_that_nobody_reads_keeps_nobody_and_hears_what_was_lost(void **state)
{
    struct fixture *f = *state;
    uint64_t before;

    open_and_wait(f);
    before = sl_log_lost();
    write_lines(0, LINES);
    assert_true(sl_log_lost() > before);
    uint64_t lost = sl_log_lost() - before;
    sl_log_flush(20);                /* comes back although nobody reads */
    read_until(f, "were written\n"); /* by itself: no other line follows */
    assert_int_equal(check_order(f->text, LINES), lost);
    write_lines(LINES, 1);
    read_until(f, "just now\n");
    assert_int_equal(check_order(f->text, LINES + 1), lost);
}

static void *write_some(void *arg)
{
    (void)arg;
    for (int i = 0; i < 2000; i++)
        sl_log(SL_LOG_INFO, NULL, "one of four threads says something");
    return NULL;
}

static void lines_of_several_threads_do_not_mix(void **state)
{
    struct fixture *f = *state;
    pthread_t threads[4];
    size_t lines = 0;

    assert_int_equal(sl_log_open(f->file), 0);
    for (size_t i = 0; i < SL_ARRAY_LEN(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_some, NULL), 0);
    for (size_t i = 0; i < SL_ARRAY_LEN(threads); i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    sl_log_flush(DEADLINE_MS);
    char *text = content(f->file);
    for (char *rest, *line = strtok_r(text, "\n", &rest); line;
         line = strtok_r(NULL, "\n", &rest)) {
        const char *words = strchr(line, ' ');
        unsigned long long note;
        assert_non_null(words);
        if (sscanf(words, " warn log: %llu lines were lost: ", &note) == 1) {
            lines += (size_t)note;
            continue;
        }
        assert_string_equal(words, " info one of four threads says something");
        lines++;
    }
    assert_int_equal(lines, 8000);
    free(text);
}

static void a_pipe_without_a_reader_loses_lines_until_one_is_there(void **state)
{
    struct fixture *f = *state;
    uint64_t before;

    open_and_wait(f);
    before = sl_log_lost();
    (void)close(f->reader);
    write_lines(0, 3);
    sl_log_flush(DEADLINE_MS);
    assert_int_equal(sl_log_lost(), before + 3);
    f->reader = open(f->fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    assert_true(f->reader >= 0);
    read_until(f, "warn log: 3 lines were lost: Broken pipe\n"); /* by itself */
    write_lines(3, 1);
    read_until(f, "just now\n");
    assert_int_equal(check_order(f->text, 4), 3);
}

static void a_full_disk_loses_lines_and_the_next_file_says_so_first(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(sl_log_open("/dev/full"), 0);
    sl_log_flush(DEADLINE_MS);
    write_lines(0, 5);
    sl_log_flush(DEADLINE_MS);
    assert_int_equal(sl_log_open(f->file), 0);
    write_lines(5, 1);
    sl_log_flush(DEADLINE_MS);
    char *text = content(f->file);
    assert_non_null(strstr(text, "warn log: 5 lines were lost: No space left on device\n"));
    assert_int_equal(check_order(text, 6), 5);
    free(text);
}

static void another_file_frees_a_log_that_is_stuck(void **state)
{
    struct fixture *f = *state;
    char *text;

    open_and_wait(f);
    write_lines(0, LINES);
    assert_int_equal(sl_log_open(f->file), 0);
    sl_log_flush(DEADLINE_MS);
    text = content(f->file);
    assert_non_null(strstr(text, "lines were lost: they came faster than they were written\n"));
    free(text);
}

static void a_file_that_cannot_be_opened_is_told_of_where_the_log_was(void **state)
{
    struct fixture *f = *state;

    open_and_wait(f);
    assert_int_equal(sl_log_open("/nonexistent/log"), 0);
    read_until(f, "error log_file: /nonexistent/log: No such file or directory\n");
    (void)close(f->reader); /* a FIFO without a reader must not be waited for, either */
    assert_int_equal(sl_log_open(f->file), 0);
    write_lines(0, 1);
    sl_log_flush(DEADLINE_MS);
    assert_int_equal(sl_log_open(f->fifo), 0);
    write_lines(1, 1);
    sl_log_flush(DEADLINE_MS);
    char *text = content(f->file);
    assert_non_null(strstr(text, "/fifo: No such device or address\n"));
    assert_int_equal(check_order(text, 2), 0);
    free(text);
    f->reader = open(f->fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(abort_lets_the_last_lines_out, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_pipe_that_nobody_reads_keeps_nobody_and_hears_what_was_lost, setup, teardown),
        cmocka_unit_test_setup_teardown(lines_of_several_threads_do_not_mix, setup, teardown),
        cmocka_unit_test_setup_teardown(a_pipe_without_a_reader_loses_lines_until_one_is_there,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_disk_loses_lines_and_the_next_file_says_so_first,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(another_file_frees_a_log_that_is_stuck, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_that_cannot_be_opened_is_told_of_where_the_log_was,
                                        setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
