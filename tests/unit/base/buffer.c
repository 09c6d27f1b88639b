/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bytes that grow up to a limit. */
#include "base/buffer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void grows_and_keeps_what_is_there(void **state)
{
    (void)state;
    struct sl_buffer b;

    sl_buffer_init(&b, 1 << 20);
    for (unsigned i = 0; i < 100000; i++)
        sl_buffer_u8(&b, (uint8_t)i);
    assert_true(b.ok);
    assert_int_equal(b.len, 100000);
    for (unsigned i = 0; i < 100000; i++)
        assert_int_equal(b.data[i], (uint8_t)i);
    sl_buffer_clear(&b);
    sl_buffer_u16(&b, 0x0102);
    sl_buffer_u24(&b, 0x030405);
    sl_buffer_u32(&b, 0x06070809);
    sl_buffer_u64(&b, 0x0a0b0c0d0e0f1011);
    sl_buffer_fill(&b, 0x12, 2);
    sl_buffer_append(&b, NULL, 0);
    assert_int_equal(b.len, 19);
    assert_memory_equal(b.data, "\1\2\3\4\5\6\7\x8\x9\xa\xb\xc\xd\xe\xf\x10\x11\x12\x12", b.len);
    sl_buffer_deinit(&b);
}

static void what_does_not_fit_is_left_out_until_it_is_cleared(void **state)
{
    (void)state;
    struct sl_buffer b;

    sl_buffer_init(&b, 10);
    sl_buffer_append(&b, "12345678", 8);
    assert_null(sl_buffer_extend(&b, SIZE_MAX));
    assert_false(b.ok);
    sl_buffer_u8(&b, '9');
    assert_int_equal(b.len, 8);
    sl_buffer_rewind(&b, 4);
    assert_non_null(sl_buffer_extend(&b, 0));
    sl_buffer_append(&b, "567890", 6);
    assert_true(b.ok);
    assert_memory_equal(b.data, "1234567890", b.len);
    sl_buffer_u8(&b, 'x');
    assert_false(b.ok);
    sl_buffer_deinit(&b);
    assert_true(b.ok && b.len == 0 && !b.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows_and_keeps_what_is_there),
        cmocka_unit_test(what_does_not_fit_is_left_out_until_it_is_cleared),
    };

    return cmocka_run_group_tests_name("base buffer", tests, NULL, NULL);
}
