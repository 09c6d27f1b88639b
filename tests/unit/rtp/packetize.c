/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Frames into payloads: what each looks like, and that the assembler makes the same picture of them
 * again. */
#include "../random.h"
#include "base/mem.h"
#include "output.h"
#include "rtp/rtp.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { PAYLOADS_MAX = 8192, BYTES_MAX = 1 << 20 };

struct payloads {
    size_t count;
    struct {
        uint8_t bytes[SL_RTP_PAYLOAD_MAX];
        size_t len;
        bool marker;
    } all[PAYLOADS_MAX];
};
static struct payloads payloads;

static void on_payload(void *arg, const uint8_t *payload, size_t len, bool marker)
{
    struct payloads *p = arg;

    assert_true(p->count < PAYLOADS_MAX && len >= 1 && len <= SL_RTP_PAYLOAD_MAX);
    memcpy(p->all[p->count].bytes, payload, len);
    p->all[p->count].len = len;
    p->all[p->count++].marker = marker;
}

static void cut(const uint8_t *au, size_t len, size_t max_payload)
{
    payloads.count = 0;
    sl_packetize_h264(au, len, max_payload, false, on_payload, &payloads);
    for (size_t i = 0; i < payloads.count; i++) {
        assert_true(payloads.all[i].len <= max_payload);
        assert_int_equal(payloads.all[i].marker, i + 1 == payloads.count);
    }
}

static void assert_payload(size_t index, const uint8_t *bytes, size_t len)
{
    assert_true(index < payloads.count);
    assert_int_equal(payloads.all[index].len, len);
    assert_memory_equal(payloads.all[index].bytes, bytes, len);
}

static int teardown(void **state)
{
    (void)state;
    clear(&output);
    return 0;
}

static void units_that_fit_go_as_they_are(void **state)
{
    (void)state;
    cut(TEXT(SC "\x41\x9a\x01"), 1200);
    assert_int_equal(payloads.count, 1);
    assert_payload(0, TEXT("\x41\x9a\x01"));
    cut(TEXT("\0\0\1\x41\x9a" SC "\x41\x44"), 1200); /* two slices, both kinds of start code */
    assert_int_equal(payloads.count, 2);
    assert_payload(0, TEXT("\x41\x9a"));
    assert_payload(1, TEXT("\x41\x44"));
}

static void what_stands_before_the_slices_goes_together(void **state)
{
    (void)state;
    cut(TEXT(SC SPS SC PPS SC "\x65\x88"), 1200);
    assert_int_equal(payloads.count, 2);
    assert_payload(0, TEXT("\x78\x00\x17" SPS "\x00\x04" PPS)); /* RFC 6184 section 5.7.1 */
    assert_payload(1, TEXT("\x65\x88"));
    cut(TEXT(SC SPS SC "\x65\x88"), 1200); /* one alone is no aggregate */
    assert_payload(0, TEXT(SPS));
    cut(TEXT(SC "\x09\xf0" SC SPS SC PPS SC "\x06\x05\x01" SC "\x65\x88"), 30);
    assert_int_equal(payloads.count, 3); /* what does not fit begins another */
    assert_payload(0, TEXT("\x78\x00\x02\x09\xf0\x00\x17" SPS));
    assert_payload(1, TEXT("\x78\x00\x04" PPS "\x00\x03\x06\x05\x01"));
    cut(TEXT(SC "\x06\x05" SC "\x06\x05"), 1200);
    assert_payload(0, TEXT("\x18\x00\x02\x06\x05\x00\x02\x06\x05")); /* NRI is the highest of all */
}

static void large_units_go_in_pieces(void **state)
{
    (void)state;
    cut(TEXT(SC "\x65"
                "0123456789abcdef"),
        16);
    assert_int_equal(payloads.count, 2); /* RFC 6184 section 5.8: 17 bytes do not fit */
    assert_payload(0, TEXT("\x7c\x85"
                           "0123456789abcd"));
    assert_payload(1, TEXT("\x7c\x45"
                           "ef"));
    cut(TEXT(SC "\x65"
                "0123456789abcde"),
        16);
    assert_int_equal(payloads.count, 1);
    cut(TEXT(SC "\x61"
                "0123456789abcd0123456789abcd0123456789abcd"),
        16);
    assert_int_equal(payloads.count, 3);
    assert_payload(1, TEXT("\x7c\x01"
                           "0123456789abcd"));
}

