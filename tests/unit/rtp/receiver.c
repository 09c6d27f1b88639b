/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Losses, NACKs, jitter and reports of one ssrc. */
#include "base/clock.h"
#include "base/mem.h"
#include "path.h"
#include "rtp/rtp.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define MS ((int64_t)SL_US_PER_MS)

static int setup(void **state)
{
    *state = sl_receiver_create(90000, true);
    return 0;
}

static int teardown(void **state)
{
    sl_receiver_destroy(*state);
    return 0;
}

static int64_t input(struct sl_receiver *receiver, uint16_t seq, int64_t now_us)
{
    return sl_receiver_input(receiver, seq, 0, 100, false, now_us);
}

static void counts_packets_bytes_and_losses(void **state)
{
    struct sl_receiver *receiver = *state;
    const struct sl_receiver_stats *stats = sl_receiver_stats(receiver);

    assert_int_equal(input(receiver, 10, 0), 65546);
    assert_int_equal(input(receiver, 11, 0), 65547);
    assert_int_equal(input(receiver, 15, 0), 65551);
    assert_int_equal(stats->packets, 3);
    assert_int_equal(stats->bytes, 300);
    assert_int_equal(stats->lost, 3);
    assert_int_equal(input(receiver, 13, 0), 65549); /* RFC 3550 6.4.1: late ones are no loss */
    assert_int_equal(stats->lost, 2);
    assert_int_equal(stats->recovered, 1);
}

static void tells_duplicates(void **state)
{
    struct sl_receiver *receiver = *state;

    (void)input(receiver, 65535, 0);
    assert_int_equal(input(receiver, 65535, 0), -EALREADY);
    (void)input(receiver, 1, 0);
    assert_int_equal(input(receiver, 0, 0), 131072);
    assert_int_equal(input(receiver, 0, 0), -EALREADY);
    assert_int_equal(input(receiver, 65535, 0), -EALREADY);
    assert_int_equal(sl_receiver_stats(receiver)->packets, 3);
    assert_int_equal(sl_receiver_stats(receiver)->lost, 0);
}

static void takes_first_packets_out_of_order(void **state)
{
    struct sl_receiver *receiver = *state;

    assert_int_equal(input(receiver, 0, 0), 65536);
    assert_int_equal(input(receiver, 65534, 0), 65534);
    assert_int_equal(sl_receiver_stats(receiver)->lost, 1);
    assert_int_equal(input(receiver, 65535, 0), 65535);
    assert_int_equal(sl_receiver_stats(receiver)->lost, 0);
    /* A probe of the sender that repeats what was before us is not a beginning. */
    assert_int_equal(sl_receiver_input(receiver, 65500, 0, 100, true, 0), -EALREADY);
}

static void begins_anew_after_a_large_jump(void **state)
{
    struct sl_receiver *receiver = *state;

    int64_t before = input(receiver, 100, 0);
    (void)input(receiver, 102, 0);
    assert_int_equal(input(receiver, 102 + 3001, 0), -ERANGE);
    int64_t after = input(receiver, 102 + 3001, 0);
    assert_true(after > before + 32768);
    assert_int_equal((uint16_t)after, 102 + 3001);
    assert_int_equal(sl_receiver_stats(receiver)->lost, 1); /* the jump itself is none */
    assert_int_equal(input(receiver, 102 + 3002, 0), after + 1);
    assert_int_equal(input(receiver, 102 + 3002 + 3000, 0), after + 3001); /* not large */
}

/* RFC 3550 appendix A.1: one packet from afar is a straggler, two in a row a new beginning. */
static void begins_anew_when_the_sender_goes_back(void **state)
{
    struct sl_receiver *receiver = *state;

    int64_t before = input(receiver, 20000, 0);
    assert_int_equal(input(receiver, 5, 0), -EALREADY);
    assert_int_equal(input(receiver, 20001, 0), before + 1);
    assert_int_equal(input(receiver, 6, 0), -EALREADY);
    assert_int_equal(input(receiver, 7, 0), -ERANGE);
    int64_t after = input(receiver, 7, 0);
    assert_true(after > before);
    assert_int_equal((uint16_t)after, 7);
}

