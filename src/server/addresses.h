/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which addresses media is bound to and which are announced in candidates. */
#ifndef SL_SERVER_ADDRESSES_H
#define SL_SERVER_ADDRESSES_H

struct sl_config;
struct sl_error;
struct sl_rtc_config;

/* Fills bind and announce from ip_local, ip and ice_candidate_override; an empty ip takes the
 * machine's own addresses of the families bound, loopback only if there is no other. -EINVAL. */
int sl_addresses_choose(const struct sl_config *config, struct sl_rtc_config *out,
                        struct sl_error *error);

#endif
