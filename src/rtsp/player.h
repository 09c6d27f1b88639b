/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The tracks of a stream on their way to one client: over its connection, or from the pairs of
 * ports of its lane. It lives from the first PLAY to the end. Made and told on the control loop
 * [control]; the rest is the worker's.
 *
 * A client that is slow loses pictures up to the next key frame, and sound, while more waits for it
 * than QUEUE_MAX, or for longer than MARKS ticks; one that takes nothing for STALL_US is cut off.
 * Nobody waits for it.
 */
#ifndef SL_RTSP_PLAYER_H
#define SL_RTSP_PLAYER_H

#include "flow/flow.h"
#include "rtsp/lane.h"
#include "rtsp/transport.h"
#include "rtsp/wire.h"

struct sl_rtsp_player;

struct sl_rtsp_player_ops {
    /* [control] What comes next of each kind that is set up, as of now: for the answer to PLAY.
     * Once for each sl_rtsp_player_prepare(). */
    void (*on_prepared)(void *owner, const bool has[2], const struct sl_flow_next next[2]);
    void (*on_started)(void *owner); /* [control] the first packet has left */
    void (*on_closed)(void *owner);  /* [control] the last call, after sl_rtsp_player_close() */
};

/* One track's way. */
struct sl_rtsp_way {
    bool is_set_up;
    struct sl_rtsp_transport transport;
    struct sl_udp_pair ours; /* of UDP; the lane's */
};

struct sl_rtsp_player_config {
    struct sl_loop *control;
    struct sl_rtsp_lane *lane;
    struct sl_rtsp_wire *wire;                /* on the lane; closed after the player is */
    const struct sl_negotiation *negotiation; /* transports by kind */
    struct sl_track *tracks[2];
    struct sl_rtsp_way ways[2];
    const char *cname;
    int64_t requested_us;
    const struct sl_rtsp_player_ops *ops;
    void *owner;
};
/* [control], as all below. */
struct sl_rtsp_player *sl_rtsp_player_create(const struct sl_rtsp_player_config *config);
/* Nothing leaves until sl_rtsp_player_go(). */
void sl_rtsp_player_prepare(struct sl_rtsp_player *player);
/* After what the wire was given before. Pictures begin with a key frame. */
void sl_rtsp_player_go(struct sl_rtsp_player *player);
void sl_rtsp_player_pause(struct sl_rtsp_player *player);
/* Says goodbye to the client. Only on_closed is called after this. */
void sl_rtsp_player_close(struct sl_rtsp_player *player);
const struct sl_flow_stats *sl_rtsp_player_stats(const struct sl_rtsp_player *player);

#endif
