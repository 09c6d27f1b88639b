/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One worker's part. */
#include "calls/lane.h"

#include "base/clock.h"
#include "base/mem.h"
#include "srtp/srtp.h"
#include "stream/stream.h"

#include <assert.h>

struct sl_call_lane {
    struct sl_worker *worker;
    struct sl_srtp_engine *engine;
    struct sl_udp_sender *sender;
    struct sl_udp_receiver *receiver;
    struct sl_timer *timer; /* runs while there are riders */
    struct sl_list riders;
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
    sl_loop_later(sl_worker_loop(lane->worker), &lane->flush);
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

static void on_timer(void *owner)
{
    const struct sl_call_lane *lane = owner;
    int64_t now_us = sl_now_us();
    struct sl_call_rider *rider;

    sl_list_foreach(rider, &lane->riders, struct sl_call_rider, link) rider->on_tick(rider, now_us);
}

void sl_call_lane_join(struct sl_call_lane *lane, struct sl_call_rider *rider)
{
    if (sl_list_empty(&lane->riders))
        sl_timer_start(lane->timer, SL_CALL_TICK_MS, SL_CALL_TICK_MS);
    sl_list_append(&lane->riders, &rider->link);
}

void sl_call_lane_leave(struct sl_call_lane *lane, struct sl_call_rider *rider)
{
    sl_udp_flush(lane->sender);
    sl_list_remove(&rider->link);
    if (sl_list_empty(&lane->riders))
        sl_timer_stop(lane->timer);
}

struct sl_call_lane *sl_call_lane_create(struct sl_worker *worker)
{
    struct sl_call_lane *lane = sl_new(struct sl_call_lane);

    lane->worker = worker;
    lane->engine = sl_srtp_engine_create(SL_SRTP_BEST);
    lane->sender = sl_udp_sender_create(finish_crypto, lane);
    lane->receiver = sl_udp_receiver_create();
    lane->timer = sl_timer_create(sl_worker_loop(worker), on_timer, lane);
    lane->flush.run = on_flush;
    sl_list_init(&lane->riders);
    return lane;
}

void sl_call_lane_destroy(struct sl_call_lane *lane)
{
    if (!lane)
        return;
    assert(sl_list_empty(&lane->riders));
    sl_later_cancel(&lane->flush);
    sl_timer_destroy(lane->timer);
    sl_udp_sender_destroy(lane->sender);
    sl_udp_receiver_destroy(lane->receiver);
    sl_srtp_engine_destroy(lane->engine);
    free(lane);
}

struct sl_worker *sl_call_lane_worker(const struct sl_call_lane *lane)
{
    return lane->worker;
}
