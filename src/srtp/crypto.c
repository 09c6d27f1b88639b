/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SRTP key derivation, counters, and one packet at a time on OpenSSL. */
#include "srtp/crypto.h"

#include "base/bytes.h"
#include "base/log.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

enum { AUTH_KEY_LEN = 20 };

/* With valid arguments OpenSSL fails only when memory is gone; going on would send plain text. */
static void must(int ok)
{
    if (ok <= 0) {
        sl_log(SL_LOG_ERROR, NULL, "srtp: OpenSSL: %s", ERR_reason_error_string(ERR_get_error()));
        abort();
    }
}

/* ---- Profiles ---- */

bool sl_srtp_is_gcm(enum sl_srtp_profile profile)
{
    return profile == SL_SRTP_AEAD_AES_128_GCM || profile == SL_SRTP_AEAD_AES_256_GCM;
}

enum sl_srtp_cipher sl_srtp_cipher_of(enum sl_srtp_profile profile)
{
    if (!sl_srtp_is_gcm(profile))
        return SL_SRTP_CTR_128;
    return profile == SL_SRTP_AEAD_AES_256_GCM ? SL_SRTP_GCM_256 : SL_SRTP_GCM_128;
}

size_t sl_srtp_key_len(enum sl_srtp_profile profile)
{
    return profile == SL_SRTP_AEAD_AES_256_GCM ? 32 : 16;
}

size_t sl_srtp_salt_len(enum sl_srtp_profile profile)
{
    return sl_srtp_is_gcm(profile) ? 12 : 14;
}

size_t sl_srtcp_tag_len(enum sl_srtp_profile profile)
{
    return sl_srtp_is_gcm(profile) ? SL_SRTP_GCM_TAG_LEN : SL_SRTP_CM_TAG_LEN;
}

size_t sl_srtp_tag_len(enum sl_srtp_profile profile)
{
    return profile == SL_SRTP_AES128_CM_SHA1_32 ? SL_SRTP_CM_SHORT_TAG_LEN
                                                : sl_srtcp_tag_len(profile);
}

/* ---- OpenSSL ---- */

void sl_srtp_evp_init(struct sl_srtp_evp *evp)
{
    static const char *const names[SL_SRTP_CIPHERS] = {
        [SL_SRTP_CTR_128] = "AES-128-CTR",
        [SL_SRTP_CTR_256] = "AES-256-CTR",
        [SL_SRTP_GCM_128] = "AES-128-GCM",
        [SL_SRTP_GCM_256] = "AES-256-GCM",
    };
    static const uint8_t zeros[SL_SRTP_KEY_MAX];

    for (size_t i = 0; i < SL_SRTP_CIPHERS; i++) {
        evp->ciphers[i] = EVP_CIPHER_fetch(NULL, names[i], NULL);
        must(evp->ciphers[i] != NULL);
        evp->contexts[i] = sl_srtp_evp_context(evp, (enum sl_srtp_cipher)i, zeros);
    }
}

void sl_srtp_evp_deinit(struct sl_srtp_evp *evp)
{
    for (size_t i = 0; i < SL_SRTP_CIPHERS; i++) {
        EVP_CIPHER_CTX_free(evp->contexts[i]);
        EVP_CIPHER_free(evp->ciphers[i]);
    }
    memset(evp, 0, sizeof(*evp));
}

EVP_CIPHER_CTX *sl_srtp_evp_context(const struct sl_srtp_evp *evp, enum sl_srtp_cipher cipher,
                                    const uint8_t *key)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

    must(ctx != NULL);
    must(EVP_EncryptInit_ex2(ctx, evp->ciphers[cipher], key, NULL, NULL));
    return ctx;
}

/* ---- Keys ---- */

/* One key of RFC 3711 section 4.3.1: key stream of the master key (of 256 bits: RFC 6188) from
 * (salt xor label) * 2^16. The label lies over the salt's eighth byte: the 48-bit index below it is
 * 0 without a derivation rate. A salt of 12 bytes is padded on the right (RFC 7714 section 11). */
static void derive_one(struct sl_srtp_evp *evp, const struct sl_srtp_keys *keys, uint8_t label,
                       uint8_t *out, size_t len)
{
    bool wide = sl_srtp_key_len(keys->profile) == SL_SRTP_KEY_MAX;
    uint8_t iv[SL_SRTP_IV_LEN] = {0};

    memcpy(iv, keys->salt, sl_srtp_salt_len(keys->profile));
    iv[7] ^= label;
    memset(out, 0, len);
    sl_srtp_ctr(evp->contexts[wide ? SL_SRTP_CTR_256 : SL_SRTP_CTR_128], keys->key, iv, out, out,
                len);
}

