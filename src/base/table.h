/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A chained hash table whose links lie inside the elements, and the keyed hash for it. Keys come
 * from outsiders, so the hash is SipHash-1-3 under a key drawn at start. Not synchronised. */
#ifndef SL_BASE_TABLE_H
#define SL_BASE_TABLE_H

#include "base/mem.h"

#include <stdbool.h>
#include <stdint.h>

struct sl_table_node {
    struct sl_table_node *next;
    uint64_t hash;
    bool linked;
};

struct sl_table {
    struct sl_table_node **buckets;
    size_t bucket_count; /* a power of two; grows, never shrinks */
    size_t count;
};

/* Keyed hash of len bytes; stable within one process. Threads: any. */
uint64_t sl_hash(const void *bytes, size_t len);
uint64_t sl_hash_text(const char *text);
/* Of a number that no outsider chooses: without a key, and so also where there is none to be had.
 * By the golden ratio times 2^64, which spreads well. */
static inline uint64_t sl_hash_own_number(uint32_t number)
{
    return number * UINT64_C(0x9e3779b97f4a7c15) >> 32;
}

void sl_table_init(struct sl_table *table);
/* Frees the buckets; the elements are the caller's. */
void sl_table_deinit(struct sl_table *table);

void sl_table_insert(struct sl_table *table, struct sl_table_node *node, uint64_t hash);
/* No-op for a node that is in no table. */
void sl_table_remove(struct sl_table *table, struct sl_table_node *node);

/* First node with this hash for which match(node, key) holds; NULL if none. */
struct sl_table_node *
sl_table_find(const struct sl_table *table, uint64_t hash,
              bool (*match)(const struct sl_table_node *node, const void *key), const void *key);

/* Calls fn for every node; fn may remove the node it is given, nothing else. */
void sl_table_each(struct sl_table *table, void (*fn)(struct sl_table_node *node, void *arg),
                   void *arg);

#endif
