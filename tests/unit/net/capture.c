/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Heads of datagrams (DIAG-10). */
#include "net/capture.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct sl_addr remote = {.ip = {[10] = 0xff, [11] = 0xff, 10, 0, 0, 1}, .port = 5000};

static void heads_are_told_apart_and_read(void **state)
{
    (void)state;
    static const struct {
        const char *why, *bytes;
        size_t len;
        enum sl_captured_kind kind;
        uint16_t type, seq;
        uint32_t timestamp, ssrc;
    } cases[] = {
        {"nothing", "", 0, SL_CAPTURED_OTHER, 0, 0, 0, 0},
        {"cut off", "\x80\x60\x00", 3, SL_CAPTURED_OTHER, 0, 0, 0, 0},
        {"a binding request", "\x00\x01\x00\x00\x21\x12\xa4\x42tttttttttttt", 20, SL_CAPTURED_STUN,
         1, 0, 0, 0},
        {"a handshake", "\x16\xfe\xfd\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 13,
         SL_CAPTURED_DTLS, 22, 0, 0, 0},
        {"a picture's", "\x80\xe0\x12\x34\x01\x02\x03\x04\x0a\x0b\x0c\x0d\xff", 13, SL_CAPTURED_RTP,
         0x60, 0x1234, 0x01020304, 0x0a0b0c0d},
        {"a receiver report", "\x80\xc9\x00\x01\x0a\x0b\x0c\x0d", 8, SL_CAPTURED_RTCP, 201, 0, 0,
         0x0a0b0c0d},
        {"of another version", "\x40\x60\x12\x34\x01\x02\x03\x04\x0a\x0b\x0c\x0d", 12,
         SL_CAPTURED_OTHER, 0, 0, 0, 0},
    };
    struct sl_capture *capture = sl_capture_create(SL_ARRAY_LEN(cases));

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++)
        sl_capture_note(capture, i % 2, &remote, (const uint8_t *)cases[i].bytes, cases[i].len);
    assert_int_equal(sl_capture_count(capture), SL_ARRAY_LEN(cases));
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        const struct sl_captured *entry = sl_capture_at(capture, i);
        if (entry->kind != cases[i].kind || entry->type != cases[i].type ||
            entry->seq != cases[i].seq || entry->timestamp != cases[i].timestamp ||
            entry->ssrc != cases[i].ssrc || entry->len != cases[i].len || entry->out != i % 2 ||
            !sl_addr_equal(&entry->remote, &remote))
            fail_msg("%s: kind %d, type %u", cases[i].why, entry->kind, entry->type);
    }
    sl_capture_unref(capture);
}

static void there_is_an_end(void **state)
{
    struct sl_capture *capture = sl_capture_create(3);
    struct sl_capture *writers = sl_capture_ref(capture);

    (void)state;
    sl_capture_note(writers, true, &remote, (const uint8_t *)"", 0);
    sl_capture_end(capture);
    sl_capture_note(writers, true, &remote, (const uint8_t *)"", 0);
    assert_int_equal(sl_capture_count(capture), 1);
    sl_capture_unref(capture);
    sl_capture_unref(writers);

    capture = sl_capture_create(3);
    for (int n = 0; n < 10; n++)
        sl_capture_note(capture, true, &remote, (const uint8_t *)"", 0);
    assert_int_equal(sl_capture_count(capture), 3);
    sl_capture_unref(capture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads_are_told_apart_and_read),
        cmocka_unit_test(there_is_an_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
