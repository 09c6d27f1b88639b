/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SRTP on libipsec-mb. */
#include "srtp/mb.h"

#include "base/bytes.h"
#include "base/log.h"
#include "base/mem.h"

#include <intel-ipsec-mb.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

enum {
    CM_KEY_LEN = 16,
    ROUND_KEYS_LEN = 16 * 11,
    TAG_LEN = 12, /* the library makes HMAC-SHA1 tags of 12 or 20 bytes only; SRTP takes 10 or 4 */
};

/* The library aligns gcm_key_data to cache lines in its own build, though not in ours. */
enum { KEY_ALIGNMENT = 64 };

struct sl_srtp_mb_key {
    union {
        struct gcm_key_data gcm;
        struct {
            uint8_t round_keys[ROUND_KEYS_LEN]; /* 16-byte aligned */
            struct sl_hmac_sha1 hmac;
        } cm;
    };
};

struct sl_srtp_mb {
    IMB_MGR *mgr;
    struct gcm_key_data *scratch; /* for packets received */
    char name[48];
    /* What a packet in flight still needs, by the place of its job in the manager's ring: no two
     * jobs in flight share one. */
    struct {
        uint8_t *tag_to;
        size_t tag_len; /* of tag, as many are sent */
        uint8_t tag[TAG_LEN];
    } flights[IMB_MAX_JOBS];
};

static void *alloc_aligned(size_t len)
{
    void *memory = NULL;

    if (posix_memalign(&memory, KEY_ALIGNMENT, len) != 0) {
        sl_log(SL_LOG_ERROR, NULL, "out of memory");
        abort();
    }
    memset(memory, 0, len);
    return memory;
}

static const char *arch_name(IMB_ARCH arch)
{
    switch (arch) {
    case IMB_ARCH_SSE:
        return "SSE";
    case IMB_ARCH_AVX:
        return "AVX";
    case IMB_ARCH_AVX2:
        return "AVX2";
    case IMB_ARCH_AVX512:
        return "AVX512";
    case IMB_ARCH_NONE:
    case IMB_ARCH_NOAESNI:
    case IMB_ARCH_NUM:
        break;
    }
    return NULL;
}

struct sl_srtp_mb *sl_srtp_mb_create(void)
{
    IMB_ARCH arch = IMB_ARCH_NONE;
    IMB_MGR *mgr = alloc_mb_mgr(0);

    if (!mgr)
        return NULL;
    init_mb_mgr_auto(mgr, &arch);
    bool tested =
        !(mgr->features & IMB_FEATURE_SELF_TEST) || (mgr->features & IMB_FEATURE_SELF_TEST_PASS);
    if (!arch_name(arch) || !tested || imb_get_errno(mgr) != 0) {
        free_mb_mgr(mgr);
        return NULL;
    }
    struct sl_srtp_mb *mb = sl_new(struct sl_srtp_mb);
    mb->mgr = mgr;
    mb->scratch = alloc_aligned(sizeof(*mb->scratch));
    (void)snprintf(mb->name, sizeof(mb->name), "ipsec-mb %s", arch_name(arch));
    return mb;
}

void sl_srtp_mb_destroy(struct sl_srtp_mb *mb)
{
    if (!mb)
        return;
    sl_srtp_mb_flush(mb);
    free_mb_mgr(mb->mgr);
    OPENSSL_cleanse(mb->scratch, sizeof(*mb->scratch));
    free(mb->scratch);
    free(mb);
}

const char *sl_srtp_mb_name(const struct sl_srtp_mb *mb)
{
    return mb->name;
}

static size_t key_size(enum sl_srtp_profile profile)
{
    const struct sl_srtp_mb_key *key = NULL;

    return sl_srtp_is_gcm(profile) ? sizeof(key->gcm) : sizeof(key->cm);
}

static void expand_gcm(const struct sl_srtp_mb *mb, enum sl_srtp_profile profile,
                       const uint8_t *key, struct gcm_key_data *out)
{
    if (profile == SL_SRTP_AEAD_AES_256_GCM)
        IMB_AES256_GCM_PRE(mb->mgr, key, out);
    else
        IMB_AES128_GCM_PRE(mb->mgr, key, out);
}

struct sl_srtp_mb_key *sl_srtp_mb_key_create(struct sl_srtp_mb *mb, enum sl_srtp_profile profile,
                                             const struct sl_srtp_session *session)
{
    struct sl_srtp_mb_key *key = alloc_aligned(key_size(profile));

    if (sl_srtp_is_gcm(profile)) {
        expand_gcm(mb, profile, session->key, &key->gcm);
    } else {
        DECLARE_ALIGNED(uint8_t decryption[ROUND_KEYS_LEN], 16); /* made along, not needed */

        IMB_AES_KEYEXP_128(mb->mgr, session->key, key->cm.round_keys, decryption);
        OPENSSL_cleanse(decryption, sizeof(decryption));
        key->cm.hmac = session->hmac;
    }
    return key;
}

