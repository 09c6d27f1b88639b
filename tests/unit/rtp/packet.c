/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RTP packets, header extensions, RTX payloads, codec names, widening of sequence numbers. */
#include "../random.h"
#include "base/mem.h"
#include "rtp/rtp.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* seq 0x1234, timestamp 0x01020304, ssrc 0xcafebabe */
#define REST "\x12\x34\x01\x02\x03\x04\xca\xfe\xba\xbe"

static const uint8_t *bytes_of(const char *text)
{
    return (const uint8_t *)text;
}

static void reads_every_field_of_the_fixed_header(void **state)
{
    (void)state;
    static const char packet[] = "\x80\xe0" REST "abc";
    struct sl_rtp_view view;

    assert_int_equal(sl_rtp_parse(bytes_of(packet), sizeof(packet) - 1, &view), 0);
    assert_true(view.marker);
    assert_int_equal(view.payload_type, 0x60);
    assert_int_equal(view.seq, 0x1234);
    assert_int_equal(view.timestamp, 0x01020304);
    assert_int_equal(view.ssrc, 0xcafebabe);
    assert_int_equal(view.header_len, 12);
    assert_int_equal(view.ext_count, 0);
    assert_int_equal(view.payload_len, 3);
    assert_memory_equal(view.payload, "abc", 3);
}

static void builds_the_header_it_reads(void **state)
{
    (void)state;
    uint8_t packet[SL_RTP_HEADER_LEN];
    struct sl_rtp_view view;

    sl_rtp_build_header(packet, true, 111, 65535, 0xffffffff, 0x80000001);
    assert_int_equal(sl_rtp_parse(packet, sizeof(packet), &view), 0);
    assert_true(view.marker);
    assert_int_equal(view.payload_type, 111);
    assert_int_equal(view.seq, 65535);
    assert_int_equal(view.timestamp, 0xffffffff);
    assert_int_equal(view.ssrc, 0x80000001);
    assert_int_equal(view.payload_len, 0);
    sl_rtp_build_header(packet, false, 0, 0, 0, 0);
    assert_int_equal(packet[1], 0);
}

/* hardening class 9 */
static void refuses_what_is_not_a_packet(void **state)
{
    (void)state;
#define CASE(why, text)                                                                            \
    {                                                                                              \
        why, text, sizeof(text) - 1                                                                \
    }
    static const struct {
        const char *why, *bytes;
        size_t len;
    } cases[] = {
        CASE("empty", ""),
        CASE("one byte", "\x80"),
        CASE("a header cut by one byte", "\x80\x60\x12\x34\x01\x02\x03\x04\xca\xfe\xba"),
        CASE("version 1", "\x40\x60" REST),
        CASE("version 3", "\xc0\x60" REST),
        CASE("CSRC count beyond the end", "\x81\x60" REST),
        CASE("CSRC cut by one byte", "\x82\x60" REST "\1\2\3\4\1\2\3"),
        CASE("no room for the extension's header", "\x90\x60" REST "\xbe\xde\x00"),
        CASE("extension longer than the packet", "\x90\x60" REST "\xbe\xde\x00\x01\x10\x00\x00"),
        CASE("padding bit without padding", "\xa0\x60" REST),
        CASE("padding of no byte", "\xa0\x60" REST "ab\x00"),
        CASE("padding longer than the payload", "\xa0\x60" REST "ab\x04"),
        CASE("padding that reaches into the extension",
             "\xb0\x60" REST "\xbe\xde\x00\x01\x10\x00\x00\x03\x02"),
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_rtp_view view = {.ssrc = 77};
        int err = sl_rtp_parse(bytes_of(cases[i].bytes), cases[i].len, &view);
        if (err != -EBADMSG || view.ssrc != 77)
            fail_msg("%s: got %d", cases[i].why, err);
    }
#undef CASE
}

static void removes_padding_unless_only_the_header_is_in_clear(void **state)
{
    (void)state;
    static const char padded[] = "\xa0\x60" REST "ab\x00\x00\x03";
    static const char only_padding[] = "\xa0\x60" REST "\x00\x00\x03";
    static const char encrypted[] = "\xa0\x60" REST "ab\xff";
    struct sl_rtp_view view;

    assert_int_equal(sl_rtp_parse(bytes_of(padded), sizeof(padded) - 1, &view), 0);
    assert_int_equal(view.payload_len, 2);
    assert_int_equal(sl_rtp_parse(bytes_of(only_padding), sizeof(only_padding) - 1, &view), 0);
    assert_int_equal(view.payload_len, 0);
    assert_int_equal(sl_rtp_parse_header(bytes_of(encrypted), sizeof(encrypted) - 1, &view), 0);
    assert_int_equal(view.payload_len, 3);
    assert_int_equal(view.header_len, 12);
}

