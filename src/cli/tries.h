/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How often passwords may be tried: SL_TRIES_MAX a minute from one address (a /64 of IPv6), right
 * ones not counted (hardening.md, ssh CLI). Beyond that a client waits for its next try. Pure: time
 * is an argument. When more addresses guess than the table has room for, the one that was quiet
 * longest is forgotten.
 */
#ifndef SL_CLI_TRIES_H
#define SL_CLI_TRIES_H

#include <stddef.h>
#include <stdint.h>

struct sl_addr;

enum { SL_TRIES_MAX = 5, SL_TRIES_WINDOW_S = 60, SL_TRIES_ADDRESSES = 256 };

struct sl_tries {
    struct sl_tries_entry {
        uint8_t network[16];
        int64_t at_us[SL_TRIES_MAX]; /* of the last ones; 0: none */
    } entries[SL_TRIES_ADDRESSES];
};

/* How long this address has to wait: 0: not at all. now_us is above 0. */
int64_t sl_tries_wait_us(const struct sl_tries *tries, const struct sl_addr *addr, int64_t now_us);
/* A try begins; it counts as wrong until it is taken back. */
void sl_tries_add(struct sl_tries *tries, const struct sl_addr *addr, int64_t now_us);
/* The try that began at began_us was right, or was none. */
void sl_tries_take_back(struct sl_tries *tries, const struct sl_addr *addr, int64_t began_us);

#endif
