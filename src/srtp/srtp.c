/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SRTP: the engine, and sending. RTP goes through ipsec-mb where there is one; RTCP is rare and
 * always takes OpenSSL with the key put in per packet, so that it costs a sender 72 bytes.
 */
#include "srtp/srtp.h"

#include "base/bytes.h"
#include "base/mem.h"
#include "srtp/engine.h"

#include <openssl/crypto.h>
#include <string.h>

enum { SSRC_AT = 8 };

#define SRTCP_E_FLAG (UINT32_C(1) << SL_SRTCP_INDEX_BITS)

struct sl_srtp_sender {
    enum sl_srtp_profile profile;
    uint32_t rtcp_index; /* of the next packet; SRTCP_E_FLAG: none is left */
    struct sl_srtp_session rtp, rtcp;
    struct sl_srtp_mb_key *mb_key; /* either this */
    EVP_CIPHER_CTX *ctx;           /* or that, with the RTP key in it */
};

struct sl_srtp_engine *sl_srtp_engine_create(enum sl_srtp_backend backend)
{
    struct sl_srtp_engine *engine = sl_new(struct sl_srtp_engine);

    sl_srtp_evp_init(&engine->evp);
    if (backend == SL_SRTP_BEST)
        engine->mb = sl_srtp_mb_create();
    return engine;
}

void sl_srtp_engine_destroy(struct sl_srtp_engine *engine)
{
    if (!engine)
        return;
    sl_srtp_mb_destroy(engine->mb);
    sl_srtp_evp_deinit(&engine->evp);
    free(engine);
}

const char *sl_srtp_engine_name(const struct sl_srtp_engine *engine)
{
    return engine->mb ? sl_srtp_mb_name(engine->mb) : "OpenSSL";
}

struct sl_srtp_sender *sl_srtp_sender_create(struct sl_srtp_engine *engine,
                                             const struct sl_srtp_keys *keys)
{
    struct sl_srtp_sender *sender = sl_new(struct sl_srtp_sender);

    sender->profile = keys->profile;
    sl_srtp_derive(&engine->evp, keys, SL_SRTP_LABEL_RTP, &sender->rtp);
    sl_srtp_derive(&engine->evp, keys, SL_SRTP_LABEL_RTCP, &sender->rtcp);
    if (engine->mb)
        sender->mb_key = sl_srtp_mb_key_create(engine->mb, keys->profile, &sender->rtp);
    else
        sender->ctx =
            sl_srtp_evp_context(&engine->evp, sl_srtp_cipher_of(keys->profile), sender->rtp.key);
    return sender;
}

void sl_srtp_sender_destroy(struct sl_srtp_sender *sender)
{
    if (!sender)
        return;
    sl_srtp_mb_key_destroy(sender->mb_key, sender->profile);
    EVP_CIPHER_CTX_free(sender->ctx);
    OPENSSL_cleanse(sender, sizeof(*sender));
    free(sender);
}

size_t sl_srtp_protect(struct sl_srtp_engine *engine, struct sl_srtp_sender *sender, uint8_t *out,
                       size_t header_len, const uint8_t *payload, size_t payload_len,
                       uint64_t index)
{
    uint8_t iv[SL_SRTP_IV_LEN];
    uint8_t *to = out + header_len, *tag = to + payload_len;
    uint32_t roc = (uint32_t)(index >> 16);
    bool gcm = sl_srtp_is_gcm(sender->profile);
    size_t tag_len = sl_srtp_tag_len(sender->profile);

    sl_srtp_iv(sender->profile, &sender->rtp, sl_load_u32(out + SSRC_AT), index, iv);
    if (gcm && engine->mb) {
        sl_srtp_mb_seal(engine->mb, sender->profile, sender->mb_key, iv, out, header_len, payload,
                        to, payload_len, tag);
    } else if (gcm) {
        sl_srtp_gcm_seal(sender->ctx, NULL, iv, out, header_len, payload, to, payload_len, tag);
    } else if (engine->mb) {
        sl_srtp_mb_protect(engine->mb, sender->mb_key, iv, out, header_len, payload, payload_len,
                           roc, tag_len);
    } else {
        sl_srtp_ctr(sender->ctx, NULL, iv, payload, to, payload_len);
        sl_srtp_cm_tag(&sender->rtp, out, header_len + payload_len, roc, tag, tag_len);
    }
    return header_len + payload_len + tag_len;
}

void sl_srtp_flush(struct sl_srtp_engine *engine)
{
    if (engine->mb)
        sl_srtp_mb_flush(engine->mb);
}

/*
 * CM, RFC 3711 section 3.4:  | header | ciphertext | E, index | tag |
 * GCM, RFC 7714 section 9.2: | header | ciphertext | tag | E, index |
 */
size_t sl_srtcp_protect(struct sl_srtp_engine *engine, struct sl_srtp_sender *sender, uint8_t *buf,
                        size_t len)
{
    uint32_t trailer = SRTCP_E_FLAG | sender->rtcp_index;
    uint8_t iv[SL_SRTP_IV_LEN], aad[SL_SRTCP_HEADER_LEN + SL_SRTCP_TRAILER_LEN];
    uint8_t *text = buf + SL_SRTCP_HEADER_LEN, *end = buf + len;
    const uint8_t *key = sender->rtcp.key;
    EVP_CIPHER_CTX *ctx = engine->evp.contexts[sl_srtp_cipher_of(sender->profile)];

    if (len < SL_SRTCP_HEADER_LEN || sender->rtcp_index == SRTCP_E_FLAG)
        return 0;
    sl_srtp_iv(sender->profile, &sender->rtcp, sl_load_u32(buf + 4), sender->rtcp_index, iv);
    sender->rtcp_index++;
    if (sl_srtp_is_gcm(sender->profile)) {
        memcpy(aad, buf, SL_SRTCP_HEADER_LEN);
        sl_store_u32(aad + SL_SRTCP_HEADER_LEN, trailer);
        sl_srtp_gcm_seal(ctx, key, iv, aad, sizeof(aad), text, text, len - SL_SRTCP_HEADER_LEN,
                         end);
        sl_store_u32(end + SL_SRTP_GCM_TAG_LEN, trailer);
    } else {
        sl_srtp_ctr(ctx, key, iv, text, text, len - SL_SRTCP_HEADER_LEN);
        sl_store_u32(end, trailer);
        sl_srtp_cm_tag(&sender->rtcp, buf, len, trailer, end + SL_SRTCP_TRAILER_LEN,
                       SL_SRTP_CM_TAG_LEN);
    }
    return len + sl_srtcp_tag_len(sender->profile) + SL_SRTCP_TRAILER_LEN;
}
