/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the lines of one worker share: what leaves together, memory to receive in, a clock.
 * [worker] but for making and freeing it, while no worker runs. */
#ifndef SL_CALLS_LANE_H
#define SL_CALLS_LANE_H

#include "base/list.h"
#include "net/net.h"

struct sl_call_lane;
struct sl_worker;

/* A line on its lane: told every 100 ms, or every 10 ms while it hurries. */
struct sl_call_rider {
    struct sl_list link;
    void (*on_tick)(struct sl_call_rider *rider, int64_t now_us);
};

struct sl_call_lane *sl_call_lane_create(struct sl_worker *worker);
/* NULL is fine. */
void sl_call_lane_destroy(struct sl_call_lane *lane);
struct sl_worker *sl_call_lane_worker(const struct sl_call_lane *lane);
/* To build datagrams in: they leave at the end of the turn. */
struct sl_udp_sender *sl_call_lane_sender(struct sl_call_lane *lane);
struct sl_udp_receiver *sl_call_lane_receiver(struct sl_call_lane *lane);
/* What is under way protected; finished before it leaves. */
struct sl_srtp_engine *sl_call_lane_engine(struct sl_call_lane *lane);
void sl_call_lane_join(struct sl_call_lane *lane, struct sl_call_rider *rider, bool hurries);
/* From within a tick, too. */
void sl_call_lane_hurry(struct sl_call_lane *lane, struct sl_call_rider *rider, bool hurries);
/* Sends what there is first: destinations of the rider may go afterwards. */
void sl_call_lane_leave(struct sl_call_lane *lane, struct sl_call_rider *rider);

#endif