static void counts_csrcs_and_extension_into_the_header(void **state)
{
    (void)state;
    static const char packet[] = "\x92\x60" REST "\1\1\1\1\2\2\2\2" /* two CSRCs */
                                 "\x12\x34\x00\x01\x10\xff\x10\xff" /* a profile of its own */
                                 "x";
    struct sl_rtp_view view;

    assert_int_equal(sl_rtp_parse(bytes_of(packet), sizeof(packet) - 1, &view), 0);
    assert_int_equal(view.header_len, 12 + 8 + 8);
    assert_int_equal(view.ext_count, 0);
    assert_int_equal(view.payload_len, 1);
    assert_int_equal(view.payload[0], 'x');
}

static void assert_ext(const struct sl_rtp_view *view, uint8_t id, const char *data, size_t len)
{
    size_t found_len;
    const uint8_t *found = sl_rtp_ext(view, id, &found_len);

    assert_non_null(found);
    assert_int_equal(found_len, len);
    assert_memory_equal(found, data, len);
}

/* The example of RFC 8285 section 4.2: one byte, padding, two bytes in between. */
static void reads_one_byte_extensions(void **state)
{
    (void)state;
    static const char packet[] = "\x90\x60" REST "\xbe\xde\x00\x03"
                                 "\x10\xaa\x21\xbb\xcc\x00\x00\xe3\x01\x02\x03\x04"
                                 "payload";
    struct sl_rtp_view view;
    size_t len;

    assert_int_equal(sl_rtp_parse(bytes_of(packet), sizeof(packet) - 1, &view), 0);
    assert_int_equal(view.ext_count, 3);
    assert_ext(&view, 1, "\xaa", 1);
    assert_ext(&view, 2, "\xbb\xcc", 2);
    assert_ext(&view, 14, "\x01\x02\x03\x04", 4);
    assert_null(sl_rtp_ext(&view, 3, &len));
    assert_int_equal(view.payload_len, 7);
}

/* The example of RFC 8285 section 4.3, with an element of length 0. */
static void reads_two_byte_extensions(void **state)
{
    (void)state;
    static const char packet[] = "\x90\x60" REST "\x10\x05\x00\x03"
                                 "\x10\x00\xc8\x01\xbb\x00\x0f\x04\x01\x02\x03\x04";
    struct sl_rtp_view view;

    assert_int_equal(sl_rtp_parse(bytes_of(packet), sizeof(packet) - 1, &view), 0);
    assert_int_equal(view.ext_count, 3);
    assert_ext(&view, 16, "", 0);
    assert_ext(&view, 200, "\xbb", 1);
    assert_ext(&view, 15, "\x01\x02\x03\x04", 4);
}

static void keeps_the_packet_when_an_extension_makes_no_sense(void **state)
{
    (void)state;
    static const struct {
        const char *why, *elements; /* 8 bytes */
        size_t count;
    } cases[] = {
        {"one byte: longer than the extension", "\xbe\xde\x00\x01\x10\xaa\x2f\xbb", 1},
        {"one byte: id 15 ends it", "\xbe\xde\x00\x01\xf0\xaa\x10\xbb", 0},
        {"one byte: padding with a length ends it", "\xbe\xde\x00\x01\x01\xaa\x10\xbb", 0},
        {"two bytes: longer than the extension", "\x10\x00\x00\x01\x01\x00\x02\x01", 1},
        {"two bytes: length missing", "\x10\x00\x00\x01\x01\x01\xaa\x02", 1},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        uint8_t packet[21] = "\x90\x60" REST;
        struct sl_rtp_view view;
        memcpy(packet + 12, cases[i].elements, 8);
        if (sl_rtp_parse(packet, sizeof(packet), &view) != 0 || view.payload_len != 1 ||
            view.ext_count != cases[i].count)
            fail_msg("%s: %zu elements", cases[i].why, view.ext_count);
    }
}

