/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One worker's part. */
#include "rtsp/lane.h"

#include "base/clock.h"
#include "base/mem.h"
#include "rtsp/ports.h"
#include "stream/stream.h"

#include <assert.h>
#include <string.h>

enum { TICK_MS = 100 };

struct sl_rtsp_lane {
    struct sl_worker *worker;
    struct sl_conn_set *conns;
    struct sl_rtsp_ports *ports;
    struct sl_udp_sender *senders[2]; /* by kind */
    struct sl_timer *timer;           /* runs while there are riders */
    struct sl_list riders;
    struct sl_later flush;
    struct sl_rtsp_rider *gatherer; /* whose the bytes are; NULL: there are none */
    size_t gathered;
    uint8_t bytes[SL_RTSP_GATHER_LEN];
};

/* ---- What leaves together ---- */

static void flush_gathered(struct sl_rtsp_lane *lane)
{
    struct sl_rtsp_rider *rider = lane->gatherer;
    size_t len = lane->gathered;

    lane->gatherer = NULL;
    lane->gathered = 0;
    if (rider)
        rider->on_gathered(rider, lane->bytes, len);
}

void sl_rtsp_lane_flush(struct sl_rtsp_lane *lane)
{
    flush_gathered(lane);
    sl_udp_flush(lane->senders[SL_VIDEO]);
    sl_udp_flush(lane->senders[SL_AUDIO]);
}

static void on_flush(struct sl_later *later)
{
    sl_rtsp_lane_flush(sl_container_of(later, struct sl_rtsp_lane, flush));
}

struct sl_udp_sender *sl_rtsp_lane_sender(struct sl_rtsp_lane *lane, enum sl_media_kind kind)
{
    sl_worker_at_end(lane->worker, &lane->flush);
    return lane->senders[kind];
}

void sl_rtsp_lane_gather(struct sl_rtsp_lane *lane, struct sl_rtsp_rider *rider,
                         const uint8_t *head, size_t head_len, const uint8_t *data, size_t len)
{
    assert(head_len + len <= sizeof(lane->bytes));
    if (lane->gatherer != rider || head_len + len > sizeof(lane->bytes) - lane->gathered)
        flush_gathered(lane);
    lane->gatherer = rider;
    memcpy(lane->bytes + lane->gathered, head, head_len);
    memcpy(lane->bytes + lane->gathered + head_len, data, len);
    lane->gathered += head_len + len;
    sl_worker_at_end(lane->worker, &lane->flush);
}

/* ---- The clock ---- */

static void on_timer(void *owner)
{
    const struct sl_rtsp_lane *lane = owner;
    int64_t now_us = sl_now_us();
    struct sl_rtsp_rider *rider;

    sl_list_foreach(rider, &lane->riders, struct sl_rtsp_rider, link) rider->on_tick(rider, now_us);
}

void sl_rtsp_lane_join(struct sl_rtsp_lane *lane, struct sl_rtsp_rider *rider)
{
    if (sl_list_empty(&lane->riders))
        sl_timer_start(lane->timer, TICK_MS, TICK_MS);
    sl_list_append(&lane->riders, &rider->link);
}

void sl_rtsp_lane_leave(struct sl_rtsp_lane *lane, struct sl_rtsp_rider *rider)
{
    sl_rtsp_lane_flush(lane);
    sl_list_remove(&rider->link);
    if (sl_list_empty(&lane->riders))
        sl_timer_stop(lane->timer);
}

/* ---- Life ---- */

struct sl_rtsp_lane *sl_rtsp_lane_create(struct sl_worker *worker)
{
    struct sl_rtsp_lane *lane = sl_new(struct sl_rtsp_lane);
    struct sl_loop *loop = sl_worker_loop(worker);

    lane->worker = worker;
    lane->conns = sl_conn_set_create(loop);
    lane->ports = sl_rtsp_ports_create(worker);
    for (size_t kind = 0; kind < 2; kind++)
        lane->senders[kind] = sl_udp_sender_create(NULL, NULL);
    lane->timer = sl_timer_create(loop, on_timer, lane);
    lane->flush.run = on_flush;
    sl_list_init(&lane->riders);
    return lane;
}

void sl_rtsp_lane_destroy(struct sl_rtsp_lane *lane)
{
    if (!lane)
        return;
    assert(sl_list_empty(&lane->riders));
    sl_later_cancel(&lane->flush);
    sl_timer_destroy(lane->timer);
    sl_conn_set_destroy(lane->conns);
    for (size_t kind = 0; kind < 2; kind++)
        sl_udp_sender_destroy(lane->senders[kind]);
    sl_rtsp_ports_destroy(lane->ports);
    free(lane);
}

struct sl_worker *sl_rtsp_lane_worker(const struct sl_rtsp_lane *lane)
{
    return lane->worker;
}

struct sl_conn_set *sl_rtsp_lane_conns(const struct sl_rtsp_lane *lane)
{
    return lane->conns;
}

struct sl_rtsp_ports *sl_rtsp_lane_ports(const struct sl_rtsp_lane *lane)
{
    return lane->ports;
}
