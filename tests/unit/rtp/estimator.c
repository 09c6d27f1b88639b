/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The estimator over a made-up link, with the feedback that rtp/twcc.c writes of what came through;
 * and what a receiver that lies gets of it. */
#include "../random.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "rtp/rtp.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MS ((int64_t)SL_US_PER_MS)

enum { PACKET = 1100, UNDER_WAY = 4096, FPS = 30, LONG_US = 60000, WORD_EVERY_MS = 200, WORDS = 5 };

/* Pictures of so much a second into a link, and reports of them back. Time in steps of 1 ms. */
struct world {
    int64_t now_us;
    struct sl_estimator *estimator;
    struct sl_twcc *receiver;
    uint32_t random;
    uint64_t stream_bps;
    bool follows; /* the source sends what the estimate allows */

    int64_t rate_bps, queue_ms, delay_ms, jitter_ms, loss_percent; /* rate 0: no end */
    int64_t clock_us;                                              /* the receiver's, less ours */
    int64_t line_free_us, last_arrival_us;
    struct {
        int64_t at_us, waited_us;
        uint16_t seq;
    } under_way[UNDER_WAY];
    size_t head, count;

    /* A receiver that reckons itself, as browsers did before they gave feedback: what came in the
     * last second, by fifths, and what it says of it. */
    bool words;
    struct {
        uint32_t bytes[WORDS];
        size_t slot;
        bool queue;
        uint64_t bps;
        int64_t due_us;
    } word;

    int64_t cut_us, picture_us, owed_bytes, budget_bytes; /* a limit is kept in each millisecond */
    int64_t limited_us;                                   /* when the first limit came; 0: never */
    /* Since the last look: bytes that came through, and that were sent; packets sent into a link
     * with an end, and those of them that waited long. */
    uint64_t delivered, sent_bytes, sent, waited;
};

static void begin(struct world *w)
{
    *w = (struct world){.now_us = 5 * SL_US_PER_S,
                        .estimator = sl_estimator_create(),
                        .receiver = sl_twcc_create(),
                        .random = 7,
                        .stream_bps = 2200000,
                        .queue_ms = 100,
                        .delay_ms = 25,
                        .clock_us = 1000 * SL_US_PER_S};
}

static void end(struct world *w)
{
    sl_estimator_destroy(w->estimator);
    sl_twcc_destroy(w->receiver);
}

static void into_link(struct world *w, size_t bytes)
{
    uint16_t seq = 0;
    int64_t at_us = w->now_us;

    w->sent_bytes += bytes;
    if (w->words)
        sl_estimator_sent_unnumbered(w->estimator, bytes, w->now_us);
    else
        seq = sl_estimator_sent(w->estimator, bytes, w->now_us);
    if (random_chance(&w->random, (unsigned)w->loss_percent))
        return;
    if (w->rate_bps > 0) {
        if (w->line_free_us < w->now_us)
            w->line_free_us = w->now_us;
        int64_t waits_us = w->line_free_us - w->now_us;
        if (waits_us > w->queue_ms * MS)
            return;
        w->sent++;
        w->waited += waits_us > LONG_US;
        w->line_free_us += (int64_t)bytes * 8 * SL_US_PER_S / w->rate_bps;
        at_us = w->line_free_us;
    }
    w->delivered += bytes;
    at_us += w->delay_ms * MS;
    if (w->jitter_ms > 0)
        at_us += random_below(&w->random, (uint32_t)(w->jitter_ms * MS));
    if (at_us < w->last_arrival_us)
        at_us = w->last_arrival_us; /* the order stays */
    w->last_arrival_us = at_us;
    assert_true(w->count < UNDER_WAY);
    w->under_way[(w->head + w->count) % UNDER_WAY].at_us = at_us;
    w->under_way[(w->head + w->count) % UNDER_WAY].waited_us = at_us - w->now_us - w->delay_ms * MS;
    w->under_way[(w->head + w->count++) % UNDER_WAY].seq = seq;
}

