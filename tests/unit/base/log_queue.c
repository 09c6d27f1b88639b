/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The lines that wait for the log's writer: bound, order, and what is lost. */
#include "base/log_queue.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { SIZE = 2 * (SL_LOG_LINE_MAX + 2), PREFIX = 2 };

struct fixture {
    struct sl_log_queue queue;
    char *bytes;
};

static int setup(void **state)
{
    struct fixture *f = sl_new(struct fixture);

    f->bytes = sl_alloc(SIZE); /* exact: the sanitizer sees one byte too many */
    sl_log_queue_init(&f->queue, f->bytes, SIZE);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    free(f->bytes);
    free(f);
    return 0;
}

static bool put(struct fixture *f, const char *line)
{
    return sl_log_queue_put(&f->queue, line, strlen(line));
}

static void assert_next(struct fixture *f, const char *line)
{
    char out[SL_LOG_LINE_MAX + 1];
    size_t len = sl_log_queue_peek(&f->queue, out);

    out[len] = '\0';
    assert_string_equal(out, line);
    sl_log_queue_drop(&f->queue);
}

static void gives_lines_in_the_order_they_came(void **state)
{
    struct fixture *f = *state;
    char out[SL_LOG_LINE_MAX];

    assert_int_equal(sl_log_queue_peek(&f->queue, out), 0);
    sl_log_queue_drop(&f->queue); /* of nothing */
    assert_true(put(f, "one\n"));
    assert_true(put(f, "two\n"));
    assert_next(f, "one\n");
    assert_true(put(f, "three\n"));
    assert_next(f, "two\n");
    assert_next(f, "three\n");
    assert_int_equal(f->queue.used, 0);
}

static void lines_of_any_length_survive_the_end_of_the_ring(void **state)
{
    struct fixture *f = *state;
    char line[SL_LOG_LINE_MAX], out[SL_LOG_LINE_MAX];
    size_t len = 1;

    for (int i = 0; i < 3000; i++, len = len % SL_LOG_LINE_MAX + 1) {
        memset(line, 'a' + i % 26, len);
        assert_true(sl_log_queue_put(&f->queue, line, len));
        assert_true(sl_log_queue_put(&f->queue, "x", 1));
        assert_int_equal(sl_log_queue_peek(&f->queue, out), len);
        assert_memory_equal(out, line, len);
        sl_log_queue_drop(&f->queue);
        assert_next(f, "x");
    }
}

/* Short lines until one is lost; how many were taken. */
static size_t fill(struct fixture *f)
{
    size_t taken = 0;

    while (put(f, "line\n"))
        taken++;
    return taken;
}

static void a_full_queue_loses_lines_and_says_how_many_in_their_place(void **state)
{
    struct fixture *f = *state;
    size_t taken = fill(f), left = taken;

    assert_int_equal(taken, SIZE / (5 + PREFIX));
    assert_false(put(f, "x")); /* nor a shorter one: it would stand before those that were lost */
    assert_false(put(f, "line\n"));
    assert_int_equal(sl_log_queue_take_lost(&f->queue), 0);
    for (; f->queue.used > SIZE / 2; left--) {
        assert_int_equal(sl_log_queue_take_lost(&f->queue), 0);
        assert_false(put(f, "x")); /* there is room, but they were not told yet */
        assert_next(f, "line\n");
    }
    assert_int_equal(sl_log_queue_take_lost(&f->queue), 3 + taken - left);
    assert_int_equal(sl_log_queue_take_lost(&f->queue), 0); /* told once */
    assert_true(put(f, "lost\n"));
    assert_true(put(f, "after\n"));
    for (; left > 0; left--)
        assert_next(f, "line\n");
    assert_next(f, "lost\n");
    assert_next(f, "after\n");
    assert_int_equal(fill(f), taken);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(gives_lines_in_the_order_they_came, setup, teardown),
        cmocka_unit_test_setup_teardown(lines_of_any_length_survive_the_end_of_the_ring, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_full_queue_loses_lines_and_says_how_many_in_their_place,
                                        setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
