/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where a service is, out of a name server's answer (RFC 2782). Pure. */
#ifndef SL_NET_SRV_H
#define SL_NET_SRV_H

#include <stddef.h>
#include <stdint.h>

enum {
    SL_SRV_TARGETS_MAX = 8, /* further ones are left out */
    SL_SRV_HOST_MAX = 256,
};

struct sl_srv_target {
    char host[SL_SRV_HOST_MAX]; /* letters, digits, hyphens, underscores and dots */
    uint16_t port;              /* never 0 */
    uint16_t priority, weight;
};

/*
 * The SRV records of an answer, in its order. Returns how many there are; 0: none that leads
 * anywhere; -EBADMSG: not a whole answer.
 */
int sl_srv_parse(const uint8_t *answer, size_t len,
                 struct sl_srv_target out[static SL_SRV_TARGETS_MAX]);
/* In the order to be tried: by priority, and of one priority by chance, as their weights say. */
void sl_srv_order(struct sl_srv_target *targets, size_t count, uint32_t (*draw)(void));

#endif