static void send_pictures(struct world *w)
{
    uint64_t limit = sl_estimator_limit_bps(w->estimator), bps = w->stream_bps;

    if (w->now_us >= w->picture_us) {
        if (w->follows && limit > 0 && limit * 95 / 100 < bps)
            bps = limit * 95 / 100;
        w->owed_bytes += (int64_t)(bps / FPS / 8);
        sl_estimator_offered(w->estimator, bps / FPS / 8, w->now_us);
        w->picture_us = w->now_us + SL_US_PER_S / FPS;
    }
    w->budget_bytes += (int64_t)(limit * 115 / 100 / 8000);
    if (w->budget_bytes > PACKET)
        w->budget_bytes = PACKET;
    if (w->cut_us !=
        sl_estimator_cut_us(w->estimator)) { /* what stands in the queue leaves first */
        w->cut_us = sl_estimator_cut_us(w->estimator);
        w->budget_bytes = -sl_estimator_queue_us(w->estimator) * (int64_t)limit / 8000000;
    }
    for (; w->owed_bytes >= PACKET && (limit == 0 || w->budget_bytes > 0);
         w->owed_bytes -= PACKET) {
        into_link(w, PACKET);
        w->budget_bytes -= PACKET;
    }
    for (size_t due = sl_estimator_probe(w->estimator, w->now_us); due > 0;) {
        into_link(w, PACKET);
        due = due > PACKET ? due - PACKET : 0;
    }
}

static int give(struct world *w, const uint8_t *buf, size_t len)
{
    struct sl_rtcp_view view;
    size_t offset = 0;

    assert_int_equal(sl_rtcp_next(buf, len, &offset, &view), 1);
    return sl_estimator_feedback(w->estimator, &view, w->now_us);
}

static int say(struct world *w, uint64_t bps)
{
    uint8_t buf[64];
    struct sl_writer writer = sl_writer_of(buf, sizeof(buf));

    sl_rtcp_write_remb(&writer, 1, bps, &(uint32_t){2}, 1);
    return give(w, buf, sl_writer_len(&writer));
}

/* A queue: less than what comes; none: a little more each time, and half as much again at most. */
static void reckon(struct world *w)
{
    uint64_t incoming = 0;

    while (w->count > 0 && w->under_way[w->head].at_us <= w->now_us) {
        w->word.bytes[w->word.slot] += PACKET;
        w->word.queue |= w->under_way[w->head].waited_us > LONG_US + w->jitter_ms * MS;
        w->head = (w->head + 1) % UNDER_WAY;
        w->count--;
    }
    if (w->now_us < w->word.due_us)
        return;
    w->word.due_us = w->now_us + WORD_EVERY_MS * MS;
    for (size_t i = 0; i < WORDS; i++)
        incoming += (uint64_t)w->word.bytes[i] * 8;
    w->word.slot = (w->word.slot + 1) % WORDS;
    w->word.bytes[w->word.slot] = 0;
    w->word.bps = w->word.queue ? incoming * 85 / 100 : w->word.bps * 1016 / 1000 + 1000;
    if (w->word.bps > incoming * 3 / 2 + 10000 || w->now_us < 7 * SL_US_PER_S)
        w->word.bps = incoming * 3 / 2 + 10000;
    w->word.queue = false;
    assert_int_equal(say(w, w->word.bps), 0);
}

static void report(struct world *w)
{
    uint8_t buf[4096];
    struct sl_writer writer = sl_writer_of(buf, sizeof(buf));

    if (w->words) {
        reckon(w);
        return;
    }
    while (w->count > 0 && w->under_way[w->head].at_us <= w->now_us) {
        sl_twcc_input(w->receiver, w->under_way[w->head].seq,
                      w->under_way[w->head].at_us + w->clock_us);
        w->head = (w->head + 1) % UNDER_WAY;
        w->count--;
    }
    if (!sl_twcc_due(w->receiver, w->now_us + w->clock_us))
        return;
    sl_twcc_write(w->receiver, &writer, 1, 2, w->now_us + w->clock_us);
    if (sl_writer_len(&writer) > 0)
        assert_int_equal(give(w, buf, sl_writer_len(&writer)), 0);
}

static void run(struct world *w, int64_t ms)
{
    w->delivered = w->sent_bytes = 0;
    w->sent = w->waited = 0;
    for (; ms > 0; ms--) {
        w->now_us += MS;
        send_pictures(w);
        report(w);
        if (!w->limited_us && sl_estimator_limit_bps(w->estimator) > 0)
            w->limited_us = w->now_us;
    }
}