void sl_srtp_mb_key_destroy(struct sl_srtp_mb_key *key, enum sl_srtp_profile profile)
{
    if (!key)
        return;
    OPENSSL_cleanse(key, key_size(profile));
    free(key);
}

/* A returned job belongs to the manager again at its next call: take the tag now. */
static void land(struct sl_srtp_mb *mb, const IMB_JOB *job)
{
    size_t place = (size_t)(job - mb->mgr->jobs);

    memcpy(mb->flights[place].tag_to, mb->flights[place].tag, mb->flights[place].tag_len);
}

void sl_srtp_mb_protect(struct sl_srtp_mb *mb, const struct sl_srtp_mb_key *key,
                        const uint8_t iv[SL_SRTP_IV_LEN], uint8_t *out, size_t header_len,
                        const uint8_t *payload, size_t len, uint32_t roc, size_t tag_len)
{
    IMB_JOB *job = IMB_GET_NEXT_JOB(mb->mgr);
    size_t place = (size_t)(job - mb->mgr->jobs);
    uint8_t *end = out + header_len + len;

    mb->flights[place].tag_to = end;
    mb->flights[place].tag_len = tag_len;
    sl_store_u32(end, roc); /* authenticated, not sent: the tag goes over it */

    job->cipher_mode = len > 0 ? IMB_CIPHER_CNTR : IMB_CIPHER_NULL;
    job->cipher_direction = IMB_DIR_ENCRYPT;
    job->chain_order = IMB_ORDER_CIPHER_HASH;
    job->enc_keys = key->cm.round_keys;
    job->dec_keys = key->cm.round_keys; /* counter mode only ever encrypts */
    job->key_len_in_bytes = CM_KEY_LEN;
    job->src = payload;
    job->dst = out + header_len;
    job->cipher_start_src_offset_in_bytes = 0;
    job->msg_len_to_cipher_in_bytes = len;
    job->iv = iv;
    job->iv_len_in_bytes = SL_SRTP_IV_LEN;

    job->hash_alg = IMB_AUTH_HMAC_SHA_1;
    /* What is hashed is named relative to src, also when the cipher writes elsewhere: wraps. */
    job->hash_start_src_offset_in_bytes = (uintptr_t)out - (uintptr_t)payload;
    job->msg_len_to_hash_in_bytes = header_len + len + sizeof(roc);
    job->u.HMAC._hashed_auth_key_xor_ipad = (const uint8_t *)key->cm.hmac.inner;
    job->u.HMAC._hashed_auth_key_xor_opad = (const uint8_t *)key->cm.hmac.outer;
    job->auth_tag_output = mb->flights[place].tag;
    job->auth_tag_output_len_in_bytes = TAG_LEN;

    for (job = IMB_SUBMIT_JOB_NOCHECK(mb->mgr); job; job = IMB_GET_COMPLETED_JOB(mb->mgr))
        land(mb, job);
}

void sl_srtp_mb_flush(struct sl_srtp_mb *mb)
{
    for (IMB_JOB *job; (job = IMB_FLUSH_JOB(mb->mgr));)
        land(mb, job);
}

void sl_srtp_mb_seal(struct sl_srtp_mb *mb, enum sl_srtp_profile profile,
                     const struct sl_srtp_mb_key *key, const uint8_t *iv, const uint8_t *aad,
                     size_t aad_len, const uint8_t *src, uint8_t *dst, size_t len,
                     uint8_t tag[SL_SRTP_GCM_TAG_LEN])
{
    struct gcm_context_data context;

    if (profile == SL_SRTP_AEAD_AES_256_GCM)
        IMB_AES256_GCM_ENC(mb->mgr, &key->gcm, &context, dst, src, len, iv, aad, aad_len, tag,
                           SL_SRTP_GCM_TAG_LEN);
    else
        IMB_AES128_GCM_ENC(mb->mgr, &key->gcm, &context, dst, src, len, iv, aad, aad_len, tag,
                           SL_SRTP_GCM_TAG_LEN);
}

bool sl_srtp_mb_open(struct sl_srtp_mb *mb, enum sl_srtp_profile profile, const uint8_t *key,
                     const uint8_t *iv, const uint8_t *aad, size_t aad_len, uint8_t *buf,
                     size_t len, const uint8_t tag[SL_SRTP_GCM_TAG_LEN])
{
    struct gcm_context_data context;
    uint8_t expected[SL_SRTP_GCM_TAG_LEN];

    expand_gcm(mb, profile, key, mb->scratch); /* 0.1 us: cheaper than 1 KiB per receiver */
    if (profile == SL_SRTP_AEAD_AES_256_GCM)
        IMB_AES256_GCM_DEC(mb->mgr, mb->scratch, &context, buf, buf, len, iv, aad, aad_len,
                           expected, SL_SRTP_GCM_TAG_LEN);
    else
        IMB_AES128_GCM_DEC(mb->mgr, mb->scratch, &context, buf, buf, len, iv, aad, aad_len,
                           expected, SL_SRTP_GCM_TAG_LEN);
    return CRYPTO_memcmp(expected, tag, SL_SRTP_GCM_TAG_LEN) == 0;
}
