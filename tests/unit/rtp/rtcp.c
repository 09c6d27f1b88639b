/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RTCP: what is written is read again, the bytes are those of the RFCs, the rest is refused. */
#include "../random.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "rtp/rtp.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t *bytes_of(const char *text)
{
    return (const uint8_t *)text;
}

static uint8_t buf[4096];

static struct sl_writer writer(void)
{
    return sl_writer_of(buf, sizeof(buf));
}

/* The only packet in the writer. */
static struct sl_rtcp_view only_packet(const struct sl_writer *w)
{
    struct sl_rtcp_view view;
    size_t offset = 0;

    assert_true(w->ok);
    assert_int_equal(sl_rtcp_next(buf, sl_writer_len(w), &offset, &view), 1);
    assert_int_equal(offset, sl_writer_len(w));
    return view;
}

#define assert_bytes(w, text)                                                                      \
    do {                                                                                           \
        assert_true((w)->ok);                                                                      \
        assert_int_equal(sl_writer_len(w), sizeof(text) - 1);                                      \
        assert_memory_equal((w)->start, (text), sizeof(text) - 1);                                 \
    } while (0)

static const struct sl_report_block blocks[] = {
    {0x11111111, 255, -1, 0x00020003, 17, 0xaabbccdd, 65536},
    {0x22222222, 0, 0x7fffff, 1, 0, 0, 0},
    {0x33333333, 128, -0x800000, 0xffffffff, 0xffffffff, 1, 0xffffffff},
};

static void assert_blocks(const struct sl_rtcp_view *view, size_t count)
{
    struct sl_report_block out[32];

    assert_int_equal(sl_rtcp_read_blocks(view, out, 32), count);
    for (size_t i = 0; i < count; i++) {
        const struct sl_report_block *expected = &blocks[i % 3];
        assert_int_equal(out[i].ssrc, expected->ssrc);
        assert_int_equal(out[i].fraction_lost, expected->fraction_lost);
        assert_int_equal(out[i].lost, expected->lost);
        assert_int_equal(out[i].highest_seq, expected->highest_seq);
        assert_int_equal(out[i].jitter, expected->jitter);
        assert_int_equal(out[i].lsr, expected->lsr);
        assert_int_equal(out[i].dlsr, expected->dlsr);
    }
}

static void reads_the_sender_report_it_writes(void **state)
{
    (void)state;
    const struct sl_sender_info info = {0x0123456789abcdef, 0xfedcba98, 3, 0x80000000};
    struct sl_sender_info out;
    struct sl_writer w = writer();

    sl_rtcp_write_sr(&w, 0xcafe, &info, blocks, 3);
    struct sl_rtcp_view view = only_packet(&w);
    assert_int_equal(view.type, SL_RTCP_SR);
    assert_int_equal(view.count, 3);
    assert_int_equal(view.ssrc, 0xcafe);
    assert_int_equal(sl_rtcp_read_sr(&view, &out), 0);
    assert_true(out.ntp == info.ntp);
    assert_int_equal(out.rtp_timestamp, info.rtp_timestamp);
    assert_int_equal(out.packets, info.packets);
    assert_int_equal(out.octets, info.octets);
    assert_blocks(&view, 3);
    struct sl_report_block one;
    assert_int_equal(sl_rtcp_read_blocks(&view, &one, 1), 1);
}

static void reads_the_receiver_report_it_writes(void **state)
{
    (void)state;
    struct sl_writer w = writer();

    sl_rtcp_write_rr(&w, 0xbeef, blocks, 3);
    struct sl_rtcp_view view = only_packet(&w);
    assert_int_equal(view.type, SL_RTCP_RR);
    assert_int_equal(view.ssrc, 0xbeef);
    assert_blocks(&view, 3);
    w = writer();
    sl_rtcp_write_rr(&w, 1, NULL, 0);
    assert_bytes(&w, "\x80\xc9\x00\x01\x00\x00\x00\x01");
}

