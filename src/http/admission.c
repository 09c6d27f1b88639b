/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How many connections there are, and how many of them one address has. */
#include "http/private.h"

#include "base/mem.h"

#include <string.h>

enum { V6_PREFIX_LEN = 8 /* bytes */ };

struct sl_ip_entry {
    struct sl_table_node node;
    uint8_t ip[16]; /* canonical, the host part of IPv6 zeroed */
    size_t count, stranger_count;
    struct sl_list strangers;
};

static bool match_ip(const struct sl_table_node *node, const void *key)
{
    const struct sl_ip_entry *entry =
        (const void *)((const char *)node - offsetof(struct sl_ip_entry, node));

    return memcmp(entry->ip, key, sizeof(entry->ip)) == 0;
}

void sl_admission_init(struct sl_admission *admission, const struct sl_http_limits *limits)
{
    *admission = (struct sl_admission){.max = limits->connections,
                                       .max_per_ip = limits->connections_per_ip,
                                       .max_strangers = limits->strangers_per_ip};
    sl_table_init(&admission->ips);
}

void sl_admission_deinit(struct sl_admission *admission)
{
    sl_table_deinit(&admission->ips);
}

bool sl_admission_full(const struct sl_admission *admission)
{
    return admission->count >= admission->max;
}

struct sl_ip_entry *sl_admission_enter(struct sl_admission *admission, const struct sl_addr *addr)
{
    uint8_t ip[16] = {0};

    if (sl_admission_full(admission))
        return NULL;
    memcpy(ip, addr->ip, sl_addr_is_v4(addr) ? sizeof(ip) : V6_PREFIX_LEN);
    uint64_t hash = sl_hash(ip, sizeof(ip));
    struct sl_table_node *node = sl_table_find(&admission->ips, hash, match_ip, ip);
    struct sl_ip_entry *entry = node ? sl_container_of(node, struct sl_ip_entry, node) : NULL;
    if (!entry) {
        entry = sl_new(struct sl_ip_entry);
        memcpy(entry->ip, ip, sizeof(ip));
        sl_list_init(&entry->strangers);
        sl_table_insert(&admission->ips, &entry->node, hash);
    } else if (admission->max_per_ip > 0 && entry->count >= admission->max_per_ip) {
        return NULL;
    }
    entry->count++;
    admission->count++;
    return entry;
}

void sl_admission_add_stranger(struct sl_admission *admission, struct sl_stranger *stranger,
                               struct sl_ip_entry *ip)
{
    if (!ip)
        return;
    stranger->ip = ip;
    sl_list_append(&ip->strangers, &stranger->link);
    ip->stranger_count++;
    if (admission->max_strangers == 0 || ip->stranger_count <= admission->max_strangers)
        return;
    struct sl_stranger *oldest = sl_list_first(&ip->strangers, struct sl_stranger, link);
    if (!oldest)
        return; /* cannot be: stranger is one */
    admission->gave_way = true;
    sl_stranger_remove(oldest);
    oldest->give_way(oldest);
}

void sl_stranger_remove(struct sl_stranger *stranger)
{
    if (!stranger->ip)
        return;
    sl_list_remove(&stranger->link);
    stranger->ip->stranger_count--;
    stranger->ip = NULL;
}

void sl_admission_leave(struct sl_admission *admission, struct sl_ip_entry *entry)
{
    if (!entry)
        return;
    admission->count--;
    if (--entry->count > 0)
        return;
    sl_table_remove(&admission->ips, &entry->node);
    free(entry);
}