/* ---- Links ---- */

static void raises_no_false_alarm(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        int64_t rate_bps, jitter_ms, loss_percent;
    } cases[] = {
        {"a perfect link", 0, 0, 0},
        {"5 % of the packets are lost", 0, 0, 5},
        {"20 % of the packets are lost", 0, 0, 20},
        {"50 ms of jitter", 0, 50, 0},
        {"50 ms of jitter, and 20 % are lost", 0, 50, 20},
        {"a link that is just wide enough", 3000000, 0, 0},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct world w;
        begin(&w);
        w.rate_bps = cases[i].rate_bps;
        w.jitter_ms = cases[i].jitter_ms;
        w.loss_percent = cases[i].loss_percent;
        run(&w, 60000);
        if (w.limited_us)
            fail_msg("%s: limited after %lld ms", cases[i].why, (long long)(w.limited_us / 1000));
        end(&w);
    }
}

static void finds_a_narrow_link_and_keeps_its_queue_short(void **state)
{
    (void)state;
    static const int64_t rates_bps[] = {1500000, 1000000, 500000};

    for (size_t i = 0; i < sizeof(rates_bps) / sizeof(*rates_bps); i++) {
        struct world w;
        begin(&w);
        w.follows = true;
        run(&w, 3000);
        assert_int_equal(w.limited_us, 0);
        w.rate_bps = rates_bps[i];
        int64_t since_us = w.now_us;
        run(&w, 1200);
        assert_true(w.limited_us > 0 && w.limited_us - since_us < 1000 * MS);
        run(&w, 4000);
        run(&w, 4000);
        run(&w, 20000);
        assert_in_range(w.delivered * 8 / 20, rates_bps[i] * 7 / 10, rates_bps[i]);
        assert_true(w.waited * 20 <= w.sent);
        end(&w);
    }
}

static void sees_that_a_link_has_become_wider(void **state)
{
    (void)state;
    static const bool follows[] = {true, false};

    for (size_t i = 0; i < 2; i++) {
        struct world w;
        begin(&w);
        w.follows = follows[i];
        w.rate_bps = 1000000;
        run(&w, 10000);
        assert_true(sl_estimator_limit_bps(w.estimator) > 0);
        w.rate_bps = 5000000;
        w.follows = true; /* who does not ask the source leaves pictures out */
        run(&w, 15000);
        assert_int_equal(sl_estimator_limit_bps(w.estimator), 0);
        end(&w);
    }
}

static void sees_losses_without_a_queue(void **state)
{
    (void)state;
    struct world w;

    begin(&w);
    w.follows = true;
    w.rate_bps = 1000000;
    w.queue_ms = 10;
    run(&w, 10000);
    assert_in_range(sl_estimator_limit_bps(w.estimator), 200000, 1100000);
    end(&w);
}

/* Another route, a satellite, a roaming telephone: all comes, later, and goes on so. */
static void a_way_that_became_longer_is_not_narrow(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        int64_t delay_ms, jitter_ms, loss_percent, rate_bps;
        int64_t limited_ms; /* for so long it may be mistaken */
    } cases[] = {
        {"60 ms more", 85, 0, 0, 0, 0},
        {"200 ms more", 225, 0, 0, 0, 0},
        {"200 ms more, on a link with an end", 225, 0, 0, 3000000, 0},
        {"600 ms more", 625, 0, 0, 0, 0},
        {"200 ms more, with jitter", 225, 30, 0, 0, 4000},
        {"200 ms more, with losses", 225, 0, 2, 0, 4000},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct world w;
        int64_t limited_ms = 0;
        begin(&w);
        w.jitter_ms = cases[i].jitter_ms;
        w.loss_percent = cases[i].loss_percent;
        w.rate_bps = cases[i].rate_bps;
        run(&w, 8000);
        w.delay_ms = cases[i].delay_ms;
        for (int j = 0; j < 2000; j++) {
            run(&w, 10);
            limited_ms += sl_estimator_limit_bps(w.estimator) > 0 ? 10 : 0;
        }
        if (limited_ms > cases[i].limited_ms)
            fail_msg("%s: limited for %lld ms", cases[i].why, (long long)limited_ms);
        assert_int_equal(sl_estimator_limit_bps(w.estimator), 0);
        end(&w);
    }
}

