/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Transport-wide feedback, read back by a decoder written from the draft and sharing no code. */
#include "../random.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/mem.h"
#include "rtp/rtp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define MS ((int64_t)SL_US_PER_MS)

static int setup(void **state)
{
    *state = sl_twcc_create();
    return 0;
}

static int teardown(void **state)
{
    sl_twcc_destroy(*state);
    return 0;
}

static uint8_t buf[65536];

/* ---- The decoder ---- */

struct decoded {
    size_t len; /* of the whole packet */
    uint16_t base, count;
    uint8_t feedback_count;
    uint8_t symbols[65536];
    int64_t arrival_us[65536]; /* where the symbol says received */
};

static size_t decode_chunk(uint16_t chunk, uint8_t *symbols, size_t left)
{
    size_t count;

    if (!(chunk & 0x8000)) {
        count = chunk & 0x1fff;
        assert_true(count > 0 && count <= left);
        memset(symbols, chunk >> 13 & 3, count);
        return count;
    }
    count = chunk & 0x4000 ? 7 : 14;
    for (size_t i = 0; i < count && i < left; i++)
        symbols[i] = (uint8_t)(chunk & 0x4000 ? chunk >> (12 - 2 * i) & 3 : chunk >> (13 - i) & 1);
    return count < left ? count : left;
}

static void decode(const uint8_t *packet, size_t room, struct decoded *out)
{
    assert_true(room >= 20);
    assert_int_equal(packet[0] & 0xdf, 0x80 | 15);
    assert_int_equal(packet[1], 205);
    assert_int_equal(sl_load_u32(packet + 4), 0x11111111);
    assert_int_equal(sl_load_u32(packet + 8), 0x22222222);
    out->len = ((size_t)sl_load_u16(packet + 2) + 1) * 4;
    assert_true(out->len <= room);
    size_t end = out->len;
    if (packet[0] & 0x20) {
        assert_in_range(packet[end - 1], 1, 3);
        for (size_t i = end - packet[end - 1]; i < end - 1; i++)
            assert_int_equal(packet[i], 0);
        end -= packet[end - 1];
    }
    out->base = sl_load_u16(packet + 12);
    out->count = sl_load_u16(packet + 14);
    int64_t reference = sl_load_u24(packet + 16);
    if (reference & 0x800000)
        reference -= 0x1000000;
    out->feedback_count = packet[19];

    size_t at = 20;
    for (size_t i = 0; i < out->count; at += 2) {
        assert_true(at + 2 <= end);
        i += decode_chunk(sl_load_u16(packet + at), out->symbols + i, out->count - i);
    }
    int64_t time_us = reference * 64 * MS;
    for (size_t i = 0; i < out->count; i++) {
        if (out->symbols[i] == 0)
            continue;
        assert_in_range(out->symbols[i], 1, 2);
        assert_true(at + out->symbols[i] <= end);
        int delta = out->symbols[i] == 1 ? packet[at] : (int16_t)sl_load_u16(packet + at);
        at += out->symbols[i];
        time_us += delta * 250;
        out->arrival_us[i] = time_us;
    }
    assert_int_equal(at, end);
    assert_true(out->count > 0);
    assert_int_not_equal(out->symbols[out->count - 1], 0);
}

static size_t write_feedback(struct sl_twcc *twcc, int64_t now_us)
{
    struct sl_writer w = sl_writer_of(buf, sizeof(buf));

    sl_twcc_write(twcc, &w, 0x11111111, 0x22222222, now_us);
    assert_true(w.ok);
    return sl_writer_len(&w);
}

/* ---- Single messages ---- */

static void writes_the_bytes_of_the_draft(void **state)
{
    struct sl_twcc *twcc = *state;
    static const char expected[] = "\xaf\xcd\x00\x06\x11\x11\x11\x11\x22\x22\x22\x22"
                                   "\x00\x64\x00\x06" /* base 100, 6 statuses */
                                   "\x00\x00\x02\x00" /* 128 ms, message 0 */
                                   "\xd1\x24"         /* two-bit vector: 1 0 1 0 2 1 */
                                   "\x08"             /* 130 ms: 8 after the reference */
                                   "\x04"             /* 131 ms */
                                   "\xff\xfc"         /* 130 ms: back by 4 */
                                   "\x00"             /* 130 ms */
                                   "\x01";            /* padding */

    sl_twcc_input(twcc, 100, 130 * MS);
    sl_twcc_input(twcc, 104, 130 * MS);
    sl_twcc_input(twcc, 105, 130 * MS);
    sl_twcc_input(twcc, 102, 131 * MS);
    assert_int_equal(write_feedback(twcc, 140 * MS), sizeof(expected) - 1);
    assert_memory_equal(buf, expected, sizeof(expected) - 1);
    assert_int_equal(write_feedback(twcc, 140 * MS), 0); /* nothing came since */
}

