/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SRTP: receiving. Keys go into the engine's contexts per packet (0.05 to 0.15 us), for most
 * receivers are a player's and get little RTCP only: this way one costs about 600 bytes.
 */
#include "base/bytes.h"
#include "base/mem.h"
#include "srtp/engine.h"
#include "srtp/window.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>

enum { RTP_HEADER_LEN = 12, SSRC_AT = 8, SEQ_AT = 2, VERSION = 2 };

struct sl_srtp_receiver {
    enum sl_srtp_profile profile;
    struct sl_srtp_session rtp, rtcp;
    struct sl_srtp_windows rtp_seen, rtcp_seen;
};

struct sl_srtp_receiver *sl_srtp_receiver_create(struct sl_srtp_engine *engine,
                                                 const struct sl_srtp_keys *keys)
{
    struct sl_srtp_receiver *receiver = sl_new(struct sl_srtp_receiver);

    receiver->profile = keys->profile;
    sl_srtp_derive(&engine->evp, keys, SL_SRTP_LABEL_RTP, &receiver->rtp);
    sl_srtp_derive(&engine->evp, keys, SL_SRTP_LABEL_RTCP, &receiver->rtcp);
    return receiver;
}

void sl_srtp_receiver_destroy(struct sl_srtp_receiver *receiver)
{
    if (!receiver)
        return;
    sl_srtp_windows_deinit(&receiver->rtp_seen);
    sl_srtp_windows_deinit(&receiver->rtcp_seen);
    OPENSSL_cleanse(receiver, sizeof(*receiver));
    free(receiver);
}

/* Is a packet with this index worth verifying? */
static int check(const struct sl_srtp_windows *windows, const struct sl_srtp_window *window,
                 uint64_t index)
{
    if (!window && windows->count == SL_SRTP_SSRCS)
        return -ENOBUFS;
    return sl_srtp_window_check(window, index);
}

/* One packet's crypto: | clear | text | and a tag somewhere. */
struct parts {
    const struct sl_srtp_session *session;
    uint8_t iv[SL_SRTP_IV_LEN];
    uint8_t *clear, *text;
    size_t text_len;
    const uint8_t *aad; /* GCM: usually clear */
    size_t aad_len;
    uint32_t trailer; /* CM: authenticated after the text */
    const uint8_t *tag;
    size_t tag_len;
};

static bool open_gcm(struct sl_srtp_engine *engine, enum sl_srtp_profile profile,
                     const struct parts *p)
{
    if (engine->mb)
        return sl_srtp_mb_open(engine->mb, profile, p->session->key, p->iv, p->aad, p->aad_len,
                               p->text, p->text_len, p->tag);
    return sl_srtp_gcm_open(engine->evp.contexts[sl_srtp_cipher_of(profile)], p->session->key,
                            p->iv, p->aad, p->aad_len, p->text, p->text_len, p->tag);
}

/* One packet alone gains nothing from many lanes: CM is OpenSSL's on either engine. */
static bool open_cm(struct sl_srtp_engine *engine, const struct parts *p)
{
    uint8_t expected[SL_SRTP_CM_TAG_LEN];
    size_t covered = (size_t)(p->text - p->clear) + p->text_len;

    sl_srtp_cm_tag(p->session, p->clear, covered, p->trailer, expected, p->tag_len);
    if (CRYPTO_memcmp(expected, p->tag, p->tag_len) != 0)
        return false;
    sl_srtp_ctr(engine->evp.contexts[SL_SRTP_CTR_128], p->session->key, p->iv, p->text, p->text,
                p->text_len);
    return true;
}

static bool open_parts(struct sl_srtp_engine *engine, enum sl_srtp_profile profile,
                       const struct parts *p)
{
    return sl_srtp_is_gcm(profile) ? open_gcm(engine, profile, p) : open_cm(engine, p);
}

/* Fixed header, CSRCs and extension (RFC 3550 section 5.1); 0 if they do not fit. */
static size_t rtp_header_len(const uint8_t *buf, size_t len)
{
    size_t header_len;

    if (len < RTP_HEADER_LEN || buf[0] >> 6 != VERSION)
        return 0;
    header_len = RTP_HEADER_LEN + 4 * (buf[0] & 0x0FU);
    if (buf[0] & 0x10) {
        if (len < header_len + 4)
            return 0;
        header_len += 4 + 4 * (size_t)sl_load_u16(buf + header_len + 2);
    }
    return header_len <= len ? header_len : 0;
}

