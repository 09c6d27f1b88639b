/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The names of hook methods (rest-hooks.md sections 3 and 5, spec/README.md decision 7). */
#include "apps/methods.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

static void every_method_has_a_name_that_finds_it(void **state)
{
    (void)state;
    for (enum sl_hook_method i = 0; i < SL_HOOK_METHOD_COUNT; i++) {
        const char *text = sl_hook_method_name(i);
        if (!text)
            fail_msg("method %d has no row in methods.def", (int)i);
        const struct sl_hook_name *name = sl_hook_name_find(text);
        assert_non_null(name);
        assert_int_equal(name->method, i);
        assert_false(name->alias);
    }
}

static void names_are_sorted_without_case_and_unique(void **state)
{
    size_t count;
    const struct sl_hook_name *names = sl_hook_names(&count);

    (void)state;
    assert_int_equal(count, SL_HOOK_METHOD_COUNT + 2);
    for (size_t i = 1; i < count; i++) {
        int order = strcasecmp(names[i - 1].name, names[i].name);
        if (order > 0 || strcmp(names[i - 1].name, names[i].name) == 0)
            fail_msg("%s before %s", names[i - 1].name, names[i].name);
    }
}

static void names_are_found_without_case_but_spellings_are_kept_apart(void **state)
{
    (void)state;
    static const struct {
        const char *text, *found;
    } cases[] = {
        {"publishStream", "publishStream"},
        {"PUBLISHSTREAM", "publishStream"},
        {"streamkeepaliveevent", "StreamKeepAliveEvent"},
        {"sendDTMF", "sendDTMF"},
        {"sendDtmf", "sendDtmf"},
        {"senddtmf", "sendDTMF"},
        {"SENDDATA", "sendData"},
        {"publishStreams", NULL},
        {"publish", NULL},
        {"", NULL},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        const struct sl_hook_name *name = sl_hook_name_find(cases[i].text);
        const char *found = name ? name->name : "nothing";
        if (strcmp(found, cases[i].found ? cases[i].found : "nothing") != 0)
            fail_msg("%s: found %s", cases[i].text, found);
    }
}

static void the_kind_tells_what_a_refusal_means(void **state)
{
    (void)state;
    assert_int_equal(sl_hook_method_kind(SL_HOOK_CONNECT), SL_HOOK_KIND_CONNECT);
    for (enum sl_hook_method i = 0; i < SL_HOOK_METHOD_COUNT; i++) {
        const char *name = sl_hook_method_name(i);
        size_t len = strlen(name);
        bool is_event = len > 5 && strcmp(name + len - 5, "Event") == 0;
        enum sl_hook_kind kind = sl_hook_method_kind(i);
        /* what asks and yet ends in Event: from a remote party, or a client's wish */
        bool asks = i == SL_HOOK_ON_CALL_EVENT || i == SL_HOOK_ON_MESSAGE_EVENT ||
                    i == SL_HOOK_ON_TRANSFER_EVENT || i == SL_HOOK_ON_DATA_EVENT ||
                    i == SL_HOOK_SEND_STREAM_EVENT;
        if ((kind == SL_HOOK_KIND_EVENT) != (is_event && !asks))
            fail_msg("%s is of kind %d", name, (int)kind);
    }
}

static void a_set_gives_the_usual_name_before_an_alias(void **state)
{
    sl_hook_set alias = sl_hook_set_of(sl_hook_name_find("sendDtmf"));
    sl_hook_set usual = sl_hook_set_of(sl_hook_name_find("sendDTMF"));

    (void)state;
    assert_null(sl_hook_set_name(0, SL_HOOK_SEND_DTMF));
    assert_string_equal(sl_hook_set_name(alias, SL_HOOK_SEND_DTMF), "sendDtmf");
    assert_string_equal(sl_hook_set_name(usual, SL_HOOK_SEND_DTMF), "sendDTMF");
    assert_string_equal(sl_hook_set_name(alias | usual, SL_HOOK_SEND_DTMF), "sendDTMF");
    assert_null(sl_hook_set_name(alias | usual, SL_HOOK_CONNECT));
    assert_false(sl_hook_set_usual() & alias);
    assert_true(sl_hook_set_usual() & usual);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_method_has_a_name_that_finds_it),
        cmocka_unit_test(names_are_sorted_without_case_and_unique),
        cmocka_unit_test(names_are_found_without_case_but_spellings_are_kept_apart),
        cmocka_unit_test(the_kind_tells_what_a_refusal_means),
        cmocka_unit_test(a_set_gives_the_usual_name_before_an_alias),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