void sl_srtp_derive(struct sl_srtp_evp *evp, const struct sl_srtp_keys *keys,
                    enum sl_srtp_label label, struct sl_srtp_session *out)
{
    uint8_t auth[AUTH_KEY_LEN];
    uint8_t first = (uint8_t)label;

    memset(out, 0, sizeof(*out));
    derive_one(evp, keys, first, out->key, sl_srtp_key_len(keys->profile));
    derive_one(evp, keys, first + 2, out->salt, sl_srtp_salt_len(keys->profile));
    if (!sl_srtp_is_gcm(keys->profile)) {
        derive_one(evp, keys, first + 1, auth, sizeof(auth));
        sl_hmac_sha1_init(&out->hmac, auth, sizeof(auth));
        OPENSSL_cleanse(auth, sizeof(auth));
    }
}

/*
 * CM, RFC 3711 section 4.1.1:           |   0..3   | 4..7 |   8..13   | 14..15 |
 *                              salt xor |    0     | SSRC |   index   | blocks |
 *
 * GCM, RFC 7714 sections 8.1 and 9.1:   | 0..1 | 2..5 |   6..11   |
 *                              salt xor |  0   | SSRC |   index   |
 */
void sl_srtp_iv(enum sl_srtp_profile profile, const struct sl_srtp_session *session, uint32_t ssrc,
                uint64_t index, uint8_t out[SL_SRTP_IV_LEN])
{
    size_t at = sl_srtp_is_gcm(profile) ? 2 : 4;
    uint8_t mask[10];

    sl_store_u32(mask, ssrc);
    sl_store_u16(mask + 4, (uint16_t)(index >> 32));
    sl_store_u32(mask + 6, (uint32_t)index);
    memcpy(out, session->salt, SL_SRTP_SALT_MAX);
    out[14] = out[15] = 0;
    for (size_t i = 0; i < sizeof(mask); i++)
        out[at + i] ^= mask[i];
}

void sl_srtp_ctr(EVP_CIPHER_CTX *ctx, const uint8_t *key, const uint8_t iv[SL_SRTP_IV_LEN],
                 const uint8_t *src, uint8_t *dst, size_t len)
{
    int written;

    must(EVP_EncryptInit_ex2(ctx, NULL, key, iv, NULL));
    must(EVP_EncryptUpdate(ctx, dst, &written, src, (int)len));
}

void sl_srtp_gcm_seal(EVP_CIPHER_CTX *ctx, const uint8_t *key, const uint8_t *iv,
                      const uint8_t *aad, size_t aad_len, const uint8_t *src, uint8_t *dst,
                      size_t len, uint8_t tag[SL_SRTP_GCM_TAG_LEN])
{
    int written;

    must(EVP_EncryptInit_ex2(ctx, NULL, key, iv, NULL));
    must(EVP_EncryptUpdate(ctx, NULL, &written, aad, (int)aad_len));
    must(EVP_EncryptUpdate(ctx, dst, &written, src, (int)len));
    must(EVP_EncryptFinal_ex(ctx, dst + len, &written)); /* writes nothing in this mode */
    must(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, SL_SRTP_GCM_TAG_LEN, tag));
}

bool sl_srtp_gcm_open(EVP_CIPHER_CTX *ctx, const uint8_t *key, const uint8_t *iv,
                      const uint8_t *aad, size_t aad_len, uint8_t *buf, size_t len,
                      const uint8_t tag[SL_SRTP_GCM_TAG_LEN])
{
    uint8_t expected[SL_SRTP_GCM_TAG_LEN];
    int written;

    memcpy(expected, tag, sizeof(expected)); /* the call wants it writable */
    must(EVP_DecryptInit_ex2(ctx, NULL, key, iv, NULL));
    must(EVP_DecryptUpdate(ctx, NULL, &written, aad, (int)aad_len));
    must(EVP_DecryptUpdate(ctx, buf, &written, buf, (int)len));
    must(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, SL_SRTP_GCM_TAG_LEN, expected));
    return EVP_DecryptFinal_ex(ctx, buf + len, &written) > 0;
}

void sl_srtp_cm_tag(const struct sl_srtp_session *session, const uint8_t *bytes, size_t len,
                    uint32_t trailer, uint8_t *tag, size_t tag_len)
{
    uint8_t word[4], full[SL_SHA1_LEN];
    SHA_CTX sha;

    sl_store_u32(word, trailer);
    sl_hmac_sha1_begin(&session->hmac, &sha);
    sl_hmac_sha1_update(&sha, bytes, len);
    sl_hmac_sha1_update(&sha, word, sizeof(word));
    sl_hmac_sha1_end(&session->hmac, &sha, full);
    memcpy(tag, full, tag_len);
}