static void begins_each_message_where_the_last_ended(void **state)
{
    struct sl_twcc *twcc = *state;
    static struct decoded decoded;

    sl_twcc_input(twcc, 65534, 0);
    (void)write_feedback(twcc, 0);
    sl_twcc_input(twcc, 1, 10 * MS); /* 65535 and 0 are lost in between */
    decode(buf, write_feedback(twcc, 10 * MS), &decoded);
    assert_int_equal(decoded.base, 65535);
    assert_int_equal(decoded.count, 3);
    assert_int_equal(decoded.feedback_count, 1);
    sl_twcc_input(twcc, 0, 11 * MS); /* it was reported as lost */
    assert_int_equal(write_feedback(twcc, 11 * MS), 0);
}

static void reports_the_first_arrival_of_a_duplicate(void **state)
{
    struct sl_twcc *twcc = *state;
    static struct decoded decoded;

    sl_twcc_input(twcc, 7, 1000 * MS);
    sl_twcc_input(twcc, 7, 1009 * MS);
    decode(buf, write_feedback(twcc, 1010 * MS), &decoded);
    assert_int_equal(decoded.count, 1);
    assert_int_equal(decoded.arrival_us[0], 1000 * MS);
}

static void splits_where_a_delta_does_not_fit(void **state)
{
    struct sl_twcc *twcc = *state;
    static struct decoded decoded;

    sl_twcc_input(twcc, 1, 100 * MS);
    sl_twcc_input(twcc, 2, 8291 * MS); /* 8191 ms: fits */
    sl_twcc_input(twcc, 5, 20000 * MS);
    size_t len = write_feedback(twcc, 20000 * MS);
    decode(buf, len, &decoded);
    assert_int_equal(decoded.count, 2);
    assert_int_equal(decoded.arrival_us[1], 8291 * MS);
    size_t first_len = decoded.len;
    decode(buf + first_len, len - first_len, &decoded);
    assert_int_equal(decoded.base, 3);
    assert_int_equal(decoded.count, 3);
    assert_int_equal(decoded.feedback_count, 1);
    assert_int_equal(decoded.arrival_us[2], 20000 * MS);
    assert_int_equal(first_len + decoded.len, len);
}

static void wraps_the_reference_time_and_the_message_count(void **state)
{
    struct sl_twcc *twcc = *state;
    static struct decoded decoded;
    const int64_t wrap_us = ((int64_t)1 << 24) * 64 * MS; /* 12.4 days */

    for (unsigned i = 0; i < 300; i++) {
        int64_t now_us = wrap_us - 10000 * MS + (int64_t)i * 100 * MS;
        sl_twcc_input(twcc, (uint16_t)(2 * i), now_us - 10 * MS); /* once before the wrap, ... */
        sl_twcc_input(twcc, (uint16_t)(2 * i + 1), now_us);       /* ... and behind it */
        decode(buf, write_feedback(twcc, now_us), &decoded);
        assert_int_equal(decoded.feedback_count, (uint8_t)i);
        assert_int_equal(decoded.count, 2);
        assert_int_equal((decoded.arrival_us[1] - now_us) % wrap_us, 0);
        assert_int_equal(decoded.arrival_us[1] - decoded.arrival_us[0], 10 * MS);
    }
}

