/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as the body of transport-wide feedback on packets that were sent: what is told of each
 * message covers as many numbers as it says, in their order, or nothing is told; and as the body of
 * a receiver's own word. The estimate stays within what was offered. */
#include "base/bytes.h"
#include "rtp/rtp.h"

#include <stdlib.h>

enum { HEADER = 2, BODY_MAX = 1400, PACKET = 1200, PER_MESSAGE = 40, STEP_US = 50000 };

/* Twice what is offered, or four times what may have come before that is known, in three slots of
 * 50 ms. */
enum { LIMIT_MOST_BPS = 5 * PER_MESSAGE * PACKET * 8 * 4 * 20 / 3 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(bool holds)
{
    if (!holds)
        abort();
}

struct told {
    bool any;
    uint16_t next;
    size_t count;
};

static void note(struct told *told, uint16_t seq, size_t count)
{
    check(!told->any || seq == told->next);
    told->any = true;
    told->next = (uint16_t)(seq + count);
    told->count += count;
}

static void on_arrival(void *owner, uint16_t seq, int64_t arrival_us)
{
    (void)arrival_us;
    note(owner, seq, 1);
}

static void on_missing(void *owner, uint16_t seq, size_t count)
{
    check(count > 0);
    note(owner, seq, count);
}

/* What a receiver says itself, of packets that have no numbers. */
static void say(struct sl_estimator *estimator, const uint8_t *body, size_t len, int64_t now_us)
{
    struct sl_rtcp_view view = {SL_RTCP_PSFB, SL_PSFB_AFB, 1, body, len};
    uint64_t bps;

    sl_estimator_sent_unnumbered(estimator, (size_t)PER_MESSAGE * PACKET, now_us);
    sl_estimator_offered(estimator, (size_t)PER_MESSAGE * PACKET, now_us);
    check(sl_estimator_feedback(estimator, &view, now_us) == sl_rtcp_read_remb(&view, &bps));
    sl_estimator_losses(estimator, len > 0 ? body[0] * 100 / 256 : 0, now_us);
    check(sl_estimator_limit_bps(estimator) <= LIMIT_MOST_BPS);
    check(sl_estimator_probe(estimator, now_us) == 0);
}

/* Each message: two octets of length, then a body. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const struct sl_twcc_ops ops = {on_arrival, on_missing};
    struct sl_estimator *estimator = sl_estimator_create(), *by_word = sl_estimator_create();
    int64_t now_us = STEP_US;

    while (len >= HEADER) {
        size_t body = sl_load_u16(data) % BODY_MAX;
        body = body < len - HEADER ? body : len - HEADER;
        struct sl_rtcp_view view = {SL_RTCP_RTPFB, SL_RTPFB_TWCC, 1, data + HEADER, body};
        struct told told = {.any = false};

        for (size_t i = 0; i < PER_MESSAGE; i++)
            (void)sl_estimator_sent(estimator, PACKET, now_us);
        sl_estimator_offered(estimator, (size_t)PER_MESSAGE * PACKET, now_us);
        int err = sl_rtcp_read_twcc(&view, &ops, &told);
        check(err == 0 ? told.count == sl_load_u16(view.body + 6) : !told.any);
        check(sl_estimator_feedback(estimator, &view, now_us) == err);
        check(sl_estimator_limit_bps(estimator) <= LIMIT_MOST_BPS);
        check(sl_estimator_probe(estimator, now_us) <= LIMIT_MOST_BPS / 8);
        say(by_word, view.body, body, now_us);
        now_us += STEP_US;
        data += HEADER + body;
        len -= HEADER + body;
    }
    sl_estimator_destroy(estimator);
    sl_estimator_destroy(by_word);
    return 0;
}
