/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The stream that a client plays: given by the gate, described, set up track by track, sent.
 * Control loop.
 */
#ifndef SL_RTSP_MEDIUM_H
#define SL_RTSP_MEDIUM_H

#include "access/access.h"
#include "flow/flow.h"
#include "rtsp/describe.h"
#include "rtsp/lane.h"
#include "rtsp/transport.h"
#include "rtsp/wire.h"

struct sl_rtsp;

struct sl_rtsp_seat_ops {
    /* The stream is here, and what its tracks send is known. Never from within. */
    void (*on_seen)(void *owner);
    /* See struct sl_rtsp_player_ops. */
    void (*on_prepared)(void *owner, const bool has[2], const struct sl_flow_next next[2]);
    /* A medium that was closed is no more, on no thread. */
    void (*on_left)(void *owner);
};

/* A client's place for one medium after the other: what its visits at the gate need. */
struct sl_rtsp_seat {
    struct sl_rtsp *rtsp;
    struct sl_provider provider;
    struct sl_medium *medium;  /* NULL: none has begun, or it was closed */
    struct sl_rtsp_lane *lane; /* where the client's connection is bound to be; NULL: not yet */
    bool is_seen;              /* on_seen() was called for it */
    size_t media;              /* that are not no more: none may be left when the seat goes */
    const struct sl_rtsp_seat_ops *ops;
    void *owner;
};
void sl_rtsp_seat_init(struct sl_rtsp_seat *seat, struct sl_rtsp *rtsp,
                       const struct sl_rtsp_seat_ops *ops, void *owner);

/* ---- Once it is seen ---- */

/* By enum sl_media_kind. */
const struct sl_rtsp_track *sl_rtsp_medium_tracks(const struct sl_medium *medium);
/* A track's way, by the Transport header of a SETUP; out is the answer's. A second SETUP of a track
 * changes it. Returns 0; -ENOENT: there is no such track; others as sl_rtsp_transport_choose();
 * -EADDRINUSE: there are no ports left; -EBUSY: it has played. */
int sl_rtsp_medium_set_up(struct sl_medium *medium, int track, const char *header,
                          const struct sl_rtsp_wire *wire,
                          char out[static SL_RTSP_TRANSPORT_TEXT_MAX]);
/* At the first time, the connection moves to the seat's lane. on_prepared follows; false: the
 * connection is about to end. cname as in struct sl_rtsp_player_config. */
bool sl_rtsp_medium_prepare(struct sl_medium *medium, struct sl_rtsp_wire *wire, const char *cname);
void sl_rtsp_medium_go(struct sl_medium *medium);
void sl_rtsp_medium_pause(struct sl_medium *medium);

#endif
