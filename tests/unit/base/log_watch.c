/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines of one object: beside the log, at a level of their own, and afterwards. */
#include "base/log_watch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { HEARD_MAX = 8192 };

static void hear(void *arg, const char *line, size_t len)
{
    char *heard = arg;
    size_t used = strlen(heard);
    const char *text = memchr(line, ' ', len); /* without its time */

    (void)snprintf(heard + used, HEARD_MAX - used, "%.*s", (int)(line + len - text - 1), text + 1);
}

static int open_log(void **state)
{
    (void)state;
    sl_log_set_level(SL_LOG_INFO);
    return sl_log_open("/dev/null");
}

static void a_watch_hears_its_object_and_what_is_in_it(void **state)
{
    (void)state;
    struct sl_log_scope one, inner, two, longer;
    char heard[HEARD_MAX] = "";

    sl_log_scope_init(&one, NULL, "session", "a");
    sl_log_scope_init(&inner, &one, "stream", "s");
    sl_log_scope_init(&two, NULL, "session", "b");
    sl_log_scope_init(&longer, NULL, "session", "ab");
    assert_false(sl_log_enabled(SL_LOG_DEBUG));
    struct sl_log_watch *watch = sl_log_watch_lines(&one, SL_LOG_DEBUG, 16384);
    assert_non_null(watch);
    assert_true(sl_log_enabled(SL_LOG_DEBUG));
    sl_log(SL_LOG_DEBUG, &one, "1");
    sl_log(SL_LOG_INFO, &inner, "2");
    sl_log(SL_LOG_DEBUG, &two, "3");
    sl_log(SL_LOG_INFO, &longer, "4");
    sl_log(SL_LOG_INFO, NULL, "5");
    assert_int_equal(sl_log_watch_take(watch, hear, heard), 0);
    assert_string_equal(heard, "debug session=\"a\" 1\ninfo session=\"a\" stream=\"s\" 2\n");
    for (int i = 0; i < 1000; i++)
        sl_log(SL_LOG_DEBUG, &one, "many %d", i);
    heard[0] = '\0';
    assert_true(sl_log_watch_take(watch, hear, heard) > 0); /* of what it had no room for */
    sl_log_watch_destroy(watch);
    assert_false(sl_log_enabled(SL_LOG_DEBUG));
}

static void a_level_is_one_objects_own(void **state)
{
    (void)state;
    struct sl_log_scope one, two;
    char heard[HEARD_MAX] = "";

    sl_log_scope_init(&one, NULL, "session", "c");
    sl_log_scope_init(&two, NULL, "session", "d");
    struct sl_log_watch *more = sl_log_watch_level(&one, SL_LOG_DEBUG),
                        *less = sl_log_watch_level(&two, SL_LOG_ERROR);
    sl_log(SL_LOG_DEBUG, &one, "1");
    sl_log(SL_LOG_INFO, &two, "2");
    sl_log(SL_LOG_ERROR, &two, "3");
    sl_log_watch_destroy(more);
    sl_log_watch_destroy(less);
    sl_log(SL_LOG_DEBUG, &one, "4");
    sl_log(SL_LOG_INFO, &two, "5");
    sl_log_recent(&one, hear, heard);
    assert_string_equal(heard, "debug session=\"c\" 1\n");
    heard[0] = '\0';
    sl_log_recent(&two, hear, heard);
    assert_string_equal(heard, "error session=\"d\" 3\ninfo session=\"d\" 5\n");
}

static void the_last_lines_stay_whole_when_old_ones_go(void **state)
{
    (void)state;
    struct sl_log_scope one, noise;
    static char filler[2000], heard[HEARD_MAX];

    memset(filler, 'x', sizeof(filler) - 1);
    sl_log_scope_init(&one, NULL, "session", "e");
    sl_log_scope_init(&noise, NULL, "session", "f");
    sl_log(SL_LOG_INFO, &one, "old");
    for (int i = 0; i < 1500; i++)
        sl_log(SL_LOG_INFO, &noise, "%s", filler);
    sl_log(SL_LOG_INFO, &one, "new");
    sl_log_recent(&one, hear, heard);
    assert_string_equal(heard, "info session=\"e\" new\n");
}

static void watches_have_a_bound(void **state)
{
    (void)state;
    struct sl_log_watch *watches[SL_LOG_WATCHES_MAX];
    struct sl_log_scope scope;

    sl_log_scope_init(&scope, NULL, "session", "g");
    for (size_t i = 0; i < SL_LOG_WATCHES_MAX; i++)
        assert_non_null(watches[i] = sl_log_watch_level(&scope, SL_LOG_INFO));
    assert_null(sl_log_watch_level(&scope, SL_LOG_INFO));
    for (size_t i = 0; i < SL_LOG_WATCHES_MAX; i++)
        sl_log_watch_destroy(watches[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_watch_hears_its_object_and_what_is_in_it),
        cmocka_unit_test(a_level_is_one_objects_own),
        cmocka_unit_test(the_last_lines_stay_whole_when_old_ones_go),
        cmocka_unit_test(watches_have_a_bound),
    };

    return cmocka_run_group_tests_name("log_watch", tests, open_log, NULL);
}
