/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What needs no process: whose turn in quarantine it is, whole messages out of pieces, what waits
 * for a socket. */
#include "transcoder/internal.h"

#include "base/clock.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define SECONDS(n) ((int64_t)(n)*SL_US_PER_S)

/* ---- Quarantine ---- */

static void two_marks_within_a_minute_hold_a_source_for_ten(void **state)
{
    (void)state;
    struct sl_codec_quarantine quarantine;

    sl_codec_quarantine_init(&quarantine);
    assert_int_equal(sl_codec_quarantine_mark(&quarantine, "cam", true, SECONDS(100)), 0);
    assert_int_equal(sl_codec_quarantine_mark(&quarantine, "other", true, SECONDS(101)), 0);
    assert_false(sl_codec_quarantine_holds(&quarantine, "cam", SECONDS(102)));
    assert_int_equal(sl_codec_quarantine_mark(&quarantine, "cam", true, SECONDS(159)), 2);
    /* it is already */
    assert_int_equal(sl_codec_quarantine_mark(&quarantine, "cam", true, SECONDS(160)), 0);
    assert_true(sl_codec_quarantine_holds(&quarantine, "cam", SECONDS(758)));
    assert_false(sl_codec_quarantine_holds(&quarantine, "other", SECONDS(758)));
    assert_false(sl_codec_quarantine_holds(&quarantine, "cam", SECONDS(759)));
    assert_int_equal(quarantine.count, 0);
    sl_codec_quarantine_deinit(&quarantine);
}

static void a_mark_is_forgotten_after_a_minute(void **state)
{
    (void)state;
    struct sl_codec_quarantine quarantine;

    sl_codec_quarantine_init(&quarantine);
    for (int i = 0; i < 5; i++)
        assert_int_equal(sl_codec_quarantine_mark(&quarantine, "cam", true, SECONDS(100 + 60 * i)),
                         0);
    sl_codec_quarantine_deinit(&quarantine);
}

static void the_quarantine_is_bounded(void **state)
{
    (void)state;
    struct sl_codec_quarantine quarantine;
    char name[16];

    sl_codec_quarantine_init(&quarantine);
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(name, sizeof(name), "cam%d", i);
        assert_int_equal(sl_codec_quarantine_mark(&quarantine, name, true, SECONDS(100)), 0);
    }
    assert_int_equal(quarantine.count, 256);
    assert_int_equal(sl_codec_quarantine_mark(&quarantine, "cam999", true, SECONDS(101)), 2);
    assert_int_equal(sl_codec_quarantine_mark(&quarantine, "cam0", true, SECONDS(101)), 0);
    sl_codec_quarantine_deinit(&quarantine);
}

static void what_is_not_certain_counts_for_half(void **state)
{
    (void)state;
    struct sl_codec_quarantine quarantine;

    sl_codec_quarantine_init(&quarantine);
    for (int i = 0; i < 3; i++)
        assert_int_equal(sl_codec_quarantine_mark(&quarantine, "many", false, SECONDS(100 + i)), 0);
    assert_false(sl_codec_quarantine_holds(&quarantine, "many", SECONDS(103)));
    assert_int_equal(sl_codec_quarantine_mark(&quarantine, "many", false, SECONDS(103)), 4);
    assert_true(sl_codec_quarantine_holds(&quarantine, "many", SECONDS(702)));

    assert_int_equal(sl_codec_quarantine_mark(&quarantine, "mixed", false, SECONDS(103)), 0);
    assert_int_equal(sl_codec_quarantine_mark(&quarantine, "mixed", true, SECONDS(104)), 0);
    assert_int_equal(sl_codec_quarantine_mark(&quarantine, "mixed", false, SECONDS(105)), 3);
    sl_codec_quarantine_deinit(&quarantine);
}

/* ---- Whole messages out of pieces ---- */

struct heard {
    size_t count, bytes;
    int answer;
};

static int on_message(void *owner, const struct sl_engine_message *message)
{
    struct heard *heard = owner;

    for (size_t i = 0; i < message->len; i++)
        assert_int_equal(message->data[i], (uint8_t)(message->job + i));
    heard->count++;
    heard->bytes += message->len;
    return heard->answer;
}

/* A report whose bytes tell where they belong. */
static size_t build(uint8_t *out, uint32_t job, size_t len)
{
    const struct sl_engine_message report = {
        .type = SL_ENGINE_CODED, .job = job, .codec = SL_CODEC_H264, .data = out, .len = len};

    sl_engine_build(&report, out);
    for (size_t i = 0; i < len; i++)
        out[SL_ENGINE_HEAD_LEN + i] = (uint8_t)(job + i);
    return SL_ENGINE_HEAD_LEN + len;
}

