/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fingerprints: what a description says of a certificate (RFC 8122 section 5). Pure, any thread. */
#ifndef SL_NET_FINGERPRINT_H
#define SL_NET_FINGERPRINT_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SL_FINGERPRINT_LEN_MAX = 64, SL_FINGERPRINT_TEXT_MAX = 3 * SL_FINGERPRINT_LEN_MAX };

struct sl_fingerprint {
    uint8_t len; /* tells the hash: 20 SHA-1, 32 SHA-256, 48 SHA-384, 64 SHA-512 */
    uint8_t bytes[SL_FINGERPRINT_LEN_MAX]; /* zeros behind */
};

/* hash "sha-256", digest "AB:cd:...", each in either case. -EINVAL: another hash, or not what it
 * makes; *out is then unchanged. */
int sl_fingerprint_parse(const char *hash, const char *digest, struct sl_fingerprint *out);
/* By SHA-256. False: OpenSSL cannot. */
bool sl_fingerprint_make(const X509 *cert, struct sl_fingerprint *out);
/* It is this certificate's. */
bool sl_fingerprint_fits(const struct sl_fingerprint *fingerprint, const X509 *cert);
/* "AB:CD:..." */
const char *sl_fingerprint_format(const struct sl_fingerprint *fingerprint,
                                  char out[SL_FINGERPRINT_TEXT_MAX]);

#endif