static void what_is_no_unit_is_left_out(void **state)
{
    (void)state;
    static const struct {
        const char *why, *au;
        size_t len, count;
    } cases[] = {
        {"nothing", "", 0, 0},
        {"no start code", "\x41\x9a\x00\x00", 4, 0},
        {"start code alone", SC, 4, 0},
        {"start code cut", "\0\0\0", 3, 0},
        {"only zeros behind", SC "\0\0\0\0", 8, 0},
        {"types of RTP itself", SC "\x78\x01" SC "\x7c\x85\x01" SC "\x40\x01", 19, 0},
        {"bytes in front", "\x41\x9a" SC "\x41\x9a", 8, 1},
        {"zeros behind", SC "\x41\x9a\0\0\0\0", 10, 1},
        {"twice the start code", SC SC "\x41\x9a", 10, 1},
        {"last one left out", SC "\x41\x9a" SC "\x5f\x01", 12, 1},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        cut((const uint8_t *)cases[i].au, cases[i].len, 1200);
        if (payloads.count != cases[i].count)
            fail_msg("%s: %zu payloads", cases[i].why, payloads.count);
        if (cases[i].count > 0)
            assert_payload(0, TEXT("\x41\x9a"));
    }
}

/* ---- Round trip ---- */

struct picture {
    size_t len;
    uint8_t bytes[BYTES_MAX];
};

static void add(struct picture *picture, const uint8_t *bytes, size_t len)
{
    memcpy(picture->bytes + picture->len, bytes, len);
    picture->len += len;
}

static void add_slice(struct picture *picture, uint32_t *random, uint8_t header, bool first)
{
    size_t len = 1 + random_below(random, random_chance(random, 20) ? 60000 : 2000);

    add(picture, TEXT(SC));
    add(picture, &header, 1);
    for (size_t i = 0; i < len; i++) {
        uint8_t byte = (uint8_t)random_next(random);
        if (i == 0)
            byte = first ? byte | 0x80 : byte & 0x7f;
        /* An encoder writes 03 where a start code would show, and never ends in 0. */
        if ((byte <= 3 && picture->bytes[picture->len - 1] == 0) || i + 1 == len)
            byte |= 0x10;
        add(picture, &byte, 1);
    }
}

static void make_picture(struct picture *picture, uint32_t *random, bool keyframe)
{
    uint32_t slices = 1 + random_below(random, 3);

    picture->len = 0;
    if (random_chance(random, 30))
        add(picture, TEXT(SC "\x09\xf0"));
    if (keyframe)
        add(picture, TEXT(SC SPS SC PPS));
    if (random_chance(random, 30))
        add(picture, TEXT(SC "\x06\x05\x01\x02\x80"));
    for (uint32_t i = 0; i < slices; i++)
        add_slice(picture, random, keyframe ? 0x65 : 0x41, i == 0);
}

static void the_assembler_gives_the_same_picture_back(void **state)
{
    (void)state;
    static struct picture picture;
    struct sl_assembler *assembler = create(SL_CODEC_H264);
    uint32_t random = 20240607;
    int64_t seq = 1;

    for (uint32_t n = 0; n < 300; n++) {
        size_t max_payload =
            SL_RTP_PAYLOAD_MIN + random_below(&random, SL_RTP_PAYLOAD_MAX - SL_RTP_PAYLOAD_MIN + 1);
        if (max_payload < 100 && n % 4 != 0)
            max_payload = SL_RTP_PAYLOAD_DEFAULT;
        make_picture(&picture, &random, n % 10 == 0);
        cut(picture.bytes, picture.len, max_payload);
        for (size_t i = 0; i < payloads.count; i++)
            sl_assembler_input(assembler, seq++, n * 3600, payloads.all[i].marker,
                               payloads.all[i].bytes, payloads.all[i].len, 0);
        assert_int_equal(output.count, 1);
        assert_int_equal(output.frames[0].keyframe, n % 10 == 0);
        assert_int_equal(output.frames[0].len, picture.len);
        assert_memory_equal(output.frames[0].data, picture.bytes, picture.len);
        assert_int_equal(output.losses, 0);
        clear(&output);
    }
    sl_assembler_destroy(assembler);
}