static void messages_are_whole_however_they_come(void **state)
{
    (void)state;
    static const size_t lens[] = {1, 40000, 3, 200000, 7, 32768 - SL_ENGINE_HEAD_LEN, 2};
    static const size_t steps[] = {1000, 4096, 65536, 130};
    uint8_t *stream = sl_alloc(1 << 20);
    size_t total = 0;
    int fds[2];

    for (uint32_t i = 0; i < SL_ARRAY_LEN(lens); i++)
        total += build(stream + total, i + 1, lens[i]);
    assert_int_equal(sl_codec_socket_pair(fds), 0);
    for (size_t s = 0; s < SL_ARRAY_LEN(steps); s++) {
        struct sl_codec_inbox inbox = {0};
        struct heard heard = {0};
        for (size_t at = 0; at < total;) {
            size_t step = steps[s] < total - at ? steps[s] : total - at;
            assert_int_equal(write(fds[1], stream + at, step), step);
            while (sl_codec_inbox_read(&inbox, fds[0], 4096, on_message, &heard) == 0)
                continue;
            at += step;
        }
        assert_int_equal(heard.count, SL_ARRAY_LEN(lens));
        assert_true(inbox.len == 0 && inbox.room <= 64 << 10); /* small again */
        sl_codec_inbox_deinit(&inbox);
    }
    (void)close(fds[0]);
    (void)close(fds[1]);
    free(stream);
}

static void an_end_and_nonsense_are_told_apart(void **state)
{
    (void)state;
    uint8_t bytes[2 * SL_ENGINE_HEAD_LEN + 8];
    struct sl_codec_inbox inbox = {0};
    struct heard heard = {0};
    int fds[2];

    assert_int_equal(sl_codec_socket_pair(fds), 0);
    assert_int_equal(sl_codec_inbox_read(&inbox, fds[0], 4096, on_message, &heard), -EAGAIN);
    size_t len = build(bytes, 1, 4);
    memset(bytes + len, 0xff, SL_ENGINE_HEAD_LEN);
    len += SL_ENGINE_HEAD_LEN;
    assert_int_equal(write(fds[1], bytes, len), len);
    assert_int_equal(sl_codec_inbox_read(&inbox, fds[0], 4096, on_message, &heard), -EBADMSG);
    assert_int_equal(heard.count, 1); /* what was well is heard */
    sl_codec_inbox_deinit(&inbox);
    len = build(bytes, 1, 4);
    assert_int_equal(write(fds[1], bytes, len), len);
    (void)close(fds[1]);
    int err = sl_codec_inbox_read(&inbox, fds[0], 4096, on_message, &heard);
    if (err == -EAGAIN)
        err = sl_codec_inbox_read(&inbox, fds[0], 4096, on_message, &heard);
    assert_int_equal(err, -EPIPE);
    assert_int_equal(heard.count, 2);
    sl_codec_inbox_deinit(&inbox);
    (void)close(fds[0]);
}

/* ---- What waits ---- */

static void what_the_socket_does_not_take_waits_in_order(void **state)
{
    (void)state;
    enum { LEN = 50000, COUNT = 100 };
    uint8_t *data = sl_alloc(LEN + SL_ENGINE_HEAD_LEN);
    struct sl_codec_outbox outbox = {0};
    struct sl_codec_inbox inbox = {0};
    struct heard heard = {0};
    size_t taken = 0;
    int fds[2];

    assert_int_equal(sl_codec_socket_pair(fds), 0);
    sl_codec_outbox_init(&outbox);
    for (uint32_t i = 1; i <= COUNT; i++) {
        (void)build(data, i, LEN);
        const struct sl_engine_message message = {.type = SL_ENGINE_CODED,
                                                  .job = i,
                                                  .codec = SL_CODEC_H264,
                                                  .data = data + SL_ENGINE_HEAD_LEN,
                                                  .len = LEN};
        int err = sl_codec_outbox_send(&outbox, fds[0], &message, 10, 4 << 20);
        assert_true(err == 0 || err == -ENOBUFS);
        taken += err == 0;
    }
    assert_int_equal(outbox.count, 10);
    assert_true(outbox.len <= 10 * (LEN + SL_ENGINE_HEAD_LEN));
    assert_true(taken >= 10 && taken < COUNT);
    while (heard.count < taken) {
        assert_int_equal(sl_codec_outbox_flush(&outbox, fds[0]), 0);
        (void)sl_codec_inbox_read(&inbox, fds[1], 100000, on_message, &heard);
    }
    assert_int_equal(heard.bytes, taken * LEN);
    assert_true(outbox.count == 0 && outbox.len == 0);
    (void)close(fds[1]);
    const struct sl_engine_message last = {.type = SL_ENGINE_PONG};
    assert_int_equal(sl_codec_outbox_send(&outbox, fds[0], &last, 10, 1000), -EPIPE);
    sl_codec_outbox_deinit(&outbox);
    sl_codec_inbox_deinit(&inbox);
    (void)close(fds[0]);
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_marks_within_a_minute_hold_a_source_for_ten),
        cmocka_unit_test(a_mark_is_forgotten_after_a_minute),
        cmocka_unit_test(the_quarantine_is_bounded),
        cmocka_unit_test(what_is_not_certain_counts_for_half),
        cmocka_unit_test(messages_are_whole_however_they_come),
        cmocka_unit_test(an_end_and_nonsense_are_told_apart),
        cmocka_unit_test(what_the_socket_does_not_take_waits_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
