/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which layers of pictures a link takes. Layers are rungs: first the temporal ones of the lowest
 * spatial layer, then the spatial ones above it with all their pictures. What is sent is all up to
 * one rung: nothing of it leans on anything above, so that a narrow link has fewer pictures a
 * second, or smaller ones, and none is missing. Down at any picture; up where what follows leans on
 * nothing that was left out.
 *
 * Pure; private to flow/.
 */
#ifndef SL_FLOW_LAYERING_H
#define SL_FLOW_LAYERING_H

#include "rtp/rtp.h"

enum {
    SL_LAYERING_TEMPORAL = 4, /* rungs; what is above the highest counts as it */
    SL_LAYERING_RUNGS = SL_LAYERING_TEMPORAL + 3,
    SL_LAYERING_ALL_SPATIAL = 0xff,
};

struct sl_layering {
    uint8_t sent;        /* the highest rung of this picture */
    uint8_t top, wanted; /* of the next, as far as it may be, and would be */
    bool exist;          /* there is a rung above the lowest */
    uint8_t told;        /* the highest of what was sent, of all: sl_layering_change() */
    bool is_told;
    bool opens;                            /* the next picture may be of any temporal layer */
    int64_t since_us;                      /* of what is being counted: */
    uint32_t bytes[SL_LAYERING_RUNGS];     /* of pictures of each */
    uint64_t rates_bps[SL_LAYERING_RUNGS]; /* as of before; 0 in all: not known */
};

/* All is sent. */
void sl_layering_begin(struct sl_layering *layering, int64_t now_us);
/* A packet of so many bytes came, whether it is sent or not. limit_bps: what the link takes, 0:
 * all. */
void sl_layering_count(struct sl_layering *layering, const struct sl_layer *layer, size_t bytes,
                       uint64_t limit_bps, int64_t now_us);
/* A picture begins with this packet's layer. */
void sl_layering_picture(struct sl_layering *layering, const struct sl_layer *layer, bool keyframe);
/* Whether a packet of the picture is sent: what is begun is not left in its middle. */
bool sl_layering_takes(const struct sl_layering *layering, const struct sl_layer *layer);
/* Whether less is sent than when this was asked last (-1), or more (1); at first, than there is. */
int sl_layering_change(struct sl_layering *layering);
/* One rung less, from the next picture on. False: there is none to leave out. */
bool sl_layering_step_down(struct sl_layering *layering);
/* The highest spatial layer that is sent, or SL_LAYERING_ALL_SPATIAL. */
uint8_t sl_layering_spatial(const struct sl_layering *layering);
bool sl_layering_is_full(const struct sl_layering *layering);
/* More would be sent than is, and a key frame is what it takes. */
bool sl_layering_awaits_keyframe(const struct sl_layering *layering, enum sl_codec codec);

#endif
