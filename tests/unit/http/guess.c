/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Guessed passwords wait: hardening.md class 17, rows REST and SSH. */
#include "http/guess.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static const int64_t start_us = 1000000000;

static struct sl_addr address(const char *text)
{
    struct sl_addr addr;

    assert_int_equal(sl_addr_parse_ip(text, 1, &addr), 0);
    return addr;
}

static int64_t at_s(int seconds)
{
    return start_us + (int64_t)seconds * SL_US_PER_S;
}

static void five_wrong_ones_within_a_minute_wait_for_its_end(void **state)
{
    (void)state;
    struct sl_guesses *guesses = sl_guesses_create();
    struct sl_addr remote = address("192.0.2.1"), other = address("192.0.2.2");

    for (int i = 0; i < SL_GUESS_WRONG_MAX; i++) {
        assert_int_equal(sl_guesses_wait_s(guesses, &remote, at_s(i)), 0);
        sl_guesses_note_wrong(guesses, &remote, at_s(i));
    }
    assert_int_equal(sl_guesses_wait_s(guesses, &remote, at_s(5)), 55);
    assert_int_equal(sl_guesses_wait_s(guesses, &remote, at_s(60) - 1), 1);
    assert_int_equal(sl_guesses_wait_s(guesses, &remote, at_s(60)), 0);
    assert_int_equal(sl_guesses_wait_s(guesses, &other, at_s(5)), 0);
    sl_guesses_destroy(guesses);
}

static void wrong_ones_far_apart_never_wait(void **state)
{
    (void)state;
    struct sl_guesses *guesses = sl_guesses_create();
    struct sl_addr remote = address("192.0.2.1");

    for (int i = 0; i < 100; i++) {
        sl_guesses_note_wrong(guesses, &remote, at_s(i * 16));
        assert_int_equal(sl_guesses_wait_s(guesses, &remote, at_s(i * 16)), 0);
    }
    sl_guesses_destroy(guesses);
}

static void knows_an_address_by_any_spelling_and_ipv6_by_its_network(void **state) /* class 14 */
{
    (void)state;
    static const struct {
        const char *guesser, *asked;
        bool same;
    } cases[] = {
        {"192.0.2.1", "::ffff:192.0.2.1", true},
        {"2001:db8::1", "2001:db8::ffff:ffff:ffff:2", true},
        {"2001:db8::1", "2001:db8:0:1::1", false},
        {"2001:db8::1", "192.0.2.1", false},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct sl_guesses *guesses = sl_guesses_create();
        struct sl_addr guesser = address(cases[i].guesser), asked = address(cases[i].asked);
        for (int k = 0; k < SL_GUESS_WRONG_MAX; k++)
            sl_guesses_note_wrong(guesses, &guesser, at_s(0));
        assert_true((sl_guesses_wait_s(guesses, &asked, at_s(0)) > 0) == cases[i].same);
        sl_guesses_destroy(guesses);
    }
}

static void remembers_a_bounded_number_of_addresses_the_newest(void **state)
{
    (void)state;
    struct sl_guesses *guesses = sl_guesses_create();
    struct sl_addr first = address("192.0.2.1"), last = address("192.0.2.2");

    for (int k = 0; k < SL_GUESS_WRONG_MAX; k++)
        sl_guesses_note_wrong(guesses, &first, at_s(0));
    for (unsigned i = 1; i < SL_GUESS_PLACES; i++) {
        char text[40];
        (void)snprintf(text, sizeof(text), "10.0.%u.%u", i / 256, i % 256);
        struct sl_addr crowd = address(text);
        sl_guesses_note_wrong(guesses, &crowd, at_s(1));
    }
    assert_true(sl_guesses_wait_s(guesses, &first, at_s(1)) > 0);
    for (int k = 0; k < SL_GUESS_WRONG_MAX; k++)
        sl_guesses_note_wrong(guesses, &last, at_s(2));
    assert_true(sl_guesses_wait_s(guesses, &last, at_s(2)) > 0);
    assert_int_equal(sl_guesses_wait_s(guesses, &first, at_s(2)), 0);
    sl_guesses_destroy(guesses);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(five_wrong_ones_within_a_minute_wait_for_its_end),
        cmocka_unit_test(wrong_ones_far_apart_never_wait),
        cmocka_unit_test(knows_an_address_by_any_spelling_and_ipv6_by_its_network),
        cmocka_unit_test(remembers_a_bounded_number_of_addresses_the_newest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
