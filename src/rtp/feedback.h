/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a receiver's transport-wide feedback says of the way to it: how long packets take beyond the
 * shortest time, how many are lost, how much arrives. All that is said is held against what was
 * sent. Part of an estimator, and on its thread.
 */
#ifndef SL_RTP_FEEDBACK_H
#define SL_RTP_FEEDBACK_H

#include "rtp/probe.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_feedback;
struct sl_rtcp_view;

/* What is sent and arrives of a burst is told to probe, which is the caller's and outlives it. */
struct sl_feedback *sl_feedback_create(struct sl_probe *probe);
void sl_feedback_destroy(struct sl_feedback *f); /* NULL is fine */
/* A packet of so many bytes leaves, under the number that is returned. */
uint16_t sl_feedback_sent(struct sl_feedback *f, size_t bytes, int64_t now_us);
/* A message; errors as sl_rtcp_read_twcc(). */
int sl_feedback_read(struct sl_feedback *f, const struct sl_rtcp_view *view, int64_t now_us);

/* What stands in a queue; 0, too, where too few packets tell. even: packets leave evenly. */
int64_t sl_feedback_queue_us(const struct sl_feedback *f, bool even, int64_t now_us);
/* The shortest way takes so much longer from now on. */
void sl_feedback_lengthen(struct sl_feedback *f, int64_t by_us, int64_t now_us);
/* Of the last second. */
int32_t sl_feedback_lost_percent(const struct sl_feedback *f, int64_t now_us);
/* Of the last half second, or of less if nothing came before that. A link is as fast as it is while
 * something comes. */
uint64_t sl_feedback_arriving_bps(const struct sl_feedback *f);
/* When that left which has arrived last. */
int64_t sl_feedback_newest_sent_us(const struct sl_feedback *f);

#endif
