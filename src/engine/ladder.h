/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A picture in several sizes, each scaled once and at need, from the next larger one where that
 * shows as much. Private to this directory. */
#ifndef SL_ENGINE_LADDER_H
#define SL_ENGINE_LADDER_H

#include "base/list.h"
#include "codec/codec.h"
#include "engine/fit.h"

/* Zeroed lists must be initialised: sl_ladder_init(). */
struct sl_ladder {
    struct sl_list rungs;             /* the largest first */
    const struct sl_picture *picture; /* that is shown now; borrowed */
};

void sl_ladder_init(struct sl_ladder *ladder);
void sl_ladder_deinit(struct sl_ladder *ladder);
/* Which sizes there are to be, of a source of the first one: begin, one add for each, end. */
void sl_ladder_begin(struct sl_ladder *ladder);
void sl_ladder_add(struct sl_ladder *ladder, struct sl_size size);
void sl_ladder_end(struct sl_ladder *ladder, struct sl_size source);
/* The next picture; borrowed until the next one. */
void sl_ladder_show(struct sl_ladder *ladder, const struct sl_picture *picture);
/* It in one of the sizes; *out is borrowed until the next one. */
int sl_ladder_get(struct sl_ladder *ladder, struct sl_size size, struct sl_picture *out);

#endif
