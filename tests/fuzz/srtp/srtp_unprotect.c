/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a protected packet: never accepted, never changed in length. And any packet,
 * protected by us, comes out again as it went in. The first byte chooses profile, back end and
 * kind. */
#include "base/bytes.h"
#include "base/mem.h"
#include "srtp/srtp.h"

#include <stdlib.h>
#include <string.h>

enum { GCM = 1, OPENSSL = 2, RTCP = 4, OTHER = 8, PACKET_MAX = 2000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(bool ok)
{
    if (!ok)
        abort();
}

struct ends {
    struct sl_srtp_engine *engine;
    struct sl_srtp_sender *sender;
    struct sl_srtp_receiver *receiver;
};

static void take_forgery(struct ends *ends, bool rtcp, const uint8_t *data, size_t len)
{
    uint8_t *buf = sl_alloc(len); /* exact: the sanitizer sees one byte too many */
    size_t got_len = len;

    if (len > 0)
        memcpy(buf, data, len);
    check((rtcp ? sl_srtcp_unprotect : sl_srtp_unprotect)(ends->engine, ends->receiver, buf,
                                                          &got_len) < 0);
    check(got_len == len);
    free(buf);
}

static void carry_rtcp(struct ends *ends, const uint8_t *data, size_t len)
{
    uint8_t buf[PACKET_MAX + SL_SRTCP_OVERHEAD];

    if (len < 8 || len > PACKET_MAX || data[0] >> 6 != 2)
        return;
    memcpy(buf, data, len);
    size_t got_len = sl_srtcp_protect(ends->engine, ends->sender, buf, len);
    check(got_len > len && got_len <= len + SL_SRTCP_OVERHEAD);
    check(sl_srtcp_unprotect(ends->engine, ends->receiver, buf, &got_len) == 0);
    check(got_len == len && memcmp(buf, data, len) == 0);
}

static void carry_rtp(struct ends *ends, const uint8_t *data, size_t len)
{
    uint8_t buf[PACKET_MAX + SL_SRTP_OVERHEAD];
    size_t header_len = 12;

    if (len < 12 || len > PACKET_MAX || data[0] >> 6 != 2)
        return;
    header_len += 4 * (data[0] & 15U);
    if (data[0] & 16 && header_len + 4 <= len)
        header_len += 4 + 4 * (size_t)sl_load_u16(data + header_len + 2);
    else if (data[0] & 16)
        return;
    if (header_len > len)
        return;
    memcpy(buf, data, header_len);
    size_t got_len = sl_srtp_protect(ends->engine, ends->sender, buf, header_len, data + header_len,
                                     len - header_len, sl_load_u16(data + 2));
    sl_srtp_flush(ends->engine);
    check(got_len > len && got_len <= len + SL_SRTP_OVERHEAD);
    check(sl_srtp_unprotect(ends->engine, ends->receiver, buf, &got_len) == 0);
    check(got_len == len && memcmp(buf, data, len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct sl_srtp_engine *engines[2]; /* costly to make; kept for the process's life */
    static const enum sl_srtp_profile profiles[2][2] = {
        {SL_SRTP_AES128_CM_SHA1_80, SL_SRTP_AES128_CM_SHA1_32},
        {SL_SRTP_AEAD_AES_128_GCM, SL_SRTP_AEAD_AES_256_GCM},
    };
    struct sl_srtp_keys keys = {.key = "0123456789abcdef0123456789abcde", .salt = "salt of these"};
    struct ends ends;

    if (len < 1)
        return 0;
    uint8_t choice = *data++;
    len--;
    struct sl_srtp_engine **engine = &engines[choice & OPENSSL ? 1 : 0];
    if (!*engine)
        *engine = sl_srtp_engine_create(choice & OPENSSL ? SL_SRTP_OPENSSL : SL_SRTP_BEST);
    keys.profile = profiles[!!(choice & GCM)][!!(choice & OTHER)];
    ends.engine = *engine;
    ends.sender = sl_srtp_sender_create(ends.engine, &keys);
    ends.receiver = sl_srtp_receiver_create(ends.engine, &keys);

    take_forgery(&ends, choice & RTCP, data, len);
    if (choice & RTCP)
        carry_rtcp(&ends, data, len);
    else
        carry_rtp(&ends, data, len);
    sl_srtp_sender_destroy(ends.sender);
    sl_srtp_receiver_destroy(ends.receiver);
    return 0;
}