static void is_due_by_time_and_by_number(void **state)
{
    struct sl_twcc *twcc = *state;

    assert_false(sl_twcc_due(twcc, 0));
    for (uint16_t seq = 0; seq < 5; seq++)
        sl_twcc_input(twcc, seq, 0);
    assert_false(sl_twcc_due(twcc, 99 * MS)); /* little: 100 ms */
    assert_true(sl_twcc_due(twcc, 100 * MS));
    for (uint16_t seq = 5; seq < 20; seq++)
        sl_twcc_input(twcc, seq, 0);
    assert_false(sl_twcc_due(twcc, 49 * MS));
    assert_true(sl_twcc_due(twcc, 50 * MS));
    for (uint16_t seq = 20; seq < 200; seq++)
        sl_twcc_input(twcc, seq, 1 * MS);
    assert_true(sl_twcc_due(twcc, 1 * MS));
    (void)write_feedback(twcc, 1 * MS);
    assert_false(sl_twcc_due(twcc, 1000 * MS)); /* nothing to tell */
}

static void leaves_for_the_next_call_what_finds_no_room(void **state)
{
    struct sl_twcc *twcc = *state;
    static struct decoded decoded;
    uint16_t next = 0;

    for (uint16_t seq = 0; seq < 1000; seq++)
        sl_twcc_input(twcc, seq, seq * MS);
    for (int calls = 0; next < 1000; calls++) {
        struct sl_writer w = sl_writer_of(buf, 150);
        sl_twcc_write(twcc, &w, 0x11111111, 0x22222222, 1000 * MS);
        assert_true(w.ok);
        assert_true(calls < 50);
        for (size_t at = 0; at < sl_writer_len(&w); at += decoded.len) {
            decode(buf + at, sl_writer_len(&w) - at, &decoded);
            assert_int_equal(decoded.base, next);
            next = (uint16_t)(next + decoded.count);
        }
    }
    sl_twcc_input(twcc, 1003, 1000 * MS);
    struct sl_writer w = sl_writer_of(buf, 20);
    sl_twcc_write(twcc, &w, 0x11111111, 0x22222222, 1000 * MS);
    assert_false(w.ok);
    assert_int_equal(sl_writer_len(&w), 0);
    decode(buf, write_feedback(twcc, 1000 * MS), &decoded);
    assert_int_equal(decoded.count, 4);
}

static void forgets_what_nobody_fetched(void **state)
{
    struct sl_twcc *twcc = *state;
    static struct decoded decoded;

    for (unsigned i = 0; i < 100000; i++)
        sl_twcc_input(twcc, (uint16_t)i, (int64_t)i * 100);
    decode(buf, write_feedback(twcc, 10000 * MS), &decoded);
    assert_int_equal(decoded.count, 2048);
    assert_int_equal((uint16_t)(decoded.base + decoded.count), (uint16_t)100000);
}

static void follows_a_sender_that_begins_anew(void **state)
{
    struct sl_twcc *twcc = *state;
    static struct decoded decoded;

    sl_twcc_input(twcc, 30000, 0);
    (void)write_feedback(twcc, 0);
    sl_twcc_input(twcc, 10, 1 * MS);
    sl_twcc_input(twcc, 11, 2 * MS);
    decode(buf, write_feedback(twcc, 2 * MS), &decoded);
    assert_int_equal(decoded.base, 10);
    assert_int_equal(decoded.count, 2);
    sl_twcc_input(twcc, 20000, 3 * MS); /* far ahead: the gap is cut to what is kept */
    decode(buf, write_feedback(twcc, 3 * MS), &decoded);
    assert_int_equal((uint16_t)(decoded.base + decoded.count), 20001);
    assert_true(decoded.count <= 2048);
}

/* ---- Any stream ---- */

static struct {
    int64_t arrival_us; /* -1: lost */
    bool reported;
} sent[300000];

/* Packets leave every 0.1 to 20 ms, with losses, bursts of loss, reordering and duplicates. What
 * the messages say must be what happened, each number covered once and in order. */