static void vp8_goes_in_pieces_of_one_length_under_its_picture_id(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        size_t len, max_payload, count;
    } cases[] = {
        {"a small one", 10, 1200, 1},
        {"one that fits exactly", 1196, 1200, 1},
        {"one more", 1197, 1200, 2},
        {"many", 100000, 1200, 84},
        {"the smallest payloads", 100, SL_RTP_PAYLOAD_MIN, 9},
    };
    static uint8_t frame[100000];

    for (size_t i = 0; i < sizeof(frame); i++)
        frame[i] = (uint8_t)(i * 31);
    memcpy(frame, "\x10\x02\0\x9d\x01\x2a\x40\x01\xf0\0", 10); /* a key frame, 320 x 240 */
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        payloads.count = 0;
        sl_packetize_vp8(frame, cases[i].len, 0x1234, cases[i].max_payload, on_payload, &payloads);
        if (payloads.count != cases[i].count)
            fail_msg("%s: %zu payloads", cases[i].why, payloads.count);
        struct sl_assembler *assembler = create(SL_CODEC_VP8);
        for (size_t k = 0; k < payloads.count; k++) {
            const uint8_t descriptor[] = {k == 0 ? 0x90 : 0x80, 0x80, 0x92, 0x34};
            size_t len = payloads.all[k].len;
            assert_memory_equal(payloads.all[k].bytes, descriptor, sizeof(descriptor));
            assert_true(len <= cases[i].max_payload && len + 1 >= payloads.all[0].len);
            assert_int_equal(payloads.all[k].marker, k + 1 == payloads.count);
            sl_assembler_input(assembler, 100 + (int64_t)k, 90, payloads.all[k].marker,
                               payloads.all[k].bytes, len, 0);
        }
        sl_assembler_destroy(assembler);
        assert_int_equal(output.count, 1);
        assert_true(output.frames[0].keyframe && output.frames[0].width == 320);
        assert_int_equal(output.frames[0].len, cases[i].len);
        assert_memory_equal(output.frames[0].data, frame, cases[i].len);
        clear(&output);
    }
}

static void aac_says_the_length_of_the_whole_in_every_piece(void **state)
{
    (void)state;
    static uint8_t au[SL_AAC_LEN_MAX + 1];

    for (size_t i = 0; i < sizeof(au); i++)
        au[i] = (uint8_t)(i * 7);
    payloads.count = 0;
    assert_int_equal(sl_packetize_aac(au, 300, 1200, on_payload, &payloads), 0);
    assert_int_equal(payloads.count, 1);
    assert_int_equal(payloads.all[0].len, 304);
    assert_memory_equal(payloads.all[0].bytes, "\x00\x10\x09\x60", 4); /* 16 bits; 300 << 3 */
    assert_memory_equal(payloads.all[0].bytes + 4, au, 300);
    assert_true(payloads.all[0].marker);

    payloads.count = 0;
    assert_int_equal(sl_packetize_aac(au, SL_AAC_LEN_MAX, 1200, on_payload, &payloads), 0);
    assert_int_equal(payloads.count, 7);
    for (size_t i = 0, at = 0; i < payloads.count; i++) {
        assert_memory_equal(payloads.all[i].bytes, "\x00\x10\xff\xf8", 4);
        assert_memory_equal(payloads.all[i].bytes + 4, au + at, payloads.all[i].len - 4);
        assert_int_equal(payloads.all[i].marker, i == 6);
        at += payloads.all[i].len - 4;
    }
    payloads.count = 0;
    assert_int_equal(sl_packetize_aac(au, sizeof(au), 1200, on_payload, &payloads), -EMSGSIZE);
    assert_int_equal(payloads.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(units_that_fit_go_as_they_are),
        cmocka_unit_test(what_stands_before_the_slices_goes_together),
        cmocka_unit_test(large_units_go_in_pieces),
        cmocka_unit_test(what_is_no_unit_is_left_out),
        cmocka_unit_test_teardown(vp8_goes_in_pieces_of_one_length_under_its_picture_id, teardown),
        cmocka_unit_test(aac_says_the_length_of_the_whole_in_every_piece),
        cmocka_unit_test_teardown(the_assembler_gives_the_same_picture_back, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
