/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bounded readers and writers: hardening class 9, no read past the end, ever. */
#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void reads_network_byte_order(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0xff, 0x01, 0x02, 0x81, 0x82, 0x83, 0x91, 0x92, 0x93, 0x94};
    struct sl_reader r = sl_reader_of(bytes, sizeof(bytes));

    assert_int_equal(sl_read_u8(&r), 0xff);
    assert_int_equal(sl_read_u16(&r), 0x0102);
    assert_int_equal(sl_read_u24(&r), 0x818283);
    assert_int_equal(sl_reader_left(&r), 4);
    assert_true(sl_read_u32(&r) == 0x91929394U);
    assert_int_equal(sl_reader_left(&r), 0);
    assert_true(r.ok);
}

static void a_reader_that_failed_stays_failed(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {1, 2, 3};
    struct sl_reader r = sl_reader_of(bytes, sizeof(bytes));

    assert_int_equal(sl_read_u32(&r), 0);
    assert_false(r.ok);
    assert_int_equal(sl_read_u8(&r), 0); /* though there were bytes left */
    assert_null(sl_reader_take(&r, 0));
    assert_int_equal(sl_reader_left(&r), 0);
}

static void takes_the_whole_and_not_a_byte_more(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {1, 2, 3};
    struct sl_reader r = sl_reader_of(bytes, sizeof(bytes));

    assert_ptr_equal(sl_reader_take(&r, 3), bytes);
    assert_non_null(sl_reader_take(&r, 0));
    assert_true(r.ok);
    assert_null(sl_reader_take(&r, SIZE_MAX)); /* no sum that could wrap */
    assert_false(r.ok);
}

static void writes_what_readers_read(void **state)
{
    (void)state;
    uint8_t bytes[12];
    struct sl_writer w = sl_writer_of(bytes, sizeof(bytes));

    sl_write_u8(&w, 0xfe);
    sl_write_u16(&w, 0xfdfc);
    sl_write_u24(&w, 0xfbfaf9);
    sl_write_u32(&w, 0xf8f7f6f5U);
    sl_write_bytes(&w, "xy", 2);
    sl_write_bytes(&w, NULL, 0);
    assert_true(w.ok);
    assert_int_equal(sl_writer_len(&w), sizeof(bytes));
    assert_memory_equal(bytes, "\xfe\xfd\xfc\xfb\xfa\xf9\xf8\xf7\xf6\xf5xy", sizeof(bytes));
}

static void a_full_writer_fails_and_touches_nothing(void **state)
{
    (void)state;
    uint8_t bytes[4] = {0, 0, 0, 0x77};
    struct sl_writer w = sl_writer_of(bytes, 3);

    sl_write_u16(&w, 0x0102);
    sl_write_u16(&w, 0x0304); /* one byte too many */
    assert_false(w.ok);
    sl_write_u8(&w, 5); /* would fit, but the structure is broken already */
    assert_int_equal(sl_writer_len(&w), 2);
    assert_memory_equal(bytes, "\x01\x02\x00\x77", 4);
    assert_null(sl_writer_take(&w, SIZE_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_network_byte_order),
        cmocka_unit_test(a_reader_that_failed_stays_failed),
        cmocka_unit_test(takes_the_whole_and_not_a_byte_more),
        cmocka_unit_test(writes_what_readers_read),
        cmocka_unit_test(a_full_writer_fails_and_touches_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