/* A limit that was right stays about what it was. */
static void a_narrow_link_may_become_longer(void **state)
{
    (void)state;
    struct world w;

    begin(&w);
    w.follows = true;
    w.rate_bps = 1000000;
    run(&w, 12000);
    w.delay_ms = 225;
    run(&w, 4000);
    run(&w, 10000);
    assert_in_range(w.delivered * 8 / 10, 700000, 1000000);
    end(&w);
}

/* No buffer has an end here: what grows slowly is found before it is long. */
static void a_link_a_little_too_narrow_is_found_by_its_queue(void **state)
{
    (void)state;
    static const int64_t rates_bps[] = {2140000, 2000000, 1500000};

    for (size_t i = 0; i < sizeof(rates_bps) / sizeof(*rates_bps); i++) {
        struct world w;
        begin(&w);
        w.queue_ms = 5000;
        run(&w, 3000);
        w.rate_bps = rates_bps[i];
        run(&w, 10000);
        if (!w.limited_us)
            fail_msg("%lld bit/s: not found", (long long)rates_bps[i]);
        end(&w);
    }
}

static void a_link_that_was_gone_is_not_narrow(void **state)
{
    (void)state;
    struct world w;

    begin(&w);
    run(&w, 5000);
    w.loss_percent = 100;
    run(&w, 3000);
    w.loss_percent = 0;
    run(&w, 5000);
    assert_int_equal(w.limited_us, 0);
    end(&w);
}

static void bears_a_receivers_clock_that_jumps(void **state)
{
    (void)state;
    struct world w;

    begin(&w);
    for (int i = 0; i < 20; i++) {
        run(&w, 1500);
        w.clock_us += (i % 2 ? 3600 : 500) * (int64_t)SL_US_PER_S;
    }
    assert_int_equal(w.limited_us, 0);
    w.clock_us = SL_TWCC_CYCLE_US - w.now_us - SL_US_PER_S; /* wraps in a second */
    run(&w, 5000);
    assert_int_equal(w.limited_us, 0);
    end(&w);
}

/* ---- Lies ---- */

/* A message that says of count packets from seq on that they came, step_us from one to the next. */
static size_t lie(uint8_t *buf, uint16_t seq, uint16_t count, uint8_t delta)
{
    struct sl_writer writer = sl_writer_of(buf, 1500);
    size_t words = (8U + 8U + 2U + count + 2U + 3U) / 4U;

    sl_write_u8(&writer, 0x80 | SL_RTPFB_TWCC);
    sl_write_u8(&writer, SL_RTCP_RTPFB);
    sl_write_u16(&writer, (uint16_t)words);
    sl_write_u32(&writer, 1);
    sl_write_u32(&writer, 2);
    sl_write_u16(&writer, seq);
    sl_write_u16(&writer, count);
    sl_write_u24(&writer, 100);
    sl_write_u8(&writer, 0);
    sl_write_u16(&writer, (uint16_t)(0x2000 | count));
    memset(writer.at, delta, 4 * (words + 1) - 22);
    return 4 * (words + 1);
}

static void is_not_moved_by_what_was_never_sent(void **state)
{
    (void)state;
    struct world w;
    uint8_t buf[1500];

    begin(&w);
    for (int i = 0; i < 5000; i++) {
        w.now_us += 10 * MS;
        size_t len = lie(buf, (uint16_t)(i * 977), 1000, (uint8_t)(i % 200));
        assert_int_equal(give(&w, buf, len), 0);
    }
    assert_int_equal(sl_estimator_limit_bps(w.estimator), 0);
    end(&w);
}

static void is_bounded_by_what_was_sent(void **state)
{
    (void)state;
    struct world w;
    uint8_t buf[1500];

    begin(&w);
    w.rate_bps = 500000;
    w.follows = true;
    run(&w, 5000);
    uint64_t limit = sl_estimator_limit_bps(w.estimator);
    assert_true(limit > 0);
    /* All of it came at once, says the receiver, again and again. */
    for (int i = 0; i < 100; i++) {
        uint16_t next = sl_estimator_sent(w.estimator, 1000, w.now_us);
        w.now_us += 10 * MS;
        assert_int_equal(give(&w, buf, lie(buf, (uint16_t)(next - 900), 1000, 0)), 0);
        assert_true(sl_estimator_limit_bps(w.estimator) < 20000000);
    }
    end(&w);
}

