/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Going on with another source: numbers, time stamps and VP8's counters follow one another. */
#include "base/mem.h"
#include "rtp/rtp.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void vp8s_counters_are_found_where_they_stand(void **state)
{
    (void)state;
    static const struct {
        const char *why, *payload;
        size_t len;
        int err;
        struct sl_vp8_ids ids;
    } cases[] = {
        {"nothing beside the payload", "\x10\x00", 2, 0, {.picture_bits = 0}},
        {"7 bits", "\x90\x80\x7f\x00", 4, 0, {7, false, 2, 0, 127, 0, false, 0, false}},
        {"15 bits", "\x90\x80\xff\xfe\x00", 5, 0, {15, false, 2, 0, 32766, 0, false, 0, false}},
        {"TL0PICIDX alone", "\x90\x40\x09\x00", 4, 0, {0, true, 0, 2, 0, 9, false, 0, false}},
        {"both", "\x90\xe0\x81\x02\x09\x20\x00", 7, 0, {15, true, 2, 4, 258, 9, true, 0, true}},
        {"a layer", "\x90\x20\x80\x00", 4, 0, {0, false, 0, 0, 0, 0, true, 2, false}},
        {"cut before the layer", "\x90\x20", 2, -EBADMSG, {.picture_bits = 0}},
        {"cut in the id", "\x90\x80\x81", 3, -EBADMSG, {.picture_bits = 0}},
        {"cut before TL0PICIDX", "\x90\xc0\x01", 3, -EBADMSG, {.picture_bits = 0}},
        {"empty", "", 0, -EBADMSG, {.picture_bits = 0}},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_vp8_ids ids = {.picture_bits = 0};
        int err = sl_vp8_ids_read((const uint8_t *)cases[i].payload, cases[i].len, &ids);
        const struct sl_vp8_ids *want = &cases[i].ids;
        if (err != cases[i].err || ids.picture_bits != want->picture_bits ||
            ids.picture_at != want->picture_at || ids.picture != want->picture ||
            ids.has_tl0 != want->has_tl0 || ids.tl0_at != want->tl0_at || ids.tl0 != want->tl0 ||
            ids.has_tid != want->has_tid || ids.tid != want->tid ||
            ids.layer_sync != want->layer_sync)
            fail_msg("%s: %d, %u bits, %u, %u", cases[i].why, err, ids.picture_bits, ids.picture,
                     ids.tl0);
    }
}

static void what_was_sent_is_followed_by_the_next(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        struct sl_splice_end end;
        uint32_t timestamp;
        struct sl_vp8_ids ids; /* of the new source's first packet */
        int64_t later;
        uint32_t timestamp_out;
        uint16_t picture_out;
        uint8_t tl0_out;
    } cases[] = {
        {"ahead",
         {1500, 90000, {15, true, 2, 4, 300, 20, false, 0, false}},
         10,
         {15, true, 2, 4, 7, 3, false, 0, false},
         3000,
         93000,
         301,
         21},
        {"over the wrap",
         {65535, UINT32_MAX, {15, true, 2, 4, 32767, 255, false, 0, false}},
         10,
         {15, true, 2, 4, 7, 3, false, 0, false},
         3000,
         2999,
         0,
         0},
        {"7 bits",
         {1, 5, {7, false, 2, 0, 127, 0, false, 0, false}},
         9,
         {7, false, 2, 0, 3, 0, false, 0, false},
         1,
         6,
         0,
         0},
        {"not later at all",
         {1, 5, {7, false, 2, 0, 1, 0, false, 0, false}},
         9,
         {7, false, 2, 0, 3, 0, false, 0, false},
         -700,
         6,
         2,
         0},
        {"no counters before",
         {1, 5, {0, false, 0, 0, 0, 0, false, 0, false}},
         9,
         {15, true, 2, 4, 7, 3, false, 0, false},
         1,
         6,
         7,
         3},
        {"none now",
         {1, 5, {15, false, 2, 0, 1, 0, false, 0, false}},
         9,
         {0, false, 0, 0, 0, 0, false, 0, false},
         1,
         6,
         0,
         0},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        const struct sl_vp8_ids *first = &cases[i].ids;
        struct sl_splice splice = {.first_seq = 1};
        sl_splice_move(&splice, &cases[i].end, 70000, cases[i].timestamp, first, cases[i].later);
        assert_int_equal(splice.first_seq, 70000);
        assert_int_equal(splice.base, cases[i].end.index + 1);
        /* This one and ten pictures on. */
        for (uint16_t on = 0; on <= 10; on += 10) {
            uint8_t payload[8] = {0x90, 0xc0};
            uint16_t mask = first->picture_bits == 7 ? 0x7f : 0x7fff;
            struct sl_vp8_ids ids = *first, out = *first;
            ids.picture = (uint16_t)((ids.picture + on) & mask);
            ids.tl0 = (uint8_t)(ids.tl0 + on);
            sl_splice_rewrite(&splice, &ids, payload);
            payload[1] = (uint8_t)((first->picture_bits ? 0x80 : 0) | (first->has_tl0 ? 0x40 : 0));
            assert_int_equal(sl_vp8_ids_read(payload, sizeof(payload), &out), 0);
            if (first->picture_bits && (out.picture_bits != first->picture_bits ||
                                        out.picture != ((cases[i].picture_out + on) & mask)))
                fail_msg("%s: picture %u", cases[i].why, out.picture);
            if (first->has_tl0 && out.tl0 != (uint8_t)(cases[i].tl0_out + on))
                fail_msg("%s: TL0PICIDX %u", cases[i].why, out.tl0);
        }
        if (cases[i].timestamp + splice.timestamp_offset != cases[i].timestamp_out)
            fail_msg("%s: time stamp", cases[i].why);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vp8s_counters_are_found_where_they_stand),
        cmocka_unit_test(what_was_sent_is_followed_by_the_next),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
