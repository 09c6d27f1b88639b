/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Packet memory: one pool per worker, filled in slabs up to a bound and never given back while the
 * server runs, so that the packet path does not allocate. */
#include "stream/internal.h"

#include "base/metrics.h"

enum { SLAB_PACKETS = 64 };

struct slab {
    struct slab *next;
    struct sl_rtp_packet packets[SLAB_PACKETS];
};

struct packet_pool {
    struct sl_worker *worker;
    size_t packets_max, packet_count;
    struct slab *slabs;
    struct sl_rtp_packet *free; /* worker's */
    /* Where other threads (and ours) put packets back: a stack that only grows until the worker
     * takes all of it, so there is no ABA. */
    _Atomic(struct sl_rtp_packet *) returned;
};

struct packet_pool *sl_packet_pool_create(struct sl_worker *worker, size_t packets_max)
{
    struct packet_pool *pool = sl_new(struct packet_pool);

    pool->worker = worker;
    pool->packets_max = packets_max;
    return pool;
}

void sl_packet_pool_destroy(struct packet_pool *pool)
{
    while (pool->slabs) {
        struct slab *slab = pool->slabs;
        pool->slabs = slab->next;
        free(slab);
    }
    free(pool);
}

static void add_slab(struct packet_pool *pool)
{
    struct slab *slab = malloc(sizeof(*slab));

    if (!slab)
        return; /* as if at the bound: packets are dropped and counted */
    slab->next = pool->slabs;
    pool->slabs = slab;
    pool->packet_count += SLAB_PACKETS;
    for (size_t i = 0; i < SLAB_PACKETS; i++) {
        slab->packets[i].home = pool->worker;
        slab->packets[i].next = pool->free;
        pool->free = &slab->packets[i];
    }
}

struct sl_rtp_packet *sl_rtp_packet_create(struct sl_worker *worker)
{
    struct packet_pool *pool = worker->pool;

    SL_ASSERT_ON(worker->loop);
    if (!pool->free)
        pool->free = atomic_exchange_explicit(&pool->returned, NULL, memory_order_acquire);
    if (!pool->free && pool->packet_count < pool->packets_max)
        add_slab(pool);
    struct sl_rtp_packet *packet = pool->free;
    if (!packet) {
        sl_count(worker->counters, SL_COUNTER_PACKETS_DROPPED_POOL, 1);
        return NULL;
    }
    pool->free = packet->next;
    atomic_store_explicit(&packet->refs, 1, memory_order_relaxed);
    packet->keyframe_start = false;
    packet->orientation = SL_ORIENTATION_NONE;
    packet->padding = 0;
    return packet;
}

struct sl_rtp_packet *sl_rtp_packet_ref(struct sl_rtp_packet *packet)
{
    (void)atomic_fetch_add_explicit(&packet->refs, 1, memory_order_relaxed);
    return packet;
}

void sl_rtp_packet_unref(struct sl_rtp_packet *packet)
{
    if (!packet || atomic_fetch_sub_explicit(&packet->refs, 1, memory_order_acq_rel) != 1)
        return;
    _Atomic(struct sl_rtp_packet *) *returned = &packet->home->pool->returned;
    packet->next = atomic_load_explicit(returned, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(returned, &packet->next, packet,
                                                  memory_order_release, memory_order_relaxed))
        ;
}
