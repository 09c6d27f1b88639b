/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The cryptography below SRTP: session keys, counters and nonces, and one packet at a time on
 * OpenSSL. What it takes is well-formed; it fails only for a wrong tag. Any thread, one at a time
 * per context.
 */
#ifndef SL_SRTP_CRYPTO_H
#define SL_SRTP_CRYPTO_H

#include "srtp/hmac_sha1.h"
#include "srtp/srtp.h"

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SL_SRTP_CM_TAG_LEN = 10, /* RFC 5764 section 4.1.2; all of RTCP's */
    SL_SRTP_CM_SHORT_TAG_LEN = 4,
    SL_SRTP_GCM_TAG_LEN = 16, /* RFC 7714 section 5.2 */
    SL_SRTP_IV_LEN = 16,      /* CM uses all 16, GCM the first 12 */
    SL_SRTP_GCM_IV_LEN = 12,
    SL_SRTCP_HEADER_LEN = 8,  /* what stays clear: the first header and the sender's ssrc */
    SL_SRTCP_TRAILER_LEN = 4, /* E flag and index */
    SL_SRTCP_INDEX_BITS = 31,
};

/* The keys of one direction for RTP or for RTCP (RFC 3711 section 4.3). A plain value; wipe it. */
struct sl_srtp_session {
    uint8_t key[SL_SRTP_KEY_MAX];
    uint8_t salt[SL_SRTP_SALT_MAX];
    struct sl_hmac_sha1 hmac; /* CM only */
};

/* The first of the three labels of RFC 3711 section 4.3.2: key, authentication, salt. */
enum sl_srtp_label { SL_SRTP_LABEL_RTP = 0, SL_SRTP_LABEL_RTCP = 3 };

enum sl_srtp_cipher { SL_SRTP_CTR_128, SL_SRTP_CTR_256, SL_SRTP_GCM_128, SL_SRTP_GCM_256 };
enum { SL_SRTP_CIPHERS = SL_SRTP_GCM_256 + 1 };

/* A thread's OpenSSL contexts. Keys go into them per packet, so that those who send or receive
 * little keep no key schedule. */
struct sl_srtp_evp {
    EVP_CIPHER *ciphers[SL_SRTP_CIPHERS];
    EVP_CIPHER_CTX *contexts[SL_SRTP_CIPHERS];
};

void sl_srtp_evp_init(struct sl_srtp_evp *evp);
void sl_srtp_evp_deinit(struct sl_srtp_evp *evp);
/* A context of the caller's own with the key in it; free with EVP_CIPHER_CTX_free(). */
EVP_CIPHER_CTX *sl_srtp_evp_context(const struct sl_srtp_evp *evp, enum sl_srtp_cipher cipher,
                                    const uint8_t *key);

bool sl_srtp_is_gcm(enum sl_srtp_profile profile);
enum sl_srtp_cipher sl_srtp_cipher_of(enum sl_srtp_profile profile);
/* Of an RTP packet, and of an RTCP packet. */
size_t sl_srtp_tag_len(enum sl_srtp_profile profile);
size_t sl_srtcp_tag_len(enum sl_srtp_profile profile);
void sl_srtp_derive(struct sl_srtp_evp *evp, const struct sl_srtp_keys *keys,
                    enum sl_srtp_label label, struct sl_srtp_session *out);
/* index: 48 bits for RTP, 31 for RTCP. The profile's counter block or nonce. */
void sl_srtp_iv(enum sl_srtp_profile profile, const struct sl_srtp_session *session, uint32_t ssrc,
                uint64_t index, uint8_t out[SL_SRTP_IV_LEN]);

/*
 * One packet's encryption or decryption. ctx may hold the key already: key is then NULL.
 * src and dst may be the same, else must not overlap.
 */
void sl_srtp_ctr(EVP_CIPHER_CTX *ctx, const uint8_t *key, const uint8_t iv[SL_SRTP_IV_LEN],
                 const uint8_t *src, uint8_t *dst, size_t len);
void sl_srtp_gcm_seal(EVP_CIPHER_CTX *ctx, const uint8_t *key, const uint8_t *iv,
                      const uint8_t *aad, size_t aad_len, const uint8_t *src, uint8_t *dst,
                      size_t len, uint8_t tag[SL_SRTP_GCM_TAG_LEN]);
/* False if the tag is wrong; buf is then undefined. */
bool sl_srtp_gcm_open(EVP_CIPHER_CTX *ctx, const uint8_t *key, const uint8_t *iv,
                      const uint8_t *aad, size_t aad_len, uint8_t *buf, size_t len,
                      const uint8_t tag[SL_SRTP_GCM_TAG_LEN]);
/* The first tag_len bytes of the tag over bytes and a trailing word: the rollover counter, or the
 * RTCP index. */
void sl_srtp_cm_tag(const struct sl_srtp_session *session, const uint8_t *bytes, size_t len,
                    uint32_t trailer, uint8_t *tag, size_t tag_len);

#endif
