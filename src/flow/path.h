/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RTCP along a path; packets of media take the shorter way in out.c. Private to flow/. */
#ifndef SL_FLOW_PATH_H
#define SL_FLOW_PATH_H

#include "flow/flow.h"

struct sl_counters;

enum { SL_FLOW_RTCP_MAX = 1200 }; /* bytes of a compound packet before SRTCP */

/* Protects a compound packet where keys are, and sends it now; without a path it is dropped.
 * [worker] */
void sl_flow_send_rtcp(const struct sl_flow_ops *ops, void *owner, size_t transport,
                       struct sl_counters *counters, const uint8_t *data, size_t len);

#endif
