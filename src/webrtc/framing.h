/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Datagrams in a stream of bytes, each behind its length in two bytes (RFC 4571 section 2). No I/O,
 * no allocation. */
#ifndef SL_WEBRTC_FRAMING_H
#define SL_WEBRTC_FRAMING_H

#include "net/net.h"

#include <stddef.h>
#include <stdint.h>

enum { SL_FRAME_HEAD = 2, SL_FRAME_MAX = SL_UDP_DATAGRAM_MAX };

/* The reading side; zeroed at first. */
struct sl_framing {
    size_t have;
    uint8_t bytes[SL_FRAME_HEAD + SL_FRAME_MAX];
};

/* Where the next bytes of the stream go, and how many at most; never none. */
uint8_t *sl_framing_room(struct sl_framing *framing, size_t *len);
/*
 * len bytes are there. Hands each whole frame on; its bytes may be changed in place.
 *
 * on_frame  negative: no further one is wanted, the stream is over
 * Returns   0; -EBADMSG: a frame that is longer than any; what on_frame has returned.
 */
int sl_framing_input(struct sl_framing *framing, size_t len,
                     int (*on_frame)(void *owner, uint8_t *data, size_t len), void *owner);
/* The two bytes before a frame of len, at most SL_FRAME_MAX. */
void sl_framing_build_head(uint8_t head[static SL_FRAME_HEAD], size_t len);

#endif
