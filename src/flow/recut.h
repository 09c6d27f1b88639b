/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sound in packets as long as the other side asks for (`ptime`, RFC 4566 section 6): of codecs of
 * which each byte is one tick of the clock, G.711 and G722 (RFC 3551 section 4.5), as these can be
 * cut anywhere. Pure.
 */
#ifndef SL_FLOW_RECUT_H
#define SL_FLOW_RECUT_H

#include "stream/stream.h"

enum {
    SL_RECUT_TICKS_PER_MS = 8,
    SL_RECUT_MS_MIN = 10,
    SL_RECUT_MS_MAX = 100,
    SL_RECUT_ROOM = SL_PACKET_PAYLOAD_MAX + SL_RECUT_MS_MAX * SL_RECUT_TICKS_PER_MS,
};

struct sl_recut {
    size_t packet_len;   /* set once; then it is cleared */
    int64_t seq;         /* the track's number of what was put in last; -1: nothing was */
    enum sl_codec codec; /* of it */
    uint32_t timestamp;
    bool marker;
    size_t begin, end; /* what is kept of bytes; timestamp and marker are of its beginning */
    uint8_t bytes[SL_RECUT_ROOM];
};

struct sl_recut_piece {
    uint32_t timestamp;
    bool marker;
    const uint8_t *data; /* as long as nothing is put in */
    size_t len;
};

/* Of other codecs, a packet is a piece that ends with it. */
bool sl_recut_can(enum sl_codec codec);
/* 0, or the length of packets of so many ms of a codec, where it is one that can be cut and they
 * are not what comes by itself: 20 ms. */
size_t sl_recut_len(enum sl_codec codec, unsigned ms);
/* Whether the packet goes on where the last one ended, in its codec. If not, and nothing is lost,
 * what is kept is taken out first: as a short piece. */
bool sl_recut_goes_on(const struct sl_recut *recut, const struct sl_rtp_packet *packet);
/* When no whole piece is left in it. */
void sl_recut_put(struct sl_recut *recut, const struct sl_rtp_packet *packet);
/* The next piece; false: there is none. all: also one that is not full; of a codec that is not cut,
 * all there is. */
bool sl_recut_take(struct sl_recut *recut, bool all, struct sl_recut_piece *out);
/* What comes next continues nothing; what is kept is dropped. */
void sl_recut_clear(struct sl_recut *recut);

#endif
