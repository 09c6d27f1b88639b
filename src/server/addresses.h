/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which addresses media is bound to and which are announced in candidates. Control loop. */
#ifndef SL_SERVER_ADDRESSES_H
#define SL_SERVER_ADDRESSES_H

#include <stdbool.h>

struct sl_addresses;
struct sl_config;
struct sl_error;
struct sl_host_addrs;
struct sl_loop;
struct sl_rtc;
struct sl_rtc_config;

/* Fills bind and announce from ip_local, ip and ice_candidate_override; an empty ip takes the
 * machine's own addresses of the families bound, loopback only if there is no other. -EINVAL. */
int sl_addresses_choose(const struct sl_config *config, struct sl_rtc_config *out,
                        struct sl_error *error);
/* Fills announce from what the machine has: as far as sockets are bound to receive it, as many as
 * there is room for, and no link-local ones: what they mean depends on the link, and a candidate
 * names none (RFC 8445 section 5.1.1.1). Pure. */
void sl_addresses_own(const struct sl_host_addrs *host, struct sl_rtc_config *out);

/* Keeps what is announced up to date while the machine's addresses change; with words in the log
 * when they do, and a warning while there is none but loopback. Nothing to do if the configuration
 * names them. Cannot watch: a warning, and they stay as they are. */
struct sl_addresses *sl_addresses_watch(const struct sl_rtc_config *config, struct sl_rtc *rtc,
                                        struct sl_loop *loop);
/* NULL is fine. */
void sl_addresses_destroy(struct sl_addresses *addresses);

#endif
