/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The pairs of ports by which players of one worker get their media over UDP: one of each kind and
 * family for all of them, so that what goes to many leaves in few calls of the kernel. Made with
 * the first player that wants it, there until the end. What comes back is told to the player that
 * it is from, or is about.
 */
#ifndef SL_RTSP_PORTS_H
#define SL_RTSP_PORTS_H

#include "base/table.h"
#include "media/media.h"
#include "net/net.h"

struct sl_config;
struct sl_rtsp_ports;
struct sl_worker;

/* Before the worker runs, and after it has ended. [control] */
struct sl_rtsp_ports *sl_rtsp_ports_create(struct sl_worker *worker);
void sl_rtsp_ports_destroy(struct sl_rtsp_ports *ports); /* NULL is fine */
/* The pair for clients that came to this address of ours; borrowed. Negative as sl_udp_open_pair().
 * [control] */
int sl_rtsp_ports_get(struct sl_rtsp_ports *ports, const struct sl_config *config,
                      enum sl_media_kind kind, const struct sl_addr *ours, struct sl_udp_pair *out);

/* ---- [worker] ---- */

/* Whose reports are heard. Embedded; what it is known by stays as it is while it has joined. */
struct sl_rtsp_reporter {
    struct sl_table_node node;
    struct sl_addr client; /* nothing is from this player that is not from there */
    struct {
        bool over_udp;
        uint16_t client_port; /* of RTCP; behind a NAT, it may come from another */
        uint32_t ssrc;        /* of ours: what its reports are about */
    } ways[2];                /* by kind */
    void (*on_rtcp)(struct sl_rtsp_reporter *reporter, const uint8_t *data, size_t len);
};
void sl_rtsp_ports_join(struct sl_rtsp_ports *ports, struct sl_rtsp_reporter *reporter);
/* No-op if it has not joined. */
void sl_rtsp_ports_leave(struct sl_rtsp_ports *ports, struct sl_rtsp_reporter *reporter);

#endif