static void check_stream(struct sl_twcc *twcc, uint32_t random, unsigned loss_percent,
                         uint32_t spacing_us, uint32_t jitter_us)
{
    static struct decoded decoded;
    int64_t now_us = random_below(&random, 1U << 30), next = -1;
    uint16_t offset = (uint16_t)random_next(&random);
    int64_t reported = 0, late = 0, arrived = 0, window = 8;

    for (int64_t seq = 0; seq < 20000; seq++) {
        bool burst = seq % 5000 > 4900;
        bool lost = seq != 0 && (burst || random_chance(&random, loss_percent));
        sent[seq].arrival_us = lost ? -1 : 0;
        sent[seq].reported = false;
    }
    for (int64_t head = 0; head < 20000 + window; head++) {
        /* One of the last few that has not yet arrived, mostly the oldest. */
        for (int64_t seq = head < window ? 0 : head - window; seq <= head && seq < 20000; seq++) {
            bool arrives_now = seq == head - window || seq == 0 || random_chance(&random, 50);
            if (sent[seq].arrival_us != 0 || !arrives_now)
                continue;
            now_us += random_below(&random, spacing_us);
            sent[seq].arrival_us = now_us;
            arrived++;
            if (seq + offset < next)
                late++; /* after it was reported as lost */
            sl_twcc_input(twcc, (uint16_t)(seq + offset), now_us);
            if (random_chance(&random, 2))
                sl_twcc_input(twcc, (uint16_t)(seq + offset), now_us + 5);
        }
        now_us += random_below(&random, jitter_us + 1);
        if (!sl_twcc_due(twcc, now_us) && head < 20000 + window - 1)
            continue;
        size_t len = write_feedback(twcc, now_us);
        for (size_t at = 0; at < len; at += decoded.len) {
            decode(buf + at, len - at, &decoded);
            if (next >= 0)
                assert_int_equal(decoded.base, (uint16_t)next);
            else
                next = decoded.base;
            for (size_t i = 0; i < decoded.count; i++, next++) {
                if (decoded.symbols[i] == 0)
                    continue;
                int64_t seq = next - offset;
                assert_true(seq >= 0 && seq < 20000 && !sent[seq].reported);
                assert_in_range(sent[seq].arrival_us - decoded.arrival_us[i], 0, 249);
                sent[seq].reported = true;
                reported++;
            }
        }
    }
    assert_int_equal(reported + late, arrived);
    if (spacing_us < 1000 && jitter_us == 0) /* many packets in a message: few straddle two */
        assert_true(late * 20 < arrived);
}

static void tells_the_truth_about_any_stream(void **state)
{
    (void)state;
    static const struct {
        unsigned loss_percent;
        uint32_t spacing_us, jitter_us;
    } cases[] = {{0, 100, 0},      {0, 20000, 0},      {5, 3000, 0},        {30, 3000, 100000},
                 {90, 1000, 5000}, {10, 200, 2000000}, {2, 70000, 20000000}};

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_twcc *twcc = sl_twcc_create();
        check_stream(twcc, (uint32_t)i + 11, cases[i].loss_percent, cases[i].spacing_us,
                     cases[i].jitter_us);
        sl_twcc_destroy(twcc);
    }
}

static void survives_any_numbers_and_any_room(void **state)
{
    struct sl_twcc *twcc = *state;
    static struct decoded decoded;
    uint32_t random = 99;
    uint16_t seq = 0;

    for (int i = 0; i < 50000; i++) {
        uint32_t kind = random_below(&random, 100);
        seq = kind == 0 ? (uint16_t)random_next(&random)
                        : (uint16_t)(seq + random_below(&random, kind < 80 ? 3 : 900) - 1);
        sl_twcc_input(twcc, seq, i * 10 * MS);
        if (!random_chance(&random, 3))
            continue;
        struct sl_writer w = sl_writer_of(buf, random_below(&random, 1200));
        sl_twcc_write(twcc, &w, 0x11111111, 0x22222222, i * 10 * MS);
        for (size_t at = 0; at < sl_writer_len(&w); at += decoded.len)
            decode(buf + at, sl_writer_len(&w) - at, &decoded);
        assert_true(w.ok || w.end - w.start < 28);
    }
}

int main(void)
{
#define WITH_TWCC(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        WITH_TWCC(writes_the_bytes_of_the_draft),
        WITH_TWCC(begins_each_message_where_the_last_ended),
        WITH_TWCC(reports_the_first_arrival_of_a_duplicate),
        WITH_TWCC(splits_where_a_delta_does_not_fit),
        WITH_TWCC(wraps_the_reference_time_and_the_message_count),
        WITH_TWCC(is_due_by_time_and_by_number),
        WITH_TWCC(leaves_for_the_next_call_what_finds_no_room),
        WITH_TWCC(forgets_what_nobody_fetched),
        WITH_TWCC(follows_a_sender_that_begins_anew),
        cmocka_unit_test(tells_the_truth_about_any_stream),
        WITH_TWCC(survives_any_numbers_and_any_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
