/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * HMAC-SHA1 (RFC 2104) with the two hash states of a key kept, so that a message costs no key
 * set-up. Plain values: copied freely, nothing to release. Pure, any thread.
 */
#ifndef SL_SRTP_HMAC_SHA1_H
#define SL_SRTP_HMAC_SHA1_H

#include <openssl/sha.h>
#include <stddef.h>
#include <stdint.h>

enum { SL_SHA1_LEN = 20 };

/* SHA-1's five words after the key block xor ipad, and xor opad: also what ipsec-mb wants. */
struct sl_hmac_sha1 {
    uint32_t inner[5], outer[5];
};

void sl_hmac_sha1_init(struct sl_hmac_sha1 *hmac, const void *key, size_t len);

/* One message, in parts: begin, any number of updates, end. */
void sl_hmac_sha1_begin(const struct sl_hmac_sha1 *hmac, SHA_CTX *sha);
void sl_hmac_sha1_update(SHA_CTX *sha, const void *bytes, size_t len);
void sl_hmac_sha1_end(const struct sl_hmac_sha1 *hmac, SHA_CTX *sha, uint8_t out[SL_SHA1_LEN]);

#endif
