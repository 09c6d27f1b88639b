/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A table of addresses. */
#include "hls/viewers.h"

#include "base/addr.h"
#include "base/mem.h"

#include <string.h>

enum { ADDRESSES_MAX = 10000 /* more are not counted */ };

struct viewer {
    struct sl_table_node node;
    uint8_t ip[16];
    int64_t asked_us;
};

static struct viewer *viewer_of(struct sl_table_node *node)
{
    return sl_container_of(node, struct viewer, node);
}

static bool matches(const struct sl_table_node *node, const void *key)
{
    return memcmp(sl_container_of_const(node, struct viewer, node)->ip, key, 16) == 0;
}

void sl_hls_viewers_init(struct sl_hls_viewers *viewers)
{
    sl_table_init(&viewers->addresses);
}

static void viewer_free(struct sl_table *table, struct viewer *viewer)
{
    sl_table_remove(table, &viewer->node);
    free(viewer);
}

static void forget(struct sl_table_node *node, void *arg)
{
    viewer_free(arg, viewer_of(node));
}

void sl_hls_viewers_deinit(struct sl_hls_viewers *viewers)
{
    sl_table_each(&viewers->addresses, forget, &viewers->addresses);
    sl_table_deinit(&viewers->addresses);
}

void sl_hls_viewers_note(struct sl_hls_viewers *viewers, const struct sl_addr *addr, int64_t now_us)
{
    uint64_t hash = sl_hash(addr->ip, sizeof(addr->ip));
    struct sl_table_node *node = sl_table_find(&viewers->addresses, hash, matches, addr->ip);

    if (!node) {
        if (viewers->addresses.count >= ADDRESSES_MAX)
            return;
        struct viewer *viewer = sl_new(struct viewer);
        memcpy(viewer->ip, addr->ip, sizeof(viewer->ip));
        sl_table_insert(&viewers->addresses, &viewer->node, hash);
        node = &viewer->node;
    }
    viewer_of(node)->asked_us = now_us;
}

struct since {
    struct sl_table *table;
    int64_t us;
};

static void forget_old(struct sl_table_node *node, void *arg)
{
    const struct since *since = arg;

    if (viewer_of(node)->asked_us < since->us)
        viewer_free(since->table, viewer_of(node));
}

size_t sl_hls_viewers_count(struct sl_hls_viewers *viewers, int64_t since_us)
{
    struct since since = {&viewers->addresses, since_us};

    sl_table_each(&viewers->addresses, forget_old, &since);
    return viewers->addresses.count;
}
