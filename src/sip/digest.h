/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Digest authentication as a client (RFC 7616, RFC 8760): challenges read, answers made. Pure. */
#ifndef SL_SIP_DIGEST_H
#define SL_SIP_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sl_digest_algorithm {
    SL_DIGEST_MD5,
    SL_DIGEST_MD5_SESS,
    SL_DIGEST_SHA256,
    SL_DIGEST_SHA256_SESS,
    SL_DIGEST_SHA512_256,
    SL_DIGEST_SHA512_256_SESS,
};

enum { SL_DIGEST_REALM_MAX = 255, SL_DIGEST_NONCE_MAX = 511, SL_DIGEST_OPAQUE_MAX = 255 };

struct sl_digest_challenge {
    enum sl_digest_algorithm algorithm;
    char realm[SL_DIGEST_REALM_MAX + 1]; /* as quoted: escapes stay, and go back as they came */
    char nonce[SL_DIGEST_NONCE_MAX + 1];
    bool has_opaque;
    char opaque[SL_DIGEST_OPAQUE_MAX + 1];
    bool qop_auth; /* of RFC 7616; false: of RFC 2069, without counts */
    bool stale;
};

/* The value of one WWW-Authenticate or Proxy-Authenticate. Returns 0; -ENOTSUP: a scheme,
 * algorithm or qop that we have not; -EBADMSG. *out changes on success only. */
int sl_digest_parse(const char *text, size_t len, struct sl_digest_challenge *out);

struct sl_digest_request {
    const char *username, *password;
    const char *method, *uri;
    const char *cnonce; /* fresh, of characters that need no escape */
    uint32_t nc;        /* of this nonce, from 1 */
};

enum { SL_DIGEST_ANSWER_MAX = 2048 };
/* The value of Authorization or Proxy-Authorization. Returns its length; -ENOTSUP: OpenSSL has not
 * that hash here (FIPS); -ENOBUFS: longer than SL_DIGEST_ANSWER_MAX; -EINVAL: a user name or URI
 * that cannot be quoted. */
int sl_digest_answer(const struct sl_digest_challenge *challenge,
                     const struct sl_digest_request *request,
                     char out[static SL_DIGEST_ANSWER_MAX]);

#endif