static void splits_more_blocks_than_a_packet_holds(void **state)
{
    (void)state;
    struct sl_report_block many[70];
    struct sl_writer w = writer();
    struct sl_rtcp_view view;
    size_t offset = 0, left = SL_ARRAY_LEN(many);

    for (size_t i = 0; i < SL_ARRAY_LEN(many); i++)
        many[i] = blocks[i % 31 % 3];
    const struct sl_sender_info info = {0};
    sl_rtcp_write_sr(&w, 5, &info, many, SL_ARRAY_LEN(many));
    assert_true(w.ok);
    while (sl_rtcp_next(buf, sl_writer_len(&w), &offset, &view) == 1) {
        assert_int_equal(view.type, left == 70 ? SL_RTCP_SR : SL_RTCP_RR);
        assert_blocks(&view, left < 31 ? left : 31);
        left -= view.count;
    }
    assert_int_equal(left, 0);
}

static void writes_a_cname_padded_to_words(void **state)
{
    (void)state;
    static const struct {
        const char *cname, *bytes;
        size_t len;
    } cases[] = {
        {"", "\x81\xca\x00\x02\x00\x00\x00\x07\x01\x00\x00\x00", 12},
        {"a",
         "\x81\xca\x00\x02\x00\x00\x00\x07\x01\x01"
         "a\x00",
         12},
        {"ab",
         "\x81\xca\x00\x03\x00\x00\x00\x07\x01\x02"
         "ab\x00\x00\x00\x00",
         16},
        {"abcde",
         "\x81\xca\x00\x03\x00\x00\x00\x07\x01\x05"
         "abcde\x00",
         16},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_writer w = writer();
        sl_rtcp_write_cname(&w, 7, cases[i].cname);
        assert_true(w.ok);
        assert_int_equal(sl_writer_len(&w), cases[i].len);
        assert_memory_equal(buf, cases[i].bytes, cases[i].len);
    }
    char longer[300];
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = 0;
    struct sl_writer w = writer();
    sl_rtcp_write_cname(&w, 7, longer);
    assert_int_equal(buf[9], 255);
    assert_int_equal(sl_writer_len(&w), 8 + 260);
}

static void packs_nacks_into_pid_and_blp(void **state)
{
    (void)state;
    static const uint16_t seqs[] = {65530, 65531, 10, 11, 27, 28};
    struct sl_writer w = writer();

    sl_rtcp_write_nack(&w, 1, 2, seqs, SL_ARRAY_LEN(seqs));
    assert_bytes(&w, "\x81\xcd\x00\x05\x00\x00\x00\x01\x00\x00\x00\x02"
                     "\xff\xfa\x80\x01"   /* 65530, 65531, and 10 is 16 further */
                     "\x00\x0b\x80\x00"   /* 11, 27 */
                     "\x00\x1c\x00\x00"); /* 28 */
    w = writer();
    sl_rtcp_write_nack(&w, 1, 2, seqs, 0);
    assert_int_equal(sl_writer_len(&w), 0);
}

static void reads_the_nacks_it_writes(void **state)
{
    (void)state;
    uint32_t random = 3;

    for (int round = 0; round < 2000; round++) {
        uint16_t seqs[64], out[64], seq = (uint16_t)random_next(&random);
        size_t count = 1 + random_below(&random, 64);
        uint32_t media_ssrc = 0;
        struct sl_writer w = writer();
        for (size_t i = 0; i < count; i++) {
            seqs[i] = seq;
            seq = (uint16_t)(seq + 1 + random_below(&random, random_chance(&random, 80) ? 3 : 40));
        }
        sl_rtcp_write_nack(&w, 1, 0xabcdef01, seqs, count);
        struct sl_rtcp_view view = only_packet(&w);
        assert_int_equal(sl_rtcp_read_nack(&view, &media_ssrc, out, 64), count);
        assert_int_equal(media_ssrc, 0xabcdef01);
        assert_memory_equal(out, seqs, count * sizeof(seqs[0]));
        assert_int_equal(sl_rtcp_read_nack(&view, &media_ssrc, out, count / 2), count / 2);
    }
}

