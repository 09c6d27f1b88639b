/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What came to players, and when, in a file for another program to read. A line each, with times in
 * microseconds of the monotonic clock:
 *
 *   sent INDEX TIMESTAMP AT             the INDEXth picture of the clip was published
 *   asked PLAYER AT                     a player asked for the stream
 *   frame PLAYER KIND CLOCK TIMESTAMP AT KEYFRAME LEN
 *                                       its last packet came (KIND: audio, video; CLOCK: in Hz)
 *   report PLAYER KIND TIMESTAMP NTP AT the server said which time a time stamp is
 *   measuring AT                        all play and have settled
 */
#ifndef SL_BENCH_TRACE_H
#define SL_BENCH_TRACE_H

#include "media/media.h"

#include <stdint.h>

struct sl_rtp_view;
struct sl_rtcp_view;
struct trace;
struct trace_player;

/* record: the pictures of player 0 go there, as they are; NULL: nowhere. NULL and words on stderr
 * if a file cannot be written. */
struct trace *trace_open(const char *file, const char *record);
void trace_close(struct trace *trace); /* NULL is fine */
void trace_sent(struct trace *trace, unsigned index, uint32_t timestamp, int64_t at_us);
void trace_asked(struct trace *trace, unsigned player, int64_t at_us);
void trace_measuring(struct trace *trace, int64_t at_us);

/* A player's frames, in these codecs by kind. The trace outlives it. */
struct trace_player *trace_player_create(struct trace *trace, unsigned number,
                                         const enum sl_codec codecs[2]);
void trace_player_destroy(struct trace_player *player); /* NULL is fine */
/* seq: widened. */
void trace_packet(struct trace_player *player, enum sl_media_kind kind, int64_t seq,
                  const struct sl_rtp_view *view, int64_t now_us);
void trace_rtcp(struct trace_player *player, const struct sl_rtcp_view *view, int64_t now_us);

#endif
