/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the players of one worker share there: its connections, what leaves together, a clock.
 * Made before the worker runs and destroyed when it has ended [control]; in between the worker's.
 */
#ifndef SL_RTSP_LANE_H
#define SL_RTSP_LANE_H

#include "base/list.h"
#include "media/media.h"
#include "net/net.h"

#include <stddef.h>
#include <stdint.h>

struct sl_conn_set;
struct sl_rtsp_ports;
struct sl_worker;

enum { SL_RTSP_GATHER_LEN = 32768 };

/* Whoever wants the clock, and has something gathered. Embedded; [worker]. */
struct sl_rtsp_rider {
    struct sl_list link;
    void (*on_tick)(struct sl_rtsp_rider *rider, int64_t now_us); /* every 100 ms */
    void (*on_gathered)(struct sl_rtsp_rider *rider, const uint8_t *data, size_t len);
};

struct sl_rtsp_lane;
struct sl_rtsp_lane *sl_rtsp_lane_create(struct sl_worker *worker);
void sl_rtsp_lane_destroy(struct sl_rtsp_lane *lane); /* NULL is fine */
struct sl_worker *sl_rtsp_lane_worker(const struct sl_rtsp_lane *lane);
struct sl_conn_set *sl_rtsp_lane_conns(const struct sl_rtsp_lane *lane);
struct sl_rtsp_ports *sl_rtsp_lane_ports(const struct sl_rtsp_lane *lane);

/* ---- [worker] ---- */

void sl_rtsp_lane_join(struct sl_rtsp_lane *lane, struct sl_rtsp_rider *rider);
/* What it had gathered has left. No-op if it has not joined. */
void sl_rtsp_lane_leave(struct sl_rtsp_lane *lane, struct sl_rtsp_rider *rider);
/* Datagrams committed there leave at the end of the turn, those of a kind together: they have one
 * socket, as a rule. */
struct sl_udp_sender *sl_rtsp_lane_sender(struct sl_rtsp_lane *lane, enum sl_media_kind kind);
/* Bytes for this rider's stream, at most SL_RTSP_GATHER_LEN: given to on_gathered() together with
 * what follows at once. */
void sl_rtsp_lane_gather(struct sl_rtsp_lane *lane, struct sl_rtsp_rider *rider,
                         const uint8_t *head, size_t head_len, const uint8_t *data, size_t len);
/* Everything leaves now. */
void sl_rtsp_lane_flush(struct sl_rtsp_lane *lane);

#endif