static void asks_for_key_frames_by_pli_and_fir(void **state)
{
    (void)state;
    struct sl_writer w = writer();
    uint32_t ssrcs[4];

    sl_rtcp_write_pli(&w, 0x01020304, 0x05060708);
    assert_bytes(&w, "\x81\xce\x00\x02\x01\x02\x03\x04\x05\x06\x07\x08");
    struct sl_rtcp_view view = only_packet(&w);
    assert_int_equal(sl_rtcp_read_keyframe_request(&view, ssrcs, 4), 1);
    assert_int_equal(ssrcs[0], 0x05060708);

    w = writer();
    sl_rtcp_write_fir(&w, 0x01020304, 0x05060708, 0xfe);
    assert_bytes(&w, "\x84\xce\x00\x04\x01\x02\x03\x04\x00\x00\x00\x00"
                     "\x05\x06\x07\x08\xfe\x00\x00\x00");
    view = only_packet(&w);
    assert_int_equal(sl_rtcp_read_keyframe_request(&view, ssrcs, 4), 1);
    assert_int_equal(ssrcs[0], 0x05060708);
    assert_int_equal(sl_rtcp_read_keyframe_request(&view, ssrcs, 0), 0);
}

static void reads_the_bitrate_it_writes(void **state)
{
    (void)state;
    static const uint64_t rates[] = {0,      1,       0x3ffff,    0x40000,
                                     300000, 2500000, 1ULL << 40, UINT64_MAX};
    static const uint32_t ssrcs[] = {9, 8, 7};

    for (size_t i = 0; i < SL_ARRAY_LEN(rates); i++) {
        struct sl_writer w = writer();
        uint64_t out = 42;
        sl_rtcp_write_remb(&w, 1, rates[i], ssrcs, 3);
        struct sl_rtcp_view view = only_packet(&w);
        assert_int_equal(sl_rtcp_read_remb(&view, &out), 0);
        assert_true(out <= rates[i] && rates[i] - out <= rates[i] >> 17);
    }
    struct sl_writer w = writer();
    sl_rtcp_write_remb(&w, 1, 1000000, ssrcs, 1); /* 250000 << 2 */
    assert_bytes(&w, "\x8f\xce\x00\x05\x00\x00\x00\x01\x00\x00\x00\x00"
                     "REMB\x01\x0b\xd0\x90\x00\x00\x00\x09");
}

static void refuses_bitrates_that_are_none(void **state)
{
    (void)state;
#define AFB "\x8f\xce\x00\x04\x00\x00\x00\x01\x00\x00\x00\x00"
    static const struct {
        const char *why, *bytes;
        int err;
    } cases[] = {
        {"other application feedback", AFB "REMX\x00\x00\x00\x01", -ENOMSG},
        {"more ssrcs than there are", AFB "REMB\x01\x00\x00\x01", -EBADMSG},
        {"more than 64 bits", AFB "REMB\x00\xff\xff\xff", -EBADMSG},
        {"mantissa 0 in spite of the exponent", AFB "REMB\x00\xfc\x00\x00", 0},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_rtcp_view view;
        size_t offset = 0;
        uint64_t rate = 0;
        assert_int_equal(sl_rtcp_next(bytes_of(cases[i].bytes), 20, &offset, &view), 1);
        int err = sl_rtcp_read_remb(&view, &rate);
        if (err != cases[i].err)
            fail_msg("%s: got %d", cases[i].why, err);
    }
#undef AFB
}

