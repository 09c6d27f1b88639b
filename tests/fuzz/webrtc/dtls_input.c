/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A series of datagrams as one handshake's input. Each end sends whole records within the MTU, a
 * final state stays, and nobody without our keys gets connected. Input: a byte (1: we are the
 * client), then datagrams, each after its length in 16 bits. */
#include "webrtc/dtls.h"

#include "base/bytes.h"
#include "base/clock.h"

#include <stdlib.h>

enum { SENT_MAX = 2000 }; /* a handshake's input is capped, so its output is */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(bool ok)
{
    if (!ok)
        abort();
}

static void on_send(void *owner, const uint8_t *datagram, size_t len)
{
    size_t *sent = owner;

    check(len > 0 && len <= SL_DTLS_MTU && sl_dtls_is(datagram, len));
    check(++*sent < SENT_MAX);
}

static bool final(enum sl_dtls_state state)
{
    return state != SL_DTLS_HANDSHAKE && state != SL_DTLS_CONNECTED;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct sl_dtls_identity *identity; /* costly to make; kept for the process's life */
    struct sl_reader r = sl_reader_of(data, len);
    struct sl_dtls *dtls = NULL;
    size_t sent = 0;

    if (!identity)
        check(sl_dtls_identity_create(true, &identity, NULL) == 0);
    struct sl_dtls_config config = {
        .identity = identity,
        .client = sl_read_u8(&r) & 1,
        .fingerprint_hash = "sha-256",
        /* of the certificate in the recorded flights, so that what follows it is reached */
        .fingerprint = "E8:0F:3C:B4:00:71:B5:7E:C0:09:38:A8:9D:49:1F:B9:"
                       "C7:8A:61:17:1F:73:CD:24:48:A7:C5:0D:50:DB:5E:31",
        .on_send = on_send,
        .owner = &sent,
    };
    check(sl_dtls_create(&config, sl_now_us(), &dtls) == 0);
    sl_dtls_start(dtls, sl_now_us());
    while (sl_reader_left(&r) >= 2) {
        size_t datagram_len = sl_read_u16(&r);
        if (datagram_len > sl_reader_left(&r))
            datagram_len = sl_reader_left(&r);
        const uint8_t *datagram = sl_reader_take(&r, datagram_len);
        enum sl_dtls_state before = sl_dtls_state(dtls);
        enum sl_dtls_state after = sl_dtls_input(dtls, datagram, datagram_len, sl_now_us());

        check(after == sl_dtls_state(dtls));
        check(after != SL_DTLS_CONNECTED);
        check(!final(before) || after == before);
        check(!final(after) || sl_dtls_deadline_us(dtls) == INT64_MAX);
        (void)sl_dtls_on_timer(dtls, sl_now_us());
    }
    sl_dtls_close(dtls);
    sl_dtls_destroy(dtls);
    return 0;
}
