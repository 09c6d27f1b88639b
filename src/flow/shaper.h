/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Pictures for a link that is narrower than they are. As long as the link takes all, a shaper only
 * numbers packets and reads feedback; once it does not, pictures wait here and leave at the pace of
 * the link, and those that would wait too long are left out up to the next key frame: what the
 * player gets is whole and leans on nothing that it has not got. Sound never comes here.
 *
 * Private to flow/. All of it on the worker but for create and destroy.
 */
#ifndef SL_FLOW_SHAPER_H
#define SL_FLOW_SHAPER_H

#include "flow/flow.h"

struct output;
struct sl_flow_shaper;

/* For an output of pictures whose packets have the transport-wide number or their time. [control]
 */
struct sl_flow_shaper *sl_flow_shaper_create(struct output *output);
/* After sl_flow_shaper_stop(), or without start. NULL is fine. [control] */
void sl_flow_shaper_destroy(struct sl_flow_shaper *shaper);
/* Nothing is sent any more. */
void sl_flow_shaper_stop(struct sl_flow_shaper *shaper);

/* Takes packets of the track that is sent over, to send them when it is time. False: the link takes
 * all, the caller sends them. */
bool sl_flow_shaper_take(struct sl_flow_shaper *shaper, struct sl_rtp_packet *const *packets,
                         size_t count);
/* The output goes on with a key frame of another track: what waits is of no use. */
void sl_flow_shaper_reset(struct sl_flow_shaper *shaper);
/* What is taken stands in for a track of so much; 0: for none. */
void sl_flow_shaper_want(struct sl_flow_shaper *shaper, uint64_t bitrate_bps);
void sl_flow_shaper_feedback(struct sl_flow_shaper *shaper, const struct sl_rtcp_view *view,
                             int64_t now_us);
/* The same of a receiver's reports (sl_losses_take()), where packets have no numbers. */
void sl_flow_shaper_losses(struct sl_flow_shaper *shaper, uint8_t fraction_lost, int64_t now_us);
/* Whether a packet that came at this time may be sent again, which takes from what may be sent. */
bool sl_flow_shaper_may_repair(struct sl_flow_shaper *shaper, const struct sl_rtp_packet *packet,
                               int64_t now_us);
/* The player asks for a key frame: true if it gets one anyway. */
bool sl_flow_shaper_awaits_keyframe(const struct sl_flow_shaper *shaper);
/* Every 100 ms. */
void sl_flow_shaper_tick(struct sl_flow_shaper *shaper, int64_t now_us);

#endif