static void reads_who_leaves(void **state)
{
    (void)state;
    static const char three[] = "\x83\xcb\x00\x05\0\0\0\1\0\0\0\2\0\0\0\3\x04late\0\0\0";
    static const char cut[] = "\x82\xcb\x00\x01\0\0\0\1";
    struct sl_writer w = writer();
    struct sl_rtcp_view view;
    uint32_t ssrcs[4];
    size_t offset = 0;

    sl_rtcp_write_bye(&w, 0xdeadbeef);
    assert_bytes(&w, "\x81\xcb\x00\x01\xde\xad\xbe\xef");
    view = only_packet(&w);
    assert_int_equal(sl_rtcp_read_bye(&view, ssrcs, 4), 1);
    assert_int_equal(ssrcs[0], 0xdeadbeef);
    assert_int_equal(sl_rtcp_next(bytes_of(three), sizeof(three) - 1, &offset, &view), 1);
    assert_int_equal(sl_rtcp_read_bye(&view, ssrcs, 4), 3);
    assert_int_equal(ssrcs[2], 3);
    assert_int_equal(sl_rtcp_read_bye(&view, ssrcs, 2), 2);
    offset = 0;
    assert_int_equal(sl_rtcp_next(bytes_of(cut), sizeof(cut) - 1, &offset, &view), 1);
    assert_int_equal(sl_rtcp_read_bye(&view, ssrcs, 4), -EBADMSG);
    offset = 0;
    assert_int_equal(sl_rtcp_next(bytes_of("\x80\xcb\0\0"), 4, &offset, &view), 1);
    assert_int_equal(sl_rtcp_read_bye(&view, ssrcs, 4), 0);
    assert_int_equal(view.ssrc, 0);
}

static void steps_through_a_compound_packet(void **state)
{
    (void)state;
    struct sl_writer w = writer();
    struct sl_rtcp_view view;
    static const uint8_t types[] = {SL_RTCP_RR, SL_RTCP_SDES, SL_RTCP_PSFB, SL_RTCP_BYE};
    size_t offset = 0;

    sl_rtcp_write_rr(&w, 1, NULL, 0);
    sl_rtcp_write_cname(&w, 1, "cname");
    sl_rtcp_write_pli(&w, 1, 2);
    sl_rtcp_write_bye(&w, 1);
    for (size_t i = 0; i < SL_ARRAY_LEN(types); i++) {
        assert_int_equal(sl_rtcp_next(buf, sl_writer_len(&w), &offset, &view), 1);
        assert_int_equal(view.type, types[i]);
        assert_int_equal(view.ssrc, 1);
    }
    assert_int_equal(sl_rtcp_next(buf, sl_writer_len(&w), &offset, &view), 0);
}

/* hardening class 9 */
static void stops_where_the_rest_is_not_rtcp(void **state)
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
        CASE("header cut", "\x80\xc9\x00"),
        CASE("version 1", "\x40\xc9\x00\x01\0\0\0\1"),
        CASE("type of an RTP packet", "\x80\x60\x00\x01\0\0\0\1"),
        CASE("length beyond the end", "\x80\xc9\x00\x02\0\0\0\1"),
        CASE("longest length", "\x80\xc9\xff\xff\0\0\0\1"),
        CASE("padding of no byte", "\xa0\xc9\x00\x02\0\0\0\1\0\0\0\0"),
        CASE("padding longer than the packet", "\xa0\xc9\x00\x02\0\0\0\1\0\0\0\x0c"),
        CASE("padding in an empty packet", "\xa0\xc9\x00\x00"),
        CASE("padding that eats the ssrc", "\xa0\xc9\x00\x01\0\0\0\1"),
        CASE("a report without ssrc", "\x80\xc9\x00\x00"),
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        uint8_t packet[32] = "\x81\xce\x00\x02\x01\x02\x03\x04\x05\x06\x07\x08"; /* a PLI first */
        struct sl_rtcp_view view;
        size_t offset = 0;
        memcpy(packet + 12, cases[i].bytes, cases[i].len);
        assert_int_equal(sl_rtcp_next(packet, 12 + cases[i].len, &offset, &view), 1);
        int err = sl_rtcp_next(packet, 12 + cases[i].len, &offset, &view);
        if (err != -EBADMSG || view.type != SL_RTCP_PSFB || offset != 12)
            fail_msg("%s: got %d", cases[i].why, err);
    }
#undef CASE
}

static void removes_padding(void **state)
{
    (void)state;
    static const char packet[] = "\xa0\xc9\x00\x02\0\0\0\1\0\0\0\4";
    struct sl_rtcp_view view;
    size_t offset = 0;

    assert_int_equal(sl_rtcp_next(bytes_of(packet), sizeof(packet) - 1, &offset, &view), 1);
    assert_int_equal(view.body_len, 0);
    assert_int_equal(view.ssrc, 1);
}

