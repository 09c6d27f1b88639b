/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Batches of units. */
#include "mse/carrier.h"

#include "base/blob.h"
#include "base/mem.h"
#include "net/net.h"

enum {
    BATCH_MAX = 32,
    IN_FLIGHT_MAX = 256, /* batches: seconds in which control does nothing */
};

struct sl_mse_batch {
    struct sl_msg msg;
    struct sl_mse_carrier *carrier;
    bool lost;
    size_t count;
    struct sl_mse_unit units[BATCH_MAX];
};

static void free_batch(struct sl_mse_batch *batch)
{
    if (!batch)
        return;
    for (size_t i = 0; i < batch->count; i++)
        sl_blob_unref(batch->units[i].message);
    free(batch);
}

static void on_arrived(struct sl_msg *msg)
{
    struct sl_mse_batch *batch = sl_container_of(msg, struct sl_mse_batch, msg);
    struct sl_mse_carrier *carrier = batch->carrier;

    atomic_fetch_sub_explicit(&carrier->in_flight, 1, memory_order_relaxed);
    carrier->on_units(carrier->owner, batch->units, batch->count, batch->lost);
    free_batch(batch);
}

void sl_mse_carrier_init(struct sl_mse_carrier *carrier, struct sl_loop *control,
                         sl_mse_on_units *on_units, void *owner)
{
    carrier->control = control;
    carrier->on_units = on_units;
    carrier->owner = owner;
}

void sl_mse_carrier_deinit(struct sl_mse_carrier *carrier)
{
    free_batch(carrier->batch);
    carrier->batch = NULL;
}

void sl_mse_carrier_hand_over(struct sl_mse_carrier *carrier)
{
    struct sl_mse_batch *batch = carrier->batch;

    if (!batch)
        return;
    carrier->batch = NULL;
    if (atomic_load_explicit(&carrier->in_flight, memory_order_relaxed) >= IN_FLIGHT_MAX) {
        carrier->lost = true;
        free_batch(batch);
        return;
    }
    batch->lost = carrier->lost;
    carrier->lost = false;
    atomic_fetch_add_explicit(&carrier->in_flight, 1, memory_order_relaxed);
    sl_loop_post(carrier->control, &batch->msg);
}

void sl_mse_carrier_give(struct sl_mse_carrier *carrier, const struct sl_mse_unit *unit)
{
    struct sl_mse_batch *batch = carrier->batch;

    if (!unit->message) {
        carrier->lost = true;
        return;
    }
    if (!batch) {
        batch = sl_new(struct sl_mse_batch); /* IN_FLIGHT_MAX bounds them */
        batch->msg.run = on_arrived;
        batch->carrier = carrier;
        carrier->batch = batch;
    }
    batch->units[batch->count++] = *unit;
    if (batch->count == BATCH_MAX)
        sl_mse_carrier_hand_over(carrier);
}
