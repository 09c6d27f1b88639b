/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A small table of addresses and when they tried. */
#include "cli/tries.h"

#include "base/addr.h"
#include "base/clock.h"
#include "base/mem.h"

#include <string.h>

#define WINDOW_US ((int64_t)SL_TRIES_WINDOW_S * SL_US_PER_S)

enum { V6_NETWORK_BYTES = 8 }; /* a /64 is what one customer gets */

static void network_of(const struct sl_addr *addr, uint8_t out[16])
{
    memcpy(out, addr->ip, 16);
    if (!sl_addr_is_v4(addr))
        memset(out + V6_NETWORK_BYTES, 0, 16 - V6_NETWORK_BYTES);
}

static int64_t newest(const struct sl_tries_entry *entry)
{
    int64_t at = 0;

    for (size_t i = 0; i < SL_TRIES_MAX; i++)
        at = entry->at_us[i] > at ? entry->at_us[i] : at;
    return at;
}

/* The slot of the try that is longest ago. */
static size_t oldest_slot(const struct sl_tries_entry *entry)
{
    size_t slot = 0;

    for (size_t i = 1; i < SL_TRIES_MAX; i++) {
        if (entry->at_us[i] < entry->at_us[slot])
            slot = i;
    }
    return slot;
}

static const struct sl_tries_entry *find(const struct sl_tries *tries, const struct sl_addr *addr)
{
    uint8_t network[16];

    network_of(addr, network);
    for (size_t i = 0; i < SL_TRIES_ADDRESSES; i++) {
        const struct sl_tries_entry *entry = &tries->entries[i];
        if (newest(entry) > 0 && !memcmp(entry->network, network, sizeof(network)))
            return entry;
    }
    return NULL;
}

int64_t sl_tries_wait_us(const struct sl_tries *tries, const struct sl_addr *addr, int64_t now_us)
{
    const struct sl_tries_entry *entry = find(tries, addr);
    int64_t oldest = entry ? entry->at_us[oldest_slot(entry)] : 0;

    if (oldest == 0 || oldest + WINDOW_US <= now_us)
        return 0;
    return oldest + WINDOW_US - now_us;
}

void sl_tries_add(struct sl_tries *tries, const struct sl_addr *addr, int64_t now_us)
{
    const struct sl_tries_entry *found = find(tries, addr);
    struct sl_tries_entry *entry = &tries->entries[0];

    if (found) {
        entry = &tries->entries[found - tries->entries];
    } else {
        for (size_t i = 1; i < SL_TRIES_ADDRESSES; i++) {
            if (newest(&tries->entries[i]) < newest(entry))
                entry = &tries->entries[i];
        }
        memset(entry, 0, sizeof(*entry));
        network_of(addr, entry->network);
    }
    entry->at_us[oldest_slot(entry)] = now_us;
}

void sl_tries_take_back(struct sl_tries *tries, const struct sl_addr *addr, int64_t began_us)
{
    const struct sl_tries_entry *found = find(tries, addr);

    for (size_t i = 0; found && i < SL_TRIES_MAX; i++) {
        if (found->at_us[i] == began_us) {
            tries->entries[found - tries->entries].at_us[i] = 0;
            return;
        }
    }
}
