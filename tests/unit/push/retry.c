/* SPDX-License-Identifier: GPL-3.0-or-later */
/* When a push tries again. */
#include "push/retry.h"

#include "base/clock.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void the_wait_grows_to_three_seconds_and_later_to_thirty(void **state)
{
    (void)state;
    static const struct {
        int64_t interval_ms;
        unsigned failures;
        int64_t away_s, longest_ms;
    } cases[] = {
        {1000, 0, 0, 1000},     {1000, 1, 1, 2000},      {1000, 2, 3, 3000},
        {1000, 150, 599, 3000}, {1000, 200, 600, 30000}, {1000, 4000000000U, 1000000, 30000},
        {100, 0, 0, 100},       {100, 4, 2, 1600},       {100, 5, 3, 3000},
        {5000, 0, 0, 5000}, /* an operator's own, which is more */
        {5000, 9, 60, 5000},    {5000, 99, 700, 30000},  {60000, 99, 700, 60000},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        int64_t longest_ms = sl_retry_wait_ms(cases[i].interval_ms, cases[i].failures,
                                              cases[i].away_s * SL_US_PER_S, 0);
        int64_t shortest_ms = sl_retry_wait_ms(cases[i].interval_ms, cases[i].failures,
                                               cases[i].away_s * SL_US_PER_S, UINT32_MAX);
        assert_int_equal(longest_ms, cases[i].longest_ms);
        assert_in_range(shortest_ms, longest_ms * 3 / 4, longest_ms * 3 / 4 + 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_wait_grows_to_three_seconds_and_later_to_thirty),
    };

    return cmocka_run_group_tests_name("push retry", tests, NULL, NULL);
}