static void is_not_thrown_off_by_old_retransmissions(void **state)
{
    struct sl_receiver *receiver = *state;

    int64_t first = input(receiver, 20000, 0);
    for (uint16_t seq = 100; seq < 110; seq++)
        assert_int_equal(sl_receiver_input(receiver, seq, 0, 100, true, 0), -EALREADY);
    assert_int_equal(sl_receiver_input(receiver, 40000, 0, 100, true, 0), -EALREADY);
    assert_int_equal(input(receiver, 20001, 0), first + 1);
}

static void asks_for_gaps_at_once_and_again_after_the_round_trip(void **state)
{
    struct sl_receiver *receiver = *state;
    uint16_t seqs[8];
    bool give_up;

    (void)input(receiver, 65534, 0);
    (void)input(receiver, 2, 0);
    assert_int_equal(sl_receiver_nacks(receiver, 0, 50 * MS, seqs, 8, &give_up), 3);
    assert_int_equal(seqs[0], 65535);
    assert_int_equal(seqs[1], 0);
    assert_int_equal(seqs[2], 1);
    assert_false(give_up);
    assert_int_equal(sl_receiver_nacks(receiver, 49 * MS, 50 * MS, seqs, 8, &give_up), 0);
    (void)sl_receiver_input(receiver, 0, 0, 100, true, 49 * MS);
    assert_int_equal(sl_receiver_nacks(receiver, 50 * MS, 50 * MS, seqs, 8, &give_up), 2);
    assert_int_equal(seqs[0], 65535);
    assert_int_equal(seqs[1], 1);
    assert_int_equal(sl_receiver_stats(receiver)->nacked, 5);
    assert_int_equal(sl_receiver_stats(receiver)->recovered, 1);
}

static void does_not_ask_faster_than_every_20_ms(void **state)
{
    struct sl_receiver *receiver = *state;
    uint16_t seqs[8];
    bool give_up;

    (void)input(receiver, 1, 0);
    (void)input(receiver, 3, 0);
    assert_int_equal(sl_receiver_nacks(receiver, 0, 0, seqs, 8, &give_up), 1);
    assert_int_equal(sl_receiver_nacks(receiver, 19 * MS, 0, seqs, 8, &give_up), 0);
    assert_int_equal(sl_receiver_nacks(receiver, 20 * MS, -5, seqs, 8, &give_up), 1);
}

static void keeps_what_did_not_fit_for_the_next_call(void **state)
{
    struct sl_receiver *receiver = *state;
    uint16_t seqs[4];
    bool give_up;

    (void)input(receiver, 0, 0);
    (void)input(receiver, 7, 0);
    assert_int_equal(sl_receiver_nacks(receiver, 0, 0, seqs, 4, &give_up), 4);
    assert_int_equal(seqs[3], 4);
    assert_int_equal(sl_receiver_nacks(receiver, 0, 0, seqs, 4, &give_up), 2);
    assert_int_equal(seqs[0], 5);
}

static void tries_ten_times_at_least_then_gives_up_once(void **state)
{
    struct sl_receiver *receiver = *state;
    uint16_t seqs[8];
    size_t asked = 0, given_up = 0;

    (void)input(receiver, 0, 0);
    (void)input(receiver, 2, 0);
    for (int64_t now_us = 0; now_us < 10000 * MS; now_us += 5 * MS) {
        bool give_up;
        asked += sl_receiver_nacks(receiver, now_us, 100 * MS, seqs, 8, &give_up);
        given_up += give_up;
    }
    assert_in_range(asked, 10, 30);
    assert_int_equal(given_up, 1);
}

static void gives_up_by_age_when_the_round_trip_is_long(void **state)
{
    struct sl_receiver *receiver = *state;
    uint16_t seqs[8];
    bool give_up;

    (void)input(receiver, 0, 0);
    (void)input(receiver, 2, 0);
    assert_int_equal(sl_receiver_nacks(receiver, 0, 1000 * MS, seqs, 8, &give_up), 1);
    assert_int_equal(sl_receiver_nacks(receiver, 1000 * MS, 1000 * MS, seqs, 8, &give_up), 1);
    assert_int_equal(sl_receiver_nacks(receiver, 1600 * MS, 1000 * MS, seqs, 8, &give_up), 0);
    assert_true(give_up);
}

