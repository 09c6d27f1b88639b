/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What waits for one client of a media socket, and what is kept from it because it reads too
 * slowly: the queue is bounded in bytes and time; past that it is dropped, and the client goes on
 * with the next key frame. Pure: knows numbers only, time is an argument. Threads: one.
 */
#ifndef SL_MSE_QUEUE_H
#define SL_MSE_QUEUE_H

#include "mse/unit.h"

enum { SL_MSE_MARKS = 128 };

struct sl_mse_queue_limits {
    size_t len;     /* bytes */
    int64_t age_us; /* of the oldest that waits */
};

/* Zeroed: nothing was sent. */
struct sl_mse_queue {
    bool has_pictures; /* which the client begins with */
    bool blocked;      /* something was dropped, and what had begun to leave has not left yet */
    bool runs;         /* it has begun, and nothing was dropped since */
    int64_t begin_us;  /* of the unit that it began with: older sound is of no use */
    uint64_t added, left;
    int64_t progress_us; /* when something left last, or nothing waited */
    /* Where what was added together ends, and when that was. */
    struct {
        uint64_t end;
        int64_t at_us;
    } marks[SL_MSE_MARKS];
    size_t first_mark, mark_count;
};

/* So many bytes wait now; none: it is blocked no more. */
void sl_mse_queue_update(struct sl_mse_queue *queue, size_t waiting, int64_t now_us);
/* True: len more bytes are too many, or the oldest has waited too long. After an update. */
bool sl_mse_queue_is_over(const struct sl_mse_queue *queue,
                          const struct sl_mse_queue_limits *limits, size_t len, int64_t now_us);
void sl_mse_queue_add(struct sl_mse_queue *queue, size_t len, int64_t now_us);
/* What waited was dropped; of it so many bytes are left, which had begun to leave. */
void sl_mse_queue_drop(struct sl_mse_queue *queue, size_t waiting, int64_t now_us);
/* May the unit be sent? Not while it is blocked. A client begins, and goes on after a drop, with a
 * key frame, and with the sound from then on. */
bool sl_mse_queue_takes(struct sl_mse_queue *queue, const struct sl_mse_unit *unit);
/* How long nothing has left, although something waits. After an update. */
int64_t sl_mse_queue_stalled_us(const struct sl_mse_queue *queue, int64_t now_us);

#endif
