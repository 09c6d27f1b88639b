/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a name server's answer: what comes of it are hosts and ports, in order. */
#include "net/srv.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static uint32_t drawn;

static uint32_t draw(void)
{
    return drawn = drawn * 1664525 + 1013904223;
}

static void check(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct sl_srv_target targets[SL_SRV_TARGETS_MAX];
    int count = sl_srv_parse(data, len, targets);

    check(count <= SL_SRV_TARGETS_MAX);
    if (count <= 0)
        return 0;
    drawn = (uint32_t)len;
    sl_srv_order(targets, (size_t)count, draw);
    for (int i = 0; i < count; i++) {
        size_t host_len = strnlen(targets[i].host, sizeof(targets[i].host));
        check(host_len > 0 && host_len < sizeof(targets[i].host) && targets[i].port > 0);
        check(i == 0 || targets[i].priority >= targets[i - 1].priority);
    }
    return 0;
}
