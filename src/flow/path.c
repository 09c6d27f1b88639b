/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Compound RTCP packets on their way out. */
#include "flow/path.h"

#include "base/metrics.h"
#include "net/net.h"

#include <string.h>

void sl_flow_send_rtcp(const struct sl_flow_ops *ops, void *owner, size_t transport,
                       struct sl_counters *counters, const uint8_t *data, size_t len)
{
    uint8_t buf[SL_FLOW_RTCP_MAX + SL_SRTCP_OVERHEAD];
    struct sl_flow_path path;

    if (len == 0 || len > SL_FLOW_RTCP_MAX || !ops->find_path(owner, transport, &path))
        return;
    memcpy(buf, data, len);
    if (path.srtp)
        len = sl_srtcp_protect(path.engine, path.srtp, buf, len);
    if (path.capture)
        sl_capture_note(path.capture, true, path.remote, buf, len);
    if (!path.rtcp)
        path.write(path.stream, true, buf, len);
    else if (sl_udp_send(path.rtcp, buf, len) < 0)
        sl_count(counters, SL_COUNTER_PACKETS_DROPPED_SOCKET, 1);
    sl_count(counters, SL_COUNTER_RTCP_OUT, 1);
}
