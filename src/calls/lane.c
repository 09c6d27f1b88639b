/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One worker's part. */
#include "calls/lane.h"

#include "base/clock.h"
#include "base/mem.h"
#include "srtp/srtp.h"
#include "stream/stream.h"

#include <assert.h>

enum { TICK_MS = 100, QUICK_TICK_MS = 10 };

/* Its timer runs while there are riders: each that runs wakes the worker. */
struct clock {
    struct sl_timer *timer;
    uint64_t every_ms;
    struct sl_list riders;
};

struct sl_call_lane {
    struct sl_worker *worker;
    struct sl_srtp_engine *engine;
    struct sl_udp_sender *sender;
    struct sl_udp_receiver *receiver;
    struct clock clocks[2]; /* by whether they hurry */
    struct sl_later flush;
};

static void finish_crypto(void *owner)
{
    const struct sl_call_lane *lane = owner;

    sl_srtp_flush(lane->engine);
}

static void on_flush(struct sl_later *later)
{
    sl_udp_flush(sl_container_of(later, struct sl_call_lane, flush)->sender);
}

struct sl_udp_sender *sl_call_lane_sender(struct sl_call_lane *lane)
{
    sl_worker_at_end(lane->worker, &lane->flush);
    return lane->sender;
}

struct sl_udp_receiver *sl_call_lane_receiver(struct sl_call_lane *lane)
{
    return lane->receiver;
}

struct sl_srtp_engine *sl_call_lane_engine(struct sl_call_lane *lane)
{
    return lane->engine;
}

/* ---- The clocks ---- */

static void on_timer(void *owner)
{
    const struct clock *clock = owner;
    int64_t now_us = sl_now_us();
    struct sl_call_rider *rider;

    sl_list_foreach(rider, &clock->riders, struct sl_call_rider, link)
        rider->on_tick(rider, now_us);
}

void sl_call_lane_join(struct sl_call_lane *lane, struct sl_call_rider *rider, bool hurries)
{
    struct clock *clock = &lane->clocks[hurries];

    if (sl_list_empty(&clock->riders))
        sl_timer_start(clock->timer, clock->every_ms, clock->every_ms);
    sl_list_append(&clock->riders, &rider->link);
}

static void dismount(struct sl_call_lane *lane, struct sl_call_rider *rider)
{
    sl_list_remove(&rider->link);
    for (size_t i = 0; i < SL_ARRAY_LEN(lane->clocks); i++) {
        if (sl_list_empty(&lane->clocks[i].riders))
            sl_timer_stop(lane->clocks[i].timer);
    }
}

void sl_call_lane_hurry(struct sl_call_lane *lane, struct sl_call_rider *rider, bool hurries)
{
    dismount(lane, rider);
    sl_call_lane_join(lane, rider, hurries);
}

void sl_call_lane_leave(struct sl_call_lane *lane, struct sl_call_rider *rider)
{
    sl_udp_flush(lane->sender);
    dismount(lane, rider);
}

/* ---- Life ---- */

static void make_clock(struct clock *clock, struct sl_loop *loop, uint64_t every_ms)
{
    clock->timer = sl_timer_create(loop, on_timer, clock);
    clock->every_ms = every_ms;
    sl_list_init(&clock->riders);
}

struct sl_call_lane *sl_call_lane_create(struct sl_worker *worker)
{
    struct sl_call_lane *lane = sl_new(struct sl_call_lane);

    lane->worker = worker;
    lane->engine = sl_srtp_engine_create(SL_SRTP_BEST);
    lane->sender = sl_udp_sender_create(finish_crypto, lane);
    lane->receiver = sl_udp_receiver_create();
    make_clock(&lane->clocks[false], sl_worker_loop(worker), TICK_MS);
    make_clock(&lane->clocks[true], sl_worker_loop(worker), QUICK_TICK_MS);
    lane->flush.run = on_flush;
    return lane;
}

void sl_call_lane_destroy(struct sl_call_lane *lane)
{
    if (!lane)
        return;
    for (size_t i = 0; i < SL_ARRAY_LEN(lane->clocks); i++) {
        assert(sl_list_empty(&lane->clocks[i].riders));
        sl_timer_destroy(lane->clocks[i].timer);
    }
    sl_later_cancel(&lane->flush);
    sl_udp_sender_destroy(lane->sender);
    sl_udp_receiver_destroy(lane->receiver);
    sl_srtp_engine_destroy(lane->engine);
    free(lane);
}

struct sl_worker *sl_call_lane_worker(const struct sl_call_lane *lane)
{
    return lane->worker;
}
