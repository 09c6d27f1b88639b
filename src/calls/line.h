/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A telephone's leg: RTP at a pair of ports for each kind (way.h), without ICE, and the flow in
 * both directions. Digits go among its sound (tone.h); where nothing is sent, an empty packet now
 * and then keeps its way open.
 *
 * Made and told on the control loop; its flow belongs to the lane's worker.
 */
#ifndef SL_CALLS_LINE_H
#define SL_CALLS_LINE_H

#include "calls/lane.h"
#include "flow/flow.h"
#include "net/net.h"

#include <stdatomic.h>

struct sl_call_line;

/* The source's side of a stream that is fed by a line; its owner is the line. */
extern const struct sl_source_ops sl_call_line_source_ops;

struct sl_call_line_config {
    struct sl_call_lane *lane;
    struct sl_loop *control;
    struct sl_udp_pair ports[2];              /* by kind, taken over; rtp -1: none */
    const struct sl_negotiation *negotiation; /* plain, a transport a section; borrowed */
    const struct sl_sdp_crypto *crypto;       /* by kind, what we encrypt with; NULL: nothing */
    /* [control] A key frame is wanted of a telephone that hears of it by no RTCP. Not after
     * sl_call_line_close(). */
    void (*on_keyframe_wanted)(void *owner);
    /* [control] The first sound; without any, the first of the pictures. Likewise; may be NULL. */
    void (*on_heard)(void *owner);
    void (*on_closed)(void *owner); /* [control] the last call */
    void *owner;
};
struct sl_call_line *sl_call_line_create(const struct sl_call_line_config *config);
/* What is received goes into these tracks, and these are sent, by kind; each may be NULL. Once. */
void sl_call_line_start(struct sl_call_line *line, struct sl_track *const in[static 2],
                        struct sl_track *const out[static 2],
                        const struct sl_negotiation *negotiation, const char *cname);
/* The other side's description has changed where it is, or who speaks; by kind. */
struct sl_call_line_change {
    struct sl_call_line_place {
        char address[48]; /* "": where it was */
        uint16_t port, rtcp_port;
        bool sends, receives; /* we */
    } places[2];
};
void sl_call_line_change(struct sl_call_line *line, const struct sl_call_line_change *change);
/* What was agreed upon anew: formats, and keys (crypto as in the configuration, read at once). The
 * negotiation is taken over; its kinds are those that there were, or fewer. Tracks that are sent in
 * another codec follow by sl_call_line_say(). */
void sl_call_line_agree(struct sl_call_line *line, struct sl_negotiation *negotiation,
                        const struct sl_sdp_crypto *crypto);
/* Digits can go among the sound (RFC 4733). */
bool sl_call_line_has_tones(const struct sl_call_line *line);
/* One more, behind those that are under way; too many are left out. */
void sl_call_line_dial(struct sl_call_line *line, char digit);
/* The telephone wants a key frame, by whatever words. */
void sl_call_line_refresh(struct sl_call_line *line);
/* From its next packet on this track of sound is sent in place of the other; both of a codec that
 * was agreed upon. */
void sl_call_line_say(struct sl_call_line *line, struct sl_track *track);
/* Whom the callbacks tell. */
void sl_call_line_set_owner(struct sl_call_line *line, void *owner);
/* Of what came in. Threads: any. */
const struct sl_flow_stats *sl_call_line_stats(const struct sl_call_line *line);
/* When the last packet of sound came, or without sound that of pictures; 0: none has. Threads:
 * any. */
int64_t sl_call_line_heard_us(const struct sl_call_line *line);
/* Streams that it feeds have ended, tracks that it sends are kept until on_closed. */
void sl_call_line_close(struct sl_call_line *line);

#endif
