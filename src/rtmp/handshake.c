/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Versions, blocks, echoes. */
#include "rtmp/handshake.h"

#include "base/random.h"

#include <errno.h>
#include <string.h>

/* Versions go up to 31, so that text is told from RTMP (section 5.2.2). */
enum { VERSION_MAX = 31 };

void sl_rtmp_handshake_begin(struct sl_rtmp_handshake *handshake, struct sl_outbox *out)
{
    uint8_t hello[1 + SL_RTMP_HANDSHAKE_LEN] = {SL_RTMP_VERSION}; /* time 0, four zero bytes ... */

    sl_random_bytes(hello + 9, sizeof(hello) - 9); /* ... random ones */
    sl_outbox_append(out, hello, sizeof(hello));
    handshake->state = SL_RTMP_WANTS_HELLO;
    handshake->len = 0;
}

int sl_rtmp_handshake_input(struct sl_rtmp_handshake *handshake, const uint8_t *bytes, size_t len,
                            struct sl_outbox *out)
{
    bool hello = handshake->state == SL_RTMP_WANTS_HELLO;
    size_t wanted = (hello ? 1 : 0) + SL_RTMP_HANDSHAKE_LEN;
    size_t part = wanted - handshake->len < len ? wanted - handshake->len : len;

    memcpy(handshake->bytes + handshake->len, bytes, part);
    handshake->len += part;
    if (hello && (handshake->bytes[0] < SL_RTMP_VERSION || handshake->bytes[0] > VERSION_MAX))
        return -EBADMSG;
    if (handshake->len < wanted)
        return (int)part;
    handshake->len = 0;
    if (hello)
        sl_outbox_append(out, handshake->bytes + 1, SL_RTMP_HANDSHAKE_LEN);
    handshake->state = hello ? SL_RTMP_WANTS_ECHO : SL_RTMP_GREETED;
    return (int)part;
}
