/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Signatures of hooks (rest-hooks.md section 2, HOOK-30). Pure; threads: any. */
#ifndef SL_HOOKS_SIGN_H
#define SL_HOOKS_SIGN_H

#include <stddef.h>
#include <stdint.h>

enum { SL_SIGN_MD5_LEN = 33, SL_SIGN_SHA256_LEN = 65 }; /* hexadecimal, with the NUL */

/* HMAC-MD5 of body, lower case. -ENOTSUP: this OpenSSL has no MD5 (FIPS). */
int sl_sign_md5(const char *key, const void *body, size_t len, char out[static SL_SIGN_MD5_LEN]);
/* HMAC-SHA256 of `<time_s>.<body>`: the time makes an old hook worthless to whoever recorded it. */
int sl_sign_sha256(const char *key, int64_t time_s, const void *body, size_t len,
                   char out[static SL_SIGN_SHA256_LEN]);

#endif
