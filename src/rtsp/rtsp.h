/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What others may include of rtsp/: streams for players that speak RTSP 1.0 (RFC 2326;
 * media-outputs.md 5.1), over UDP or their own connection.
 *
 *   server.c   the listener                                                        [control]
 *   clients.c  all that are there                                                  [control]
 *   client.c   one conversation: its requests, its life; methods.c what they do,
 *              visit.c the stream that they are about, answer.c what is answered   [control]
 *   permit.c   may it? the back end says                                           [control]
 *   medium.c   the stream that it plays, what is sent of it and how                [control]
 *   wire.c     its connection, which moves to a worker before media flow
 *   player.c   the tracks on their way, on a worker
 *   probe.c    what the tracks send now
 *   lane.c     what players of one worker share; ports.c their ports
 *   message.c, url.c, transport.c, describe.c   pure
 *
 * All calls and callbacks on the control loop.
 */
#ifndef SL_RTSP_RTSP_H
#define SL_RTSP_RTSP_H

#include "access/access.h"

#include <stdbool.h>
#include <stdint.h>

struct sl_addr;
struct sl_config;
struct sl_counters;
struct sl_error;
struct sl_hooks;
struct sl_loop;
struct sl_variants;
struct sl_workers;

struct sl_rtsp;
struct sl_rtsp_config {
    /* All of these must outlive it. */
    const struct sl_config *config; /* read at each use: reloads take effect */
    struct sl_loop *loop;
    struct sl_workers *workers; /* do not run yet */
    struct sl_variants *variants;
    struct sl_gate gate;
    const struct sl_hooks *hooks;
    const char *node_id;
    struct sl_counters *counters; /* the control loop's block */
};
/* Listens at rtsp.port. -errno with words: it cannot. */
int sl_rtsp_create(const struct sl_rtsp_config *config, struct sl_rtsp **out,
                   struct sl_error *error);
/* Ends all clients. on_stopped once, never from within. */
void sl_rtsp_stop(struct sl_rtsp *rtsp, void (*on_stopped)(void *owner), void *owner);
/* Who has not gone by now is dropped. */
void sl_rtsp_cut(struct sl_rtsp *rtsp);
/* Stopped, and the workers do not run any more. NULL is fine. */
void sl_rtsp_destroy(struct sl_rtsp *rtsp);

#endif
