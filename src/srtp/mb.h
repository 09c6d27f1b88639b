/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SRTP on libipsec-mb: packets of many keys in flight at once. One machine per thread. Without the
 * library mb_none.c takes this place: sl_srtp_mb_create() gives NULL and nothing else is
 * called.
 */
#ifndef SL_SRTP_MB_H
#define SL_SRTP_MB_H

#include "srtp/crypto.h"

struct sl_srtp_mb;
struct sl_srtp_mb_key;

/* NULL if not built in, or if the processor lacks AES instructions or if the self-test failed. */
struct sl_srtp_mb *sl_srtp_mb_create(void);
void sl_srtp_mb_destroy(struct sl_srtp_mb *mb);
const char *sl_srtp_mb_name(const struct sl_srtp_mb *mb);

/* A sender's key schedule: 240 bytes for CM, 1 KiB for GCM. The session is copied from. */
struct sl_srtp_mb_key *sl_srtp_mb_key_create(struct sl_srtp_mb *mb, enum sl_srtp_profile profile,
                                             const struct sl_srtp_session *session);
void sl_srtp_mb_key_destroy(struct sl_srtp_mb_key *key, enum sl_srtp_profile profile);

/*
 * CM: encrypts len bytes of payload to behind the header and takes the packet into flight; the
 * tag's tag_len bytes (4 at least) are there when sl_srtp_mb_flush() returns, often earlier.
 * payload and iv are done with on return; key and out are in use until then. Nothing is written
 * beyond the tag.
 */
void sl_srtp_mb_protect(struct sl_srtp_mb *mb, const struct sl_srtp_mb_key *key,
                        const uint8_t iv[SL_SRTP_IV_LEN], uint8_t *out, size_t header_len,
                        const uint8_t *payload, size_t len, uint32_t roc, size_t tag_len);
void sl_srtp_mb_flush(struct sl_srtp_mb *mb);

/* GCM, at once: as sl_srtp_gcm_seal() and sl_srtp_gcm_open(). */
void sl_srtp_mb_seal(struct sl_srtp_mb *mb, enum sl_srtp_profile profile,
                     const struct sl_srtp_mb_key *key, const uint8_t *iv, const uint8_t *aad,
                     size_t aad_len, const uint8_t *src, uint8_t *dst, size_t len,
                     uint8_t tag[SL_SRTP_GCM_TAG_LEN]);
bool sl_srtp_mb_open(struct sl_srtp_mb *mb, enum sl_srtp_profile profile, const uint8_t *key,
                     const uint8_t *iv, const uint8_t *aad, size_t aad_len, uint8_t *buf,
                     size_t len, const uint8_t tag[SL_SRTP_GCM_TAG_LEN]);

#endif
