/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Bursts that find out whether a link takes more: when the next one may be, what is due of it, and
 * whether it came as fast as it went. Part of an estimator, and on its thread.
 */
#ifndef SL_RTP_PROBE_H
#define SL_RTP_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Embedded. */
struct sl_probe {
    uint8_t last_id;
    int64_t at_us, every_us; /* when the next one may be */
    int64_t probed_us;       /* when one was last under way */
    struct {
        uint8_t id; /* 0: nothing more of it is to be sent */
        int64_t since_us;
        uint64_t rate_bps; /* 0: there is none */
        size_t sent_bytes, sent_packets, arrived_bytes, arrived_packets;
        int64_t first_us, last_us; /* arrivals */
        size_t first_bytes;
    } burst;
};

void sl_probe_init(struct sl_probe *probe);
/* None is under way, and its time has come. */
bool sl_probe_is_due(const struct sl_probe *probe, int64_t now_us);
void sl_probe_begin(struct sl_probe *probe, uint64_t rate_bps, int64_t now_us);
/* Bytes that are to leave now beyond what leaves anyway. */
size_t sl_probe_due_bytes(struct sl_probe *probe, int64_t now_us);
/* A packet leaves, arrives; which burst it belongs to, 0: none. */
uint8_t sl_probe_sent(struct sl_probe *probe, size_t bytes);
void sl_probe_arrived(struct sl_probe *probe, uint8_t id, size_t bytes, int64_t arrival_us);
/* The rate at which the burst arrived, if that is as fast as it went, more or less; 0: it is not,
 * is not over yet, or there is none. */
uint64_t sl_probe_judge(struct sl_probe *probe, int64_t now_us);
/* It has brought a queue. */
void sl_probe_fail(struct sl_probe *probe, int64_t now_us);
/* There was too much anyway: none for a while. */
void sl_probe_put_off(struct sl_probe *probe, int64_t now_us);
/* The link may have become wider: soon it shows. */
void sl_probe_hurry(struct sl_probe *probe, int64_t now_us);
/* No more of it: there is nothing to find out. */
void sl_probe_leave(struct sl_probe *probe);

#endif