/* ---- Who says a rate ---- */

static void a_word_above_what_is_sent_says_nothing(void **state)
{
    (void)state;
    static const int64_t jitters_ms[] = {0, 50};

    for (size_t i = 0; i < 2; i++) {
        struct world w;
        begin(&w);
        w.words = true;
        w.jitter_ms = jitters_ms[i];
        run(&w, 60000);
        assert_int_equal(w.limited_us, 0);
        end(&w);
    }
}

static void follows_the_word_of_a_narrow_link(void **state)
{
    (void)state;
    static const int64_t rates_bps[] = {1500000, 1000000, 500000};

    for (size_t i = 0; i < sizeof(rates_bps) / sizeof(*rates_bps); i++) {
        struct world w;
        begin(&w);
        w.words = w.follows = true;
        run(&w, 3000);
        assert_int_equal(w.limited_us, 0);
        w.rate_bps = rates_bps[i];
        int64_t since_us = w.now_us;
        run(&w, 3000);
        assert_true(w.limited_us > 0 && w.limited_us - since_us < 2000 * MS);
        run(&w, 4000);
        run(&w, 20000);
        assert_in_range(w.delivered * 8 / 20, rates_bps[i] * 7 / 10, rates_bps[i]);
        assert_true(w.waited * 4 <= w.sent); /* it is the receiver's to keep its queue short */
        w.rate_bps = 5000000;
        run(&w, 11000); /* its word rises more slowly, which is no queue */
        uint64_t limit = sl_estimator_limit_bps(w.estimator);
        assert_true(limit == 0 || limit >= w.stream_bps);
        run(&w, 14000);
        assert_int_equal(sl_estimator_limit_bps(w.estimator), 0);
        end(&w);
    }
}

/* Its first word may be long in coming; and what it says before it knows is no limit. */
static void most_missed_is_a_narrow_link_without_a_word(void **state)
{
    (void)state;
    struct world w;

    begin(&w);
    w.words = w.follows = true;
    w.word.due_us = INT64_MAX;
    w.rate_bps = 1000000;
    for (int i = 0; i < 60; i++) {
        run(&w, 1000);
        uint64_t lost = w.sent_bytes > w.delivered ? w.sent_bytes - w.delivered : 0;
        sl_estimator_losses(w.estimator, (int)(w.sent_bytes ? lost * 100 / w.sent_bytes : 0),
                            w.now_us);
        assert_int_equal(say(&w, 30000000), 0);
        if (i >= 5)
            assert_in_range(sl_estimator_limit_bps(w.estimator), 400000, 2300000);
        if (i >= 5 && i < 10)
            assert_true(w.delivered >= w.sent_bytes * 8 / 10);
    }
    end(&w);
}

/* As browsers do whose queue was full before they began to look. */
static void a_word_that_rises_is_no_sign_of_room_while_packets_are_missed(void **state)
{
    (void)state;
    struct world w;

    begin(&w);
    w.words = w.follows = true;
    w.word.due_us = INT64_MAX;
    w.rate_bps = 1000000;
    for (int i = 0; i < 40; i++) {
        run(&w, 500);
        uint64_t lost = w.sent_bytes > w.delivered ? w.sent_bytes - w.delivered : 0;
        sl_estimator_losses(w.estimator, (int)(w.sent_bytes ? lost * 100 / w.sent_bytes : 0),
                            w.now_us);
        assert_int_equal(say(&w, 400000 + (uint64_t)i * 10000), 0);
        if (i >= 12) /* not more than the link takes and its queue bears */
            assert_in_range(sl_estimator_limit_bps(w.estimator), 300000, 1400000);
    }
    end(&w);
}