static void readers_refuse_short_bodies_and_other_kinds(void **state)
{
    (void)state;
    static const struct {
        const char *why, *bytes;
        size_t len;
    } cases[] = {
        {"SR without sender info", "\x80\xc8\x00\x01\0\0\0\1", 8},
        {"SR with half of it", "\x80\xc8\x00\x05\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1", 24},
        {"RR without its block", "\x81\xc9\x00\x01\0\0\0\1", 8},
        {"NACK without media ssrc", "\x81\xcd\x00\x01\0\0\0\1", 8},
        {"PLI without media ssrc", "\x81\xce\x00\x01\0\0\0\1", 8},
        {"FIR without entry", "\x84\xce\x00\x02\0\0\0\1\0\0\0\0", 12},
        {"FIR with half an entry", "\x84\xce\x00\x03\0\0\0\1\0\0\0\0\0\0\0\2", 16},
        {"application feedback without name", "\x8f\xce\x00\x02\0\0\0\1\0\0\0\0", 12},
        {"SDES", "\x81\xca\x00\x02\0\0\0\1\1\0\0\0", 12},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_rtcp_view view;
        struct sl_sender_info info;
        struct sl_report_block block;
        uint32_t ssrc;
        uint16_t seq;
        uint64_t rate;
        size_t offset = 0;
        assert_int_equal(sl_rtcp_next(bytes_of(cases[i].bytes), cases[i].len, &offset, &view), 1);
        if (sl_rtcp_read_sr(&view, &info) != -EBADMSG ||
            (sl_rtcp_read_blocks(&view, &block, 1) > 0) ||
            sl_rtcp_read_nack(&view, &ssrc, &seq, 1) != -EBADMSG ||
            sl_rtcp_read_keyframe_request(&view, &ssrc, 1) != -EBADMSG ||
            sl_rtcp_read_remb(&view, &rate) != -EBADMSG ||
            sl_rtcp_read_bye(&view, &ssrc, 1) != -EBADMSG)
            fail_msg("%s was read", cases[i].why);
    }
}

static void writes_whole_packets_or_none(void **state)
{
    (void)state;
    static const uint16_t seqs[] = {1, 100};
    static const uint32_t ssrcs[] = {1, 2};
    const struct sl_sender_info info = {0};

    for (size_t room = 0; room < 120; room++) {
        struct sl_writer w = sl_writer_of(buf, room);
        struct sl_rtcp_view view;
        size_t offset = 0, len;
        int found;
        sl_rtcp_write_sr(&w, 1, &info, blocks, 1);    /* 52 */
        sl_rtcp_write_cname(&w, 1, "name");           /* 16 */
        sl_rtcp_write_nack(&w, 1, 2, seqs, 2);        /* 20 */
        sl_rtcp_write_remb(&w, 1, 1000000, ssrcs, 2); /* 28 */
        len = sl_writer_len(&w);
        assert_int_equal(len, room < 52    ? 0
                              : room < 68  ? 52
                              : room < 88  ? 68
                              : room < 116 ? 88
                                           : 116);
        assert_int_equal(w.ok, room >= 116);
        while ((found = sl_rtcp_next(buf, len, &offset, &view)) == 1)
            continue;
        assert_int_equal(found, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_sender_report_it_writes),
        cmocka_unit_test(reads_the_receiver_report_it_writes),
        cmocka_unit_test(splits_more_blocks_than_a_packet_holds),
        cmocka_unit_test(writes_a_cname_padded_to_words),
        cmocka_unit_test(packs_nacks_into_pid_and_blp),
        cmocka_unit_test(reads_the_nacks_it_writes),
        cmocka_unit_test(asks_for_key_frames_by_pli_and_fir),
        cmocka_unit_test(reads_the_bitrate_it_writes),
        cmocka_unit_test(refuses_bitrates_that_are_none),
        cmocka_unit_test(reads_who_leaves),
        cmocka_unit_test(steps_through_a_compound_packet),
        cmocka_unit_test(stops_where_the_rest_is_not_rtcp),
        cmocka_unit_test(removes_padding),
        cmocka_unit_test(readers_refuse_short_bodies_and_other_kinds),
        cmocka_unit_test(writes_whole_packets_or_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