static void asks_for_a_key_frame_when_too_much_is_missing(void **state)
{
    struct sl_receiver *receiver = *state;
    uint16_t seqs[SL_NACK_MAX];
    bool give_up;

    (void)input(receiver, 0, 0);
    (void)input(receiver, SL_NACK_MAX + 1, 0); /* as many as are remembered */
    assert_int_equal(sl_receiver_nacks(receiver, 0, 0, seqs, SL_NACK_MAX, &give_up), SL_NACK_MAX);
    assert_false(give_up);
    (void)input(receiver, SL_NACK_MAX + 3, 0); /* and one more */
    assert_int_equal(sl_receiver_nacks(receiver, 0, 0, seqs, SL_NACK_MAX, &give_up), 0);
    assert_true(give_up);
    assert_int_equal(sl_receiver_nacks(receiver, 0, 0, seqs, SL_NACK_MAX, &give_up), 0);
    assert_false(give_up);
}

static void asks_for_nothing_without_nack(void **state)
{
    (void)state;
    struct sl_receiver *receiver = sl_receiver_create(48000, false);
    uint16_t seqs[8];
    bool give_up = true;

    (void)input(receiver, 0, 0);
    (void)input(receiver, 1000, 0);
    assert_int_equal(sl_receiver_nacks(receiver, 0, 0, seqs, 8, &give_up), 0);
    assert_false(give_up);
    sl_receiver_destroy(receiver);
}

struct outcome {
    size_t sent, in_time, asked;
};

enum { IN_TIME_US = 500000 }; /* what the frame assembler waits */

/* A minute of 2 Mbit/s video over a path that loses packets, requests and repetitions alike. */
static struct outcome run_path(unsigned loss_percent, int64_t rtt_us, int64_t jitter_us,
                               struct sl_receiver *receiver)
{
    static struct path path;
    static int64_t sent_us[65536];
    struct outcome outcome = {0};

    path = (struct path){.random = 1 + loss_percent,
                         .loss_percent = loss_percent,
                         .delay_us = rtt_us / 2,
                         .jitter_us = jitter_us};
    (void)input(receiver, 999, 0);
    for (int64_t now_us = 0; now_us < 62000 * MS; now_us += MS) {
        struct path_item item;
        uint16_t seqs[64];
        bool give_up;

        if (now_us < 60000 * MS && now_us / MS % 3 == 0) {
            uint16_t seq = (uint16_t)(1000 + outcome.sent++);
            sent_us[seq] = now_us;
            path_send(&path, (struct path_item){.seq = seq}, now_us);
        }
        while (path_receive(&path, now_us, &item)) {
            if (item.request) {
                path_send(&path, (struct path_item){.seq = item.seq, .repeated = true}, now_us);
                continue;
            }
            if (sl_receiver_input(receiver, item.seq, 0, 100, item.repeated, now_us) >= 0)
                outcome.in_time += now_us - sent_us[item.seq] <= IN_TIME_US;
        }
        if (now_us / MS % 10 == 0) {
            size_t count = sl_receiver_nacks(receiver, now_us, rtt_us, seqs, 64, &give_up);
            for (size_t i = 0; i < count; i++)
                path_send(&path, (struct path_item){.seq = seqs[i], .request = true}, now_us);
            outcome.asked += count;
        }
    }
    return outcome;
}

