/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random bytes and tokens: hardening class 25. */
#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h>

static void a_token_has_its_length_and_plain_letters(void **state)
{
    (void)state;
    static const size_t lengths[] = {0, 1, 26, 32, 33, 255};
    char token[257];

    for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
        size_t len = lengths[i];
        memset(token, '!', sizeof(token));
        sl_random_token(token, len);
        assert_int_equal(strlen(token), len);
        assert_int_equal(strspn(token, "0123456789abcdefghijklmnopqrstuvwxyz"), len);
        assert_int_equal(token[len + 1], '!');
    }
}

static void no_digit_is_likelier_than_another(void **state)
{
    (void)state;
    enum { DRAWN = 36000, EXPECTED = DRAWN / 36 };
    static char token[DRAWN + 1];
    int count[256] = {0};

    sl_random_token(token, DRAWN);
    for (size_t i = 0; i < DRAWN; i++)
        count[(unsigned char)token[i]]++;
    for (const char *c = "0123456789abcdefghijklmnopqrstuvwxyz"; *c; c++) {
        int drawn = count[(unsigned char)*c];
        /* Eight standard deviations: a fair draw leaves them once in 10^15 runs. */
        if (drawn < EXPECTED - 250 || drawn > EXPECTED + 250)
            fail_msg("'%c' came %d times", *c, drawn);
    }
}

static void two_draws_differ_and_fill_every_byte(void **state)
{
    (void)state;
    uint8_t a[32], b[32], ever[32] = {0};

    sl_random_bytes(a, sizeof(a));
    sl_random_bytes(b, sizeof(b));
    assert_memory_not_equal(a, b, sizeof(a));
    for (int i = 0; i < 16; i++) {
        sl_random_bytes(a, sizeof(a));
        for (size_t j = 0; j < sizeof(a); j++)
            ever[j] |= a[j];
    }
    for (size_t j = 0; j < sizeof(ever); j++)
        assert_int_not_equal(ever[j], 0);
    sl_random_bytes(a, 0);
    assert_true(sl_random_u32() != sl_random_u32() || sl_random_u32() != sl_random_u32());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_has_its_length_and_plain_letters),
        cmocka_unit_test(no_digit_is_likelier_than_another),
        cmocka_unit_test(two_draws_differ_and_fill_every_byte),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
