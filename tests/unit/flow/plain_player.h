/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A player over plain RTP, as a room of its own would write it. */
#ifndef SL_TESTS_PLAIN_PLAYER_H
#define SL_TESTS_PLAIN_PLAYER_H

#include "flow/flow.h"
#include "net/net.h"

struct plain_player {
    struct sl_loop *control; /* NULL: it is not moved */
    struct sl_worker *worker;
    struct sl_udp_sender *sender;
    struct sl_udp_pair ours;
    struct sl_udp_dest rtp[2], rtcp[2]; /* by transport */
    struct sl_flow_out *out;
    bool started;
};

/* Writes a description to path by which ffprobe can take the stream, and is ready to send it there.
 * [control] */
void plain_player_create(struct plain_player *player, struct sl_stream *stream, const char *path);
/* For the stream's worker; they take it for themselves. [worker] */
void plain_player_start(void *player);
void plain_player_stop(void *player);
/* [control] */
void plain_player_destroy(struct plain_player *player);

#endif