static void recovers_losses_of_packets_requests_and_repetitions(void **state)
{
    (void)state;
    static const struct {
        unsigned loss_percent;
        int64_t rtt_us, jitter_us;
        unsigned recovered_percent; /* of what the path lost */
    } cases[] = {
        {5, 50000, 0, 99},       {10, 50000, 0, 99}, {20, 50000, 0, 98},     {5, 50000, 20000, 99},
        {10, 100000, 10000, 97}, {5, 5000, 0, 99},   {10, 20000, 50000, 99},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_receiver *receiver = sl_receiver_create(90000, true);
        struct outcome outcome =
            run_path(cases[i].loss_percent, cases[i].rtt_us, cases[i].jitter_us, receiver);
        size_t missing = outcome.sent - outcome.in_time;
        size_t lost = outcome.sent * cases[i].loss_percent / 100;
        sl_receiver_destroy(receiver);
        if (missing * 100 > lost * (100 - cases[i].recovered_percent))
            fail_msg("%u %%, rtt %d us: %zu of %zu lost are missing", cases[i].loss_percent,
                     (int)cases[i].rtt_us, missing, lost);
        /* Without jitter no request is wasted but those that cross their answer. */
        if (cases[i].jitter_us == 0 && outcome.asked > lost * 2)
            fail_msg("%u %%: asked %zu times for %zu", cases[i].loss_percent, outcome.asked, lost);
    }
}

/* RFC 3550 appendix A.8: J += (|D| - J) / 16. */
static void measures_jitter_as_the_rfc(void **state)
{
    struct sl_receiver *receiver = *state;
    double expected = 0;
    uint32_t random = 9;
    int64_t before_us = 0;

    for (uint16_t i = 0; i < 1000; i++) {
        int64_t now_us = i * 20 * MS + random_below(&random, 5000);
        if (i > 0) {
            double step = (double)(now_us - before_us - 20 * MS) * 0.09; /* ticks of 90 kHz */
            expected += ((step < 0 ? -step : step) - expected) / 16;
        }
        (void)sl_receiver_input(receiver, i, 1800U * i + 0xfffff000U, 100, false, now_us);
        before_us = now_us;
    }
    assert_in_range(sl_receiver_stats(receiver)->jitter, (uint32_t)(expected - 3),
                    (uint32_t)(expected + 3));
}

static void takes_neither_late_packets_nor_new_timelines_for_jitter(void **state)
{
    struct sl_receiver *receiver = *state;

    (void)sl_receiver_input(receiver, 0, 0, 100, false, 0);
    (void)sl_receiver_input(receiver, 2, 3600, 100, false, 40 * MS);
    (void)sl_receiver_input(receiver, 1, 1800, 100, false, 400 * MS);
    (void)sl_receiver_input(receiver, 3, 900000000, 100, false, 60 * MS);
    (void)sl_receiver_input(receiver, 4, 900001800, 100, false, 80 * MS);
    assert_int_equal(sl_receiver_stats(receiver)->jitter, 0);
}

static void reports_what_was_lost_since_the_last_report(void **state)
{
    struct sl_receiver *receiver = *state;
    struct sl_report_block block;

    sl_receiver_report(receiver, 0, &block);
    assert_int_equal(block.fraction_lost, 0);
    assert_int_equal(block.highest_seq, 0);
    (void)input(receiver, 65530, 0);
    for (uint16_t seq = 65531; seq != 4; seq++) {
        if (seq % 2 == 0)
            (void)input(receiver, seq, 0); /* 65532, 65534, 0, 2: 5 of 9 */
    }
    sl_receiver_report(receiver, 0, &block);
    assert_int_equal(block.lost, 4);
    assert_int_equal(block.fraction_lost, 4 * 256 / 9);
    assert_int_equal(block.highest_seq, 65536 + 2);
    sl_receiver_report(receiver, 0, &block);
    assert_int_equal(block.lost, 4);
    assert_int_equal(block.fraction_lost, 0);
    (void)input(receiver, 1, 0); /* late: lost falls, the fraction does not go below 0 */
    sl_receiver_report(receiver, 0, &block);
    assert_int_equal(block.lost, 3);
    assert_int_equal(block.fraction_lost, 0);
}