int sl_srtp_unprotect(struct sl_srtp_engine *engine, struct sl_srtp_receiver *receiver,
                      uint8_t *buf, size_t *len)
{
    size_t tag_len = sl_srtp_tag_len(receiver->profile);

    if (*len < tag_len)
        return -EBADMSG;
    size_t plain_len = *len - tag_len;
    size_t header_len = rtp_header_len(buf, plain_len);
    if (header_len == 0)
        return -EBADMSG;

    uint32_t ssrc = sl_load_u32(buf + SSRC_AT);
    const struct sl_srtp_window *window = sl_srtp_windows_find(&receiver->rtp_seen, ssrc);
    uint64_t index = sl_srtp_window_guess(window, sl_load_u16(buf + SEQ_AT));
    int err = check(&receiver->rtp_seen, window, index);
    if (err < 0)
        return err;

    struct parts parts = {
        .session = &receiver->rtp,
        .clear = buf,
        .text = buf + header_len,
        .text_len = plain_len - header_len,
        .aad = buf,
        .aad_len = header_len,
        .trailer = (uint32_t)(index >> 16),
        .tag = buf + plain_len,
        .tag_len = tag_len,
    };
    sl_srtp_iv(receiver->profile, &receiver->rtp, ssrc, index, parts.iv);
    if (!open_parts(engine, receiver->profile, &parts))
        return -EACCES;
    sl_srtp_windows_accept(&receiver->rtp_seen, ssrc, index);
    *len = plain_len;
    return 0;
}

int sl_srtcp_unprotect(struct sl_srtp_engine *engine, struct sl_srtp_receiver *receiver,
                       uint8_t *buf, size_t *len)
{
    bool gcm = sl_srtp_is_gcm(receiver->profile);
    size_t tag_len = sl_srtcp_tag_len(receiver->profile);
    size_t overhead = tag_len + SL_SRTCP_TRAILER_LEN;
    uint8_t aad[SL_SRTCP_HEADER_LEN + SL_SRTCP_TRAILER_LEN];

    if (*len < SL_SRTCP_HEADER_LEN + overhead || buf[0] >> 6 != VERSION)
        return -EBADMSG;
    size_t plain_len = *len - overhead;
    const uint8_t *end = buf + plain_len;
    const uint8_t *trailer_at = gcm ? end + SL_SRTP_GCM_TAG_LEN : end;
    uint32_t trailer = sl_load_u32(trailer_at);
    uint32_t index = trailer & ~(UINT32_C(1) << SL_SRTCP_INDEX_BITS);
    if (trailer == index)
        return -EACCES; /* sent in clear text: every profile encrypts RTCP */

    uint32_t ssrc = sl_load_u32(buf + 4);
    const struct sl_srtp_window *window = sl_srtp_windows_find(&receiver->rtcp_seen, ssrc);
    int err = check(&receiver->rtcp_seen, window, index);
    if (err < 0)
        return err;

    memcpy(aad, buf, SL_SRTCP_HEADER_LEN);
    memcpy(aad + SL_SRTCP_HEADER_LEN, trailer_at, SL_SRTCP_TRAILER_LEN);
    struct parts parts = {
        .session = &receiver->rtcp,
        .clear = buf,
        .text = buf + SL_SRTCP_HEADER_LEN,
        .text_len = plain_len - SL_SRTCP_HEADER_LEN,
        .aad = aad,
        .aad_len = sizeof(aad),
        .trailer = trailer,
        .tag = gcm ? end : end + SL_SRTCP_TRAILER_LEN,
        .tag_len = tag_len,
    };
    sl_srtp_iv(receiver->profile, &receiver->rtcp, ssrc, index, parts.iv);
    if (!open_parts(engine, receiver->profile, &parts))
        return -EACCES;
    sl_srtp_windows_accept(&receiver->rtcp_seen, ssrc, index);
    *len = plain_len;
    return 0;
}