static void leaves_out_extensions_beyond_the_sixteenth(void **state)
{
    (void)state;
    uint8_t packet[12 + 4 + 40] = "\x90\x60" REST "\x10\x00\x00\x0a";
    struct sl_rtp_view view;

    for (uint8_t i = 0; i < 20; i++) {
        packet[16 + 2 * i] = (uint8_t)(i + 1);
        packet[17 + 2 * i] = 0;
    }
    assert_int_equal(sl_rtp_parse(packet, sizeof(packet), &view), 0);
    assert_int_equal(view.ext_count, SL_RTP_EXT_MAX);
    assert_int_equal(view.ext[15].id, 16);
    assert_int_equal(view.payload_len, 0);
}

/* RFC 5761 section 4 */
static void tells_rtcp_from_rtp_by_the_second_byte(void **state)
{
    (void)state;
    static const struct {
        uint8_t second;
        bool rtcp;
    } cases[] = {
        {200, true}, {206, true}, {192, true},  {223, true},         {191, false},
        {96, false}, {0, false},  {111, false}, {0x80 | 127, false}, {224, false},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        uint8_t packet[2] = {0x80, cases[i].second};
        if (sl_rtcp_is(packet) != cases[i].rtcp)
            fail_msg("%u", cases[i].second);
    }
}

static void reads_the_original_number_of_a_retransmission(void **state)
{
    (void)state;
    uint16_t seq = 7;

    assert_int_equal(sl_rtx_parse(bytes_of("\xab\xcd"), 2, &seq), 0);
    assert_int_equal(seq, 0xabcd);
    assert_int_equal(sl_rtx_parse(bytes_of("\x01"), 1, &seq), -EBADMSG);
    assert_int_equal(sl_rtx_parse(bytes_of(""), 0, &seq), -EBADMSG);
    assert_int_equal(seq, 0xabcd);
}

static void widens_numbers_across_the_wrap_in_both_directions(void **state)
{
    (void)state;
    static const struct {
        uint16_t seq;
        int64_t wide;
    } steps[] =
        {
            {65534, 65536 + 65534},     {65535, 65536 + 65535},
            {1, 2 * 65536 + 1},         {0, 2 * 65536},
            {65533, 65536 + 65533},     {2, 2 * 65536 + 2},
            {32769, 2 * 65536 + 32769}, /* 32767 on: still forward */
            {1, 2 * 65536 + 1},         /* 32768 back */
        };
    struct sl_seq_unwrap unwrap = {0};

    for (size_t i = 0; i < SL_ARRAY_LEN(steps); i++)
        assert_int_equal(sl_seq_unwrap(&unwrap, steps[i].seq), steps[i].wide);
}

static void widened_numbers_are_positive_and_follow_the_true_ones(void **state)
{
    (void)state;
    struct sl_seq_unwrap unwrap = {0};
    uint32_t random = 5;
    int64_t highest = 3, offset = 65536; /* the first number, 3, is widened to 65539 */

    assert_int_equal(sl_seq_unwrap(&unwrap, 3), offset + 3);
    for (int i = 0; i < 100000; i++) {
        int64_t seq = highest + (int64_t)random_below(&random, 3000) - 1000;
        int64_t wide = sl_seq_unwrap(&unwrap, (uint16_t)seq);
        assert_int_equal(wide, offset + seq);
        assert_true(wide > 0);
        if (seq > highest)
            highest = seq;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_field_of_the_fixed_header),
        cmocka_unit_test(builds_the_header_it_reads),
        cmocka_unit_test(refuses_what_is_not_a_packet),
        cmocka_unit_test(removes_padding_unless_only_the_header_is_in_clear),
        cmocka_unit_test(counts_csrcs_and_extension_into_the_header),
        cmocka_unit_test(reads_one_byte_extensions),
        cmocka_unit_test(reads_two_byte_extensions),
        cmocka_unit_test(keeps_the_packet_when_an_extension_makes_no_sense),
        cmocka_unit_test(leaves_out_extensions_beyond_the_sixteenth),
        cmocka_unit_test(tells_rtcp_from_rtp_by_the_second_byte),
        cmocka_unit_test(reads_the_original_number_of_a_retransmission),
        cmocka_unit_test(widens_numbers_across_the_wrap_in_both_directions),
        cmocka_unit_test(widened_numbers_are_positive_and_follow_the_true_ones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