static void reports_the_sender_report_it_saw(void **state)
{
    struct sl_receiver *receiver = *state;
    struct sl_report_block block;

    (void)input(receiver, 1, 0);
    sl_receiver_report(receiver, 5000 * MS, &block);
    assert_int_equal(block.lsr, 0);
    assert_int_equal(block.dlsr, 0);
    sl_receiver_on_sr(receiver, 0x1122334455667788, 1000 * MS);
    sl_receiver_report(receiver, 3500 * MS, &block);
    assert_int_equal(block.lsr, 0x33445566);
    assert_int_equal(block.dlsr, 2 * 65536 + 32768);
    sl_receiver_report(receiver, INT64_MAX, &block); /* as much as fits, no overflow */
    assert_int_equal(block.dlsr, UINT32_MAX);
}

static void losses_stay_within_their_24_bits(void **state)
{
    struct sl_receiver *receiver = *state;
    struct sl_report_block block;
    uint16_t seq = 0;

    for (int i = 0; i < 3000; i++) {
        (void)input(receiver, seq, 0);
        seq = (uint16_t)(seq + 3000);
    }
    sl_receiver_report(receiver, 0, &block);
    assert_int_equal(block.lost, 0x7fffff);
    assert_int_equal(block.fraction_lost, 255);
}

/* Whatever comes: no number twice, losses are what was skipped, NACKs ask for nothing received. */
static void holds_its_promises_under_any_input(void **state)
{
    struct sl_receiver *receiver = *state;
    static uint8_t seen[1 << 26]; /* two cycles for each new beginning */
    uint32_t random = 77;
    uint16_t seq = 60000;

    for (int i = 0; i < 200000; i++) {
        uint16_t seqs[32];
        bool give_up;
        uint32_t kind = random_below(&random, 1000);
        uint16_t at = (uint16_t)(seq + random_below(&random, kind < 900 ? 3 : 40) - 1);
        if (kind == 999)
            at = (uint16_t)random_next(&random);
        int64_t wide = sl_receiver_input(receiver, at, 0, 10, kind % 7 == 0, i * MS);
        if (wide >= 0) {
            seq = at;
            assert_true(wide < (int64_t)SL_ARRAY_LEN(seen));
            assert_int_equal((uint16_t)wide, at);
            assert_false(seen[wide]);
            seen[wide] = 1;
        }
        size_t count = sl_receiver_nacks(receiver, i * MS, 0, seqs, 32, &give_up);
        for (size_t k = 0; k < count && wide >= 0; k++)
            assert_false(seen[wide + (int16_t)(uint16_t)(seqs[k] - at)]);
        assert_true(sl_receiver_stats(receiver)->lost >= 0);
    }
}

int main(void)
{
#define WITH_RECEIVER(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        WITH_RECEIVER(counts_packets_bytes_and_losses),
        WITH_RECEIVER(tells_duplicates),
        WITH_RECEIVER(takes_first_packets_out_of_order),
        WITH_RECEIVER(begins_anew_after_a_large_jump),
        WITH_RECEIVER(begins_anew_when_the_sender_goes_back),
        WITH_RECEIVER(is_not_thrown_off_by_old_retransmissions),
        WITH_RECEIVER(asks_for_gaps_at_once_and_again_after_the_round_trip),
        WITH_RECEIVER(does_not_ask_faster_than_every_20_ms),
        WITH_RECEIVER(keeps_what_did_not_fit_for_the_next_call),
        WITH_RECEIVER(tries_ten_times_at_least_then_gives_up_once),
        WITH_RECEIVER(gives_up_by_age_when_the_round_trip_is_long),
        WITH_RECEIVER(asks_for_a_key_frame_when_too_much_is_missing),
        cmocka_unit_test(asks_for_nothing_without_nack),
        cmocka_unit_test(recovers_losses_of_packets_requests_and_repetitions),
        WITH_RECEIVER(measures_jitter_as_the_rfc),
        WITH_RECEIVER(takes_neither_late_packets_nor_new_timelines_for_jitter),
        WITH_RECEIVER(reports_what_was_lost_since_the_last_report),
        WITH_RECEIVER(reports_the_sender_report_it_saw),
        WITH_RECEIVER(losses_stay_within_their_24_bits),
        WITH_RECEIVER(holds_its_promises_under_any_input),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