static void what_chance_takes_is_no_narrow_link_for_who_says_a_rate(void **state)
{
    (void)state;
    struct world w;

    begin(&w);
    w.words = w.follows = true;
    w.loss_percent = 20;
    w.word.due_us = w.now_us + SL_US_PER_S;
    for (int i = 0; i < 30; i++) {
        run(&w, 1000);
        sl_estimator_losses(w.estimator, 20, w.now_us);
    }
    assert_int_equal(w.limited_us, 0);
    /* Found narrow by its word, and wide again: the losses do not keep the limit. */
    w.word.due_us = INT64_MAX;
    for (int i = 0; i < 3; i++) {
        run(&w, 400);
        assert_int_equal(say(&w, 1000000), 0);
    }
    assert_true(sl_estimator_limit_bps(w.estimator) > 0);
    for (int i = 0; i < 20; i++) {
        run(&w, 1000);
        sl_estimator_losses(w.estimator, 20, w.now_us);
    }
    assert_int_equal(sl_estimator_limit_bps(w.estimator), 0);
    end(&w);
}

static void words_are_held_against_what_is_sent(void **state)
{
    (void)state;
    static const uint64_t lies_bps[] = {0, 1, 1000000, UINT64_C(1) << 60};
    struct world w;

    begin(&w);
    w.words = w.follows = true;
    run(&w, 3000);
    w.word.due_us = INT64_MAX; /* from now on it is another who speaks */
    for (size_t i = 0; i < 1000; i++) {
        run(&w, 10);
        assert_int_equal(say(&w, lies_bps[i % 4]), 0);
        uint64_t limit = sl_estimator_limit_bps(w.estimator);
        assert_true(limit == 0 || (limit >= 50000 && limit <= 2 * 2300000));
        assert_int_equal(sl_estimator_probe(w.estimator, w.now_us), 0);
    }
    end(&w);
}

static void refuses_what_is_no_message(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        uint8_t bytes[24];
        size_t len;
    } cases[] = {
        {"no statuses at all", "\x8f\xcd\0\4\0\0\0\1\0\0\0\2\0\1\0\0\0\0\1\0", 20},
        {"chunk missing", "\x8f\xcd\0\4\0\0\0\1\0\0\0\2\0\1\0\7\0\0\1\0", 20},
        {"empty run", "\x8f\xcd\0\5\0\0\0\1\0\0\0\2\0\1\0\7\0\0\1\0\x20\0\0\0", 24},
        {"deltas missing", "\x8f\xcd\0\5\0\0\0\1\0\0\0\2\0\1\0\7\0\0\1\0\x20\7\0\0", 24},
        {"reserved symbol", "\x8f\xcd\0\5\0\0\0\1\0\0\0\2\0\1\0\1\0\0\1\0\x60\1\0\0", 24},
    };
    struct world w;

    begin(&w);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        if (give(&w, cases[i].bytes, cases[i].len) != -EBADMSG)
            fail_msg("%s: taken", cases[i].why);
    }
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(raises_no_false_alarm),
        cmocka_unit_test(finds_a_narrow_link_and_keeps_its_queue_short),
        cmocka_unit_test(sees_that_a_link_has_become_wider),
        cmocka_unit_test(sees_losses_without_a_queue),
        cmocka_unit_test(a_way_that_became_longer_is_not_narrow),
        cmocka_unit_test(a_narrow_link_may_become_longer),
        cmocka_unit_test(a_link_a_little_too_narrow_is_found_by_its_queue),
        cmocka_unit_test(a_link_that_was_gone_is_not_narrow),
        cmocka_unit_test(bears_a_receivers_clock_that_jumps),
        cmocka_unit_test(is_not_moved_by_what_was_never_sent),
        cmocka_unit_test(is_bounded_by_what_was_sent),
        cmocka_unit_test(a_word_above_what_is_sent_says_nothing),
        cmocka_unit_test(follows_the_word_of_a_narrow_link),
        cmocka_unit_test(most_missed_is_a_narrow_link_without_a_word),
        cmocka_unit_test(a_word_that_rises_is_no_sign_of_room_while_packets_are_missed),
        cmocka_unit_test(what_chance_takes_is_no_narrow_link_for_who_says_a_rate),
        cmocka_unit_test(words_are_held_against_what_is_sent),
        cmocka_unit_test(refuses_what_is_no_message),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
