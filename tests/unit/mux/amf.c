/* SPDX-License-Identifier: GPL-3.0-or-later */
/* AMF0: what is written is read again; what is none is refused. */
#include "mux/mux.h"

#include "base/mem.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void what_is_written_is_read_again(void **state)
{
    (void)state;
    uint8_t buf[256];
    struct sl_writer w = sl_writer_of(buf, sizeof(buf));
    static const char *const names[] = {"code", "level", "none", "number"};
    struct sl_amf_text text, fields[4];

    sl_amf_write_string(&w, "onStatus");
    sl_amf_write_number(&w, -2.5);
    sl_amf_write_null(&w);
    sl_amf_write_array_begin(&w, 3);
    sl_amf_write_key(&w, "code");
    sl_amf_write_string(&w, "a\nb");
    sl_amf_write_key(&w, "inner");
    sl_amf_write_object_begin(&w);
    sl_amf_write_key(&w, "code");
    sl_amf_write_bool(&w, true);
    sl_amf_write_object_end(&w);
    sl_amf_write_key(&w, "number");
    sl_amf_write_number(&w, 1);
    sl_amf_write_key(&w, "level");
    sl_amf_write_string(&w, "error");
    sl_amf_write_object_end(&w);
    assert_true(w.ok);

    struct sl_reader r = sl_reader_of(buf, sl_writer_len(&w));
    sl_amf_read_string(&r, &text);
    assert_string_equal(text.text, "onStatus");
    assert_true(sl_amf_read_number(&r) == -2.5);
    sl_amf_skip(&r);
    sl_amf_read_fields(&r, names, fields, 4);
    assert_true(r.ok);
    assert_int_equal(sl_reader_left(&r), 0);
    assert_string_equal(fields[0].text, "a?b");
    assert_string_equal(fields[1].text, "error");
    assert_string_equal(fields[2].text, "");
    assert_string_equal(fields[3].text, "");
}

static void reading_fails_once_and_for_all_at_what_is_not_amf(void **state)
{
    (void)state;
    static const struct {
        const char *why, *bytes;
        size_t len;
    } cases[] = {
        {"empty", "", 0},
        {"a number cut off", "\0\1\2\3", 4},
        {"a string beyond the end", "\2\0\5abc", 6},
        {"an unknown marker", "\x20", 1},
        {"an object without end", "\3\0\1a\5", 5},
        {"a strict array of 2^32 - 1", "\x0a\xff\xff\xff\xff\5", 6},
        {"a long string beyond the end", "\x0c\xff\xff\xff\xffx", 6},
    };
    uint8_t deep[512];

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_reader r = sl_reader_of(cases[i].bytes, cases[i].len);
        sl_amf_skip(&r);
        if (r.ok)
            fail_msg("%s was read", cases[i].why);
    }
    for (size_t i = 0; i < sizeof(deep); i += 4)
        memcpy(deep + i, "\3\0\1a", 4);
    struct sl_reader r = sl_reader_of(deep, sizeof(deep));
    sl_amf_skip(&r);
    assert_false(r.ok);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_again),
        cmocka_unit_test(reading_fails_once_and_for_all_at_what_is_not_amf),
    };

    return cmocka_run_group_tests_name("mux amf", tests, NULL, NULL);
}
