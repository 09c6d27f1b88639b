/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The Transport header (RFC 2326 section 12.39): what of a player's offers we take. Pure, any
 * thread. */
#ifndef SL_RTSP_TRANSPORT_H
#define SL_RTSP_TRANSPORT_H

#include "base/addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sl_rtsp_lower { SL_RTSP_ANY, SL_RTSP_UDP, SL_RTSP_TCP };

/* The way of one track. */
struct sl_rtsp_transport {
    enum sl_rtsp_lower lower;
    uint16_t client_port, client_rtcp_port; /* of UDP */
    uint8_t channel, rtcp_channel;          /* interleaved */
};

struct sl_rtsp_transport_wish {
    const struct sl_addr *peer; /* of the connection: nothing goes to anybody else */
    enum sl_rtsp_lower lower;   /* what the session's other tracks have */
    /* The session's other track, whose channels are taken; NULL. */
    const struct sl_rtsp_transport *other;
};
/* The first offer that can be taken; -EPROTONOSUPPORT: none can (461); -EBADMSG: it is no list of
 * transports. */
int sl_rtsp_transport_choose(const char *header, const struct sl_rtsp_transport_wish *wish,
                             struct sl_rtsp_transport *out);

enum { SL_RTSP_TRANSPORT_TEXT_MAX = 256 };
/* The answer to it. server_port: RTP's of ours, the next one is RTCP's. Returns out. */
const char *sl_rtsp_transport_build(const struct sl_rtsp_transport *transport, uint16_t server_port,
                                    uint32_t ssrc, char out[static SL_RTSP_TRANSPORT_TEXT_MAX]);

#endif
