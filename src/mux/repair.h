/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How the containers' files are repaired (repair.c): private to this directory. */
#ifndef SL_MUX_REPAIR_H
#define SL_MUX_REPAIR_H

#include "mux/index.h"
#include "mux/muxer.h"

/* What has been found out so far. */
struct sl_mux_walk {
    const struct sl_mux_source *source;
    struct sl_mux_repair *repair; /* its buffers are initialised */
    struct sl_mux_index index;
};

/* Fills walk->repair. Errors as sl_mux_repair(). */
int sl_mp4_repair(struct sl_mux_walk *walk);
int sl_webm_repair(struct sl_mux_walk *walk);

#endif
