/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sound in packets of another length: not a byte more, less or elsewhere. */
#include "flow/recut.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { TRACK_LEN = 160, PACKETS = 60 };

static void fill(struct sl_rtp_packet *packet, int64_t n)
{
    packet->seq = n;
    packet->timestamp = (uint32_t)(UINT32_MAX - 1000 + n * TRACK_LEN); /* it wraps */
    packet->marker = n == 0;
    packet->codec = SL_CODEC_PCMA;
    packet->payload_len = TRACK_LEN;
    for (size_t i = 0; i < TRACK_LEN; i++)
        packet->payload[i] = (uint8_t)((size_t)n * TRACK_LEN + i);
}

static struct sl_recut *make_recut(size_t packet_len)
{
    struct sl_recut *recut = sl_new(struct sl_recut);

    recut->packet_len = packet_len;
    sl_recut_clear(recut);
    return recut;
}

static void what_can_be_cut_and_how(void **state)
{
    (void)state;
    static const struct {
        enum sl_codec codec;
        unsigned ms;
        size_t len;
    } cases[] = {
        {SL_CODEC_PCMA, 30, 240},  {SL_CODEC_PCMU, 10, 80},   {SL_CODEC_G722, 60, 480},
        {SL_CODEC_PCMA, 100, 800}, {SL_CODEC_PCMA, 25, 200}, /* whatever it is good for */
        {SL_CODEC_PCMA, 20, 0},    {SL_CODEC_PCMA, 0, 0},     {SL_CODEC_PCMA, 9, 0},
        {SL_CODEC_PCMA, 101, 0},   {SL_CODEC_PCMA, 65535, 0}, {SL_CODEC_OPUS, 40, 0},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        size_t len = sl_recut_len(cases[i].codec, cases[i].ms);
        if (len != cases[i].len)
            fail_msg("%s of %u ms: %zu", sl_codec_name(cases[i].codec), cases[i].ms, len);
    }
}

static void all_of_it_comes_out_in_its_place(void **state)
{
    (void)state;
    static const size_t lens[] = {80, 120, 200, 240, 320, 480, 800};
    struct sl_rtp_packet *packet = sl_new(struct sl_rtp_packet);

    for (size_t l = 0; l < SL_ARRAY_LEN(lens); l++) {
        struct sl_recut *recut = make_recut(lens[l]);
        struct sl_recut_piece piece;
        size_t at = 0;
        for (int64_t n = 0; n < PACKETS; n++) {
            fill(packet, n);
            assert_true(sl_recut_goes_on(recut, packet));
            sl_recut_put(recut, packet);
            while (sl_recut_take(recut, false, &piece)) {
                assert_int_equal(piece.len, lens[l]);
                assert_int_equal(piece.timestamp, (uint32_t)(UINT32_MAX - 1000 + at));
                assert_int_equal(piece.marker, at == 0);
                for (size_t i = 0; i < piece.len; i++)
                    assert_int_equal(piece.data[i], (uint8_t)(at + i));
                at += piece.len;
            }
        }
        size_t left = PACKETS * TRACK_LEN - at;
        assert_true(left < lens[l]);
        assert_int_equal(sl_recut_take(recut, true, &piece), left > 0);
        if (left > 0)
            assert_int_equal(piece.len, left);
        assert_false(sl_recut_take(recut, true, &piece));
        free(recut);
    }
    free(packet);
}

static void a_gap_is_seen(void **state)
{
    (void)state;
    struct sl_rtp_packet *packet = sl_new(struct sl_rtp_packet);
    struct sl_recut *recut = make_recut(240);
    struct sl_recut_piece piece;

    fill(packet, 0);
    sl_recut_put(recut, packet);
    assert_false(sl_recut_take(recut, false, &piece));
    fill(packet, 2);
    assert_false(sl_recut_goes_on(recut, packet));
    assert_true(sl_recut_take(recut, true, &piece));
    assert_int_equal(piece.len, TRACK_LEN);
    assert_true(sl_recut_goes_on(recut, packet)); /* nothing is kept that it would have to fit */
    sl_recut_put(recut, packet);
    fill(packet, 3);
    sl_recut_put(recut, packet);
    assert_true(sl_recut_take(recut, false, &piece));
    assert_int_equal(piece.timestamp, (uint32_t)(UINT32_MAX - 1000 + 2 * TRACK_LEN));
    sl_recut_clear(recut);
    assert_false(sl_recut_take(recut, true, &piece));
    assert_int_equal(recut->seq, -1);
    free(recut);
    free(packet);
}

static void another_codec_is_no_continuation(void **state)
{
    (void)state;
    struct sl_rtp_packet *packet = sl_new(struct sl_rtp_packet);
    struct sl_recut *recut = make_recut(240);
    struct sl_recut_piece piece;

    fill(packet, 0);
    sl_recut_put(recut, packet);
    fill(packet, 1);
    packet->codec = SL_CODEC_OPUS;
    packet->payload_len = 700;
    assert_false(sl_recut_goes_on(recut, packet));
    assert_true(sl_recut_take(recut, true, &piece));
    assert_int_equal(piece.len, TRACK_LEN);
    sl_recut_put(recut, packet);
    assert_true(sl_recut_take(recut, true, &piece)); /* what is not cut goes as it is */
    assert_int_equal(piece.len, 700);
    assert_false(sl_recut_take(recut, true, &piece));
    free(recut);
    free(packet);
}

static void the_longest_payload_has_room(void **state)
{
    (void)state;
    struct sl_rtp_packet *packet = sl_new(struct sl_rtp_packet);
    struct sl_recut *recut = make_recut(800);
    struct sl_recut_piece piece;
    size_t got = 0;

    packet->codec = SL_CODEC_PCMU;
    packet->payload_len = 799;
    sl_recut_put(recut, packet);
    assert_false(sl_recut_take(recut, false, &piece));
    packet->payload_len = SL_PACKET_PAYLOAD_MAX;
    sl_recut_put(recut, packet);
    while (sl_recut_take(recut, true, &piece))
        got += piece.len;
    assert_int_equal(got, 799 + SL_PACKET_PAYLOAD_MAX);
    free(recut);
    free(packet);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_can_be_cut_and_how),
        cmocka_unit_test(all_of_it_comes_out_in_its_place),
        cmocka_unit_test(a_gap_is_seen),
        cmocka_unit_test(another_codec_is_no_continuation),
        cmocka_unit_test(the_longest_payload_has_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
