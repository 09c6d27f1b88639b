/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The place of srtp_mb.c where there is no libipsec-mb: creation gives NULL, the rest is
 * unreachable. */
#include "srtp/mb.h"

#include <stdlib.h>

struct sl_srtp_mb *sl_srtp_mb_create(void)
{
    return NULL;
}

void sl_srtp_mb_destroy(struct sl_srtp_mb *mb)
{
    (void)mb;
}

const char *sl_srtp_mb_name(const struct sl_srtp_mb *mb)
{
    (void)mb;
    abort();
}

struct sl_srtp_mb_key *sl_srtp_mb_key_create(struct sl_srtp_mb *mb, enum sl_srtp_profile profile,
                                             const struct sl_srtp_session *session)
{
    (void)mb, (void)profile, (void)session;
    abort();
}

void sl_srtp_mb_key_destroy(struct sl_srtp_mb_key *key, enum sl_srtp_profile profile)
{
    (void)key, (void)profile;
}

void sl_srtp_mb_protect(struct sl_srtp_mb *mb, const struct sl_srtp_mb_key *key,
                        const uint8_t iv[SL_SRTP_IV_LEN], uint8_t *out, size_t header_len,
                        const uint8_t *payload, size_t len, uint32_t roc, size_t tag_len)
{
    (void)mb, (void)key, (void)iv, (void)out, (void)header_len, (void)payload, (void)len, (void)roc;
    (void)tag_len;
    abort();
}

void sl_srtp_mb_flush(struct sl_srtp_mb *mb)
{
    (void)mb;
    abort();
}

void sl_srtp_mb_seal(struct sl_srtp_mb *mb, enum sl_srtp_profile profile,
                     const struct sl_srtp_mb_key *key, const uint8_t *iv, const uint8_t *aad,
                     size_t aad_len, const uint8_t *src, uint8_t *dst, size_t len,
                     uint8_t tag[SL_SRTP_GCM_TAG_LEN])
{
    (void)mb, (void)key, (void)iv, (void)aad, (void)aad_len, (void)src, (void)dst, (void)len;
    (void)profile, (void)tag;
    abort();
}

bool sl_srtp_mb_open(struct sl_srtp_mb *mb, enum sl_srtp_profile profile, const uint8_t *key,
                     const uint8_t *iv, const uint8_t *aad, size_t aad_len, uint8_t *buf,
                     size_t len, const uint8_t tag[SL_SRTP_GCM_TAG_LEN])
{
    (void)mb, (void)profile, (void)key, (void)iv, (void)aad, (void)aad_len, (void)buf, (void)len;
    (void)tag;
    abort();
}
