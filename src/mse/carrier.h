/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Units on their way from a job loop to the control loop: one message for all that came together.
 * What control has not taken is bounded; past that, units are left out, and the next ones say so.
 */
#ifndef SL_MSE_CARRIER_H
#define SL_MSE_CARRIER_H

#include "mse/unit.h"

#include <stdatomic.h>

struct sl_loop;

/* units: borrowed. lost: some are missing in front of these. [control] */
typedef void sl_mse_on_units(void *owner, const struct sl_mse_unit *units, size_t count, bool lost);

struct sl_mse_batch;

struct sl_mse_carrier {
    /* Constant. */
    struct sl_loop *control;
    sl_mse_on_units *on_units;
    void *owner;
    /* The job loop's. */
    struct sl_mse_batch *batch; /* NULL: nothing has come */
    bool lost;
    _Atomic unsigned in_flight;
};
void sl_mse_carrier_init(struct sl_mse_carrier *carrier, struct sl_loop *control,
                         sl_mse_on_units *on_units, void *owner);
/* Nothing is given any more, and control has had all that was handed over. */
void sl_mse_carrier_deinit(struct sl_mse_carrier *carrier);

/* Takes the reference; a message that is NULL was lost for want of memory. [job loop] */
void sl_mse_carrier_give(struct sl_mse_carrier *carrier, const struct sl_mse_unit *unit);
/* [job loop] */
void sl_mse_carrier_hand_over(struct sl_mse_carrier *carrier);

#endif
