/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The index of a file: all of it, or ever fewer of more, evenly. */
#include "mux/index.h"

#include "mux/mux.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void holds_all_while_there_is_room(void **state)
{
    (void)state;
    struct sl_mux_index index = {0};

    for (int64_t i = 0; i < SL_MUX_INDEX_MAX; i++)
        sl_mux_index_note(&index, i * 2000, (uint64_t)i * 100000);
    assert_int_equal(index.count, SL_MUX_INDEX_MAX);
    assert_int_equal(index.entries[SL_MUX_INDEX_MAX - 1].time, (SL_MUX_INDEX_MAX - 1) * 2000);
    sl_mux_index_deinit(&index);
}

static void covers_a_file_of_any_length_evenly(void **state)
{
    (void)state;
    enum { NOTES = 10 * SL_MUX_INDEX_MAX + 12345 };
    struct sl_mux_index index = {0};

    for (int64_t i = 0; i < NOTES; i++)
        sl_mux_index_note(&index, i, (uint64_t)i);
    assert_in_range(index.count, SL_MUX_INDEX_MAX / 2, SL_MUX_INDEX_MAX);
    for (size_t i = 0; i < index.count; i++)
        assert_int_equal(index.entries[i].time, i * index.stride);
    assert_true(NOTES - index.entries[index.count - 1].time <= (int64_t)index.stride);
    sl_mux_index_deinit(&index);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_all_while_there_is_room),
        cmocka_unit_test(covers_a_file_of_any_length_evenly),
    };

    return cmocka_run_group_tests_name("mux index", tests, NULL, NULL);
}
