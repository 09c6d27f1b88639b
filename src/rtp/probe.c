/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bursts that find out whether a link takes more. */
#include "rtp/probe.h"

#include "base/clock.h"

enum {
    MS = 1000,
    PROBE_US = 60 * MS, /* or longer, until there are enough packets */
    MOST_US = 400 * MS,
    TIMEOUT_US = (int)SL_US_PER_S,
    PACKETS = 5,
    SOON_US = (int)SL_US_PER_S,
    LATER_US = 5 * (int)SL_US_PER_S,
    LATEST_US = 8 * (int)SL_US_PER_S,
};

static void forget(struct sl_probe *probe)
{
    struct sl_probe empty = {0};

    probe->burst = empty.burst;
}

static void end(struct sl_probe *probe, int64_t now_us, bool worked)
{
    forget(probe);
    if (worked) {
        probe->every_us = SOON_US;
    } else {
        probe->every_us = probe->every_us < LATER_US ? LATER_US : probe->every_us * 3 / 2;
        if (probe->every_us > LATEST_US)
            probe->every_us = LATEST_US;
    }
    probe->at_us = now_us + probe->every_us;
}

void sl_probe_init(struct sl_probe *probe)
{
    *probe = (struct sl_probe){.every_us = SOON_US};
}

bool sl_probe_is_due(const struct sl_probe *probe, int64_t now_us)
{
    return probe->burst.rate_bps == 0 && now_us >= probe->at_us;
}

void sl_probe_begin(struct sl_probe *probe, uint64_t rate_bps, int64_t now_us)
{
    forget(probe);
    probe->last_id = probe->last_id == UINT8_MAX ? 1 : (uint8_t)(probe->last_id + 1);
    probe->burst.id = probe->last_id;
    probe->burst.since_us = now_us;
    probe->burst.rate_bps = rate_bps;
}

size_t sl_probe_due_bytes(struct sl_probe *probe, int64_t now_us)
{
    if (probe->burst.id == 0)
        return 0;
    probe->probed_us = now_us;
    int64_t took_us = now_us - probe->burst.since_us;
    if (took_us >= MOST_US || (took_us >= PROBE_US && probe->burst.sent_packets >= PACKETS + 2)) {
        probe->burst.id = 0; /* sl_probe_judge() when it has arrived */
        return 0;
    }
    size_t due = (size_t)(probe->burst.rate_bps * (uint64_t)took_us / (8 * SL_US_PER_S));
    return due > probe->burst.sent_bytes ? due - probe->burst.sent_bytes : 0;
}

uint8_t sl_probe_sent(struct sl_probe *probe, size_t bytes)
{
    if (probe->burst.id != 0) {
        probe->burst.sent_bytes += bytes;
        probe->burst.sent_packets++;
    }
    return probe->burst.id;
}

void sl_probe_arrived(struct sl_probe *probe, uint8_t id, size_t bytes, int64_t arrival_us)
{
    if (id == 0 || id != probe->last_id || probe->burst.rate_bps == 0)
        return;
    if (probe->burst.arrived_packets++ == 0) {
        probe->burst.first_us = probe->burst.last_us = arrival_us;
        probe->burst.first_bytes = bytes;
    }
    if (arrival_us < probe->burst.first_us)
        probe->burst.first_us = arrival_us;
    if (arrival_us > probe->burst.last_us)
        probe->burst.last_us = arrival_us;
    probe->burst.arrived_bytes += bytes;
}

uint64_t sl_probe_judge(struct sl_probe *probe, int64_t now_us)
{
    if (probe->burst.rate_bps == 0 || probe->burst.id != 0)
        return 0;
    bool whole = probe->burst.arrived_packets * 10 >= probe->burst.sent_packets * 9;
    if (!whole && now_us - probe->burst.since_us < TIMEOUT_US)
        return 0;
    int64_t took_us = probe->burst.last_us - probe->burst.first_us;
    if (!whole || probe->burst.arrived_packets < PACKETS || took_us < PROBE_US / 4) {
        end(probe, now_us, false);
        return 0;
    }
    size_t bytes = probe->burst.arrived_bytes - probe->burst.first_bytes;
    uint64_t rate = bytes * 8 * SL_US_PER_S / (uint64_t)took_us;
    if (rate > probe->burst.rate_bps)
        rate = probe->burst.rate_bps;
    bool worked = rate * 100 >= probe->burst.rate_bps * 88;
    end(probe, now_us, worked);
    return worked ? rate : 0;
}

void sl_probe_fail(struct sl_probe *probe, int64_t now_us)
{
    if (probe->burst.rate_bps > 0)
        end(probe, now_us, false);
}

void sl_probe_put_off(struct sl_probe *probe, int64_t now_us)
{
    forget(probe);
    if (probe->at_us < now_us + SOON_US)
        probe->at_us = now_us + 2 * SOON_US;
}

void sl_probe_hurry(struct sl_probe *probe, int64_t now_us)
{
    probe->at_us = now_us + SOON_US;
    probe->every_us = SOON_US;
}

void sl_probe_leave(struct sl_probe *probe)
{
    forget(probe);
    probe->every_us = SOON_US;
}
