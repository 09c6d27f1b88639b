/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The hash table and SipHash-1-3 (Aumasson, Bernstein: "SipHash: a fast short-input PRF"). */
#include "base/table.h"

#include "base/random.h"

#include <pthread.h>
#include <string.h>

enum { FIRST_BUCKETS = 16 };

static struct {
    pthread_once_t once;
    uint64_t k0, k1;
} hash_key = {.once = PTHREAD_ONCE_INIT};

static void draw_hash_key(void)
{
    sl_random_bytes(&hash_key.k0, sizeof(hash_key.k0));
    sl_random_bytes(&hash_key.k1, sizeof(hash_key.k1));
}

static inline uint64_t rotl(uint64_t v, unsigned bits)
{
    return (v << bits) | (v >> (64 - bits));
}

static inline void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotl(v[1], 13) ^ v[0];
    v[0] = rotl(v[0], 32);
    v[2] += v[3];
    v[3] = rotl(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotl(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotl(v[1], 17) ^ v[2];
    v[2] = rotl(v[2], 32);
}

uint64_t sl_hash(const void *bytes, size_t len)
{
    const uint8_t *in = bytes;
    uint64_t tail = (uint64_t)len << 56;

    (void)pthread_once(&hash_key.once, draw_hash_key); /* fails for a bad argument only */
    uint64_t v[4] = {hash_key.k0 ^ 0x736f6d6570736575U, hash_key.k1 ^ 0x646f72616e646f6dU,
                     hash_key.k0 ^ 0x6c7967656e657261U, hash_key.k1 ^ 0x7465646279746573U};

    for (; len >= 8; len -= 8, in += 8) {
        uint64_t word;
        memcpy(&word, in, 8);
        v[3] ^= word;
        sip_round(v);
        v[0] ^= word;
    }
    for (size_t i = 0; i < len; i++)
        tail |= (uint64_t)in[i] << (8 * i);
    v[3] ^= tail;
    sip_round(v);
    v[0] ^= tail;
    v[2] ^= 0xff;
    for (int i = 0; i < 3; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t sl_hash_text(const char *text)
{
    return sl_hash(text, strlen(text));
}

void sl_table_init(struct sl_table *table)
{
    table->buckets = sl_new_array(struct sl_table_node *, FIRST_BUCKETS);
    table->bucket_count = FIRST_BUCKETS;
    table->count = 0;
}

void sl_table_deinit(struct sl_table *table)
{
    free(table->buckets);
    memset(table, 0, sizeof(*table));
}

static void grow(struct sl_table *table)
{
    size_t count = table->bucket_count * 2;
    struct sl_table_node **buckets = sl_new_array(struct sl_table_node *, count);

    for (size_t i = 0; i < table->bucket_count; i++) {
        struct sl_table_node *node = table->buckets[i];
        while (node) {
            struct sl_table_node *next = node->next;
            struct sl_table_node **bucket = &buckets[node->hash & (count - 1)];
            node->next = *bucket;
            *bucket = node;
            node = next;
        }
    }
    free(table->buckets);
    table->buckets = buckets;
    table->bucket_count = count;
}

void sl_table_insert(struct sl_table *table, struct sl_table_node *node, uint64_t hash)
{
    if (table->count >= table->bucket_count)
        grow(table);
    struct sl_table_node **bucket = &table->buckets[hash & (table->bucket_count - 1)];
    node->hash = hash;
    node->next = *bucket;
    node->linked = true;
    *bucket = node;
    table->count++;
}

void sl_table_remove(struct sl_table *table, struct sl_table_node *node)
{
    if (!node->linked)
        return;
    struct sl_table_node **at = &table->buckets[node->hash & (table->bucket_count - 1)];
    while (*at != node)
        at = &(*at)->next;
    *at = node->next;
    node->next = NULL;
    node->linked = false;
    table->count--;
}

struct sl_table_node *
sl_table_find(const struct sl_table *table, uint64_t hash,
              bool (*match)(const struct sl_table_node *node, const void *key), const void *key)
{
    struct sl_table_node *node = table->buckets[hash & (table->bucket_count - 1)];

    while (node && !(node->hash == hash && match(node, key)))
        node = node->next;
    return node;
}

void sl_table_each(struct sl_table *table, void (*fn)(struct sl_table_node *node, void *arg),
                   void *arg)
{
    for (size_t i = 0; i < table->bucket_count; i++) {
        struct sl_table_node *node = table->buckets[i];
        while (node) {
            struct sl_table_node *next = node->next;
            fn(node, arg);
            node = next;
        }
    }
}
