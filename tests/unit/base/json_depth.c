/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How deep JSON nests, also what only looks like JSON. */
#include "base/json_depth.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* The least max that the text is not deeper than. */
static size_t depth_of(const char *text, size_t len)
{
    size_t max = 0;

    while (sl_json_is_deeper(text, len, max))
        max++;
    return max;
}

static void counts_what_is_open_at_once(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t depth;
    } cases[] = {
        {"", 0},
        {"7", 0},
        {"{}", 1},
        {"[]", 1},
        {"[{}]", 2},
        {"[[],[],[]]", 2},
        {"{\"a\":{\"b\":[1,{}]}}", 4},
        {"[", 1},
        {"[[[", 3},
        {"]]]]", 0},
        {"]]]][", 1}, /* what was never opened gives no room */
        {"[}[}[}", 1},
        {"\"[[[[\"", 0},
        {"[\"{[\"]", 1},
        {"[\"\\\"[[\"]", 1},   /* an escaped quote ends no string */
        {"[\"\\\\\"[[]]]", 3}, /* an escaped backslash escapes nothing */
        {"\"\\", 0},           /* the end inside an escape */
        {"\"\\u005b[\"[", 1},
        {"['[[']", 3}, /* no string in JSON */
        {"[/*[*/]", 2},
        {"\"a\nb\"[[]]", 2},
        {"\"[[", 0},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        size_t depth = depth_of(cases[i].text, strlen(cases[i].text));
        if (depth != cases[i].depth)
            fail_msg("%s: got %zu", cases[i].text, depth);
    }
}

static void reads_no_further_than_told_and_over_every_byte(void **state)
{
    (void)state;
    static const char nul[] = "[\0[\0\xff{";
    char *exact = malloc(2); /* the sanitizer sees one byte too many */

    assert_int_equal(depth_of(nul, sizeof(nul) - 1), 3);
    assert_int_equal(depth_of("[[[[", 2), 2);
    assert_non_null(exact);
    memcpy(exact, "\"\\", 2);
    assert_int_equal(depth_of(exact, 2), 0);
    free(exact);
}

static void the_bound_is_the_deepest_that_is_let_through(void **state)
{
    (void)state;
    char text[SL_JSON_DEPTH_MAX + 1];

    memset(text, '[', sizeof(text));
    assert_false(sl_json_is_deeper(text, SL_JSON_DEPTH_MAX, SL_JSON_DEPTH_MAX));
    assert_true(sl_json_is_deeper(text, SL_JSON_DEPTH_MAX + 1, SL_JSON_DEPTH_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_what_is_open_at_once),
        cmocka_unit_test(reads_no_further_than_told_and_over_every_byte),
        cmocka_unit_test(the_bound_is_the_deepest_that_is_let_through),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
