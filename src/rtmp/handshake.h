/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * RTMP's handshake (section 5.2), which both sides do alike: each says its version and a block of
 * bytes, repeats the other's block, and waits for its own. Pure but for the random bytes.
 */
#ifndef SL_RTMP_HANDSHAKE_H
#define SL_RTMP_HANDSHAKE_H

#include "rtmp/outbox.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SL_RTMP_VERSION = 3, SL_RTMP_HANDSHAKE_LEN = 1536 /* C1, C2, S1, S2 (section 5.2.3) */ };

struct sl_rtmp_handshake {
    enum { SL_RTMP_WANTS_HELLO, SL_RTMP_WANTS_ECHO, SL_RTMP_GREETED } state;
    uint8_t bytes[1 + SL_RTMP_HANDSHAKE_LEN];
    size_t len;
};

/* Appends our version and block: a client's first word, a server's answer to the first byte. */
void sl_rtmp_handshake_begin(struct sl_rtmp_handshake *handshake, struct sl_outbox *out);
/* Takes what still belongs to the handshake and appends what is to be said. Returns how many bytes
 * that were; -EBADMSG: the other side does not speak RTMP. Not once it is greeted. */
int sl_rtmp_handshake_input(struct sl_rtmp_handshake *handshake, const uint8_t *bytes, size_t len,
                            struct sl_outbox *out);

#endif
