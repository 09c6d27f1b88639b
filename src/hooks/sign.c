/* SPDX-License-Identifier: GPL-3.0-or-later */
/* HMACs of hook bodies, with OpenSSL. */
#include "hooks/sign.h"

#include <errno.h>
#include <inttypes.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdio.h>
#include <string.h>

struct part {
    const void *bytes;
    size_t len;
};

/* out: hexadecimal, lower case, with the NUL. */
static int hmac(const char *digest, const char *key, const struct part *parts, size_t count,
                char *out, size_t out_len)
{
    char name[16];
    unsigned char mac[EVP_MAX_MD_SIZE];
    size_t mac_len = 0;
    OSSL_PARAM params[] = {OSSL_PARAM_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0), OSSL_PARAM_END};
    EVP_MAC *method = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *context = method ? EVP_MAC_CTX_new(method) : NULL;
    int err = -ENOTSUP;

    (void)snprintf(name, sizeof(name), "%s", digest); /* fits; OpenSSL wants it writable */
    if (!context || EVP_MAC_init(context, (const unsigned char *)key, strlen(key), params) != 1)
        goto out;
    for (size_t i = 0; i < count; i++) {
        if (EVP_MAC_update(context, parts[i].bytes, parts[i].len) != 1)
            goto out;
    }
    if (EVP_MAC_final(context, mac, &mac_len, sizeof(mac)) != 1 || 2 * mac_len + 1 != out_len)
        goto out;
    for (size_t i = 0; i < mac_len; i++)
        (void)snprintf(out + 2 * i, 3, "%02x", mac[i]); /* fits */
    err = 0;
out:
    OPENSSL_cleanse(mac, sizeof(mac));
    EVP_MAC_CTX_free(context);
    EVP_MAC_free(method);
    return err;
}

int sl_sign_md5(const char *key, const void *body, size_t len, char out[static SL_SIGN_MD5_LEN])
{
    const struct part part = {body, len};

    return hmac("MD5", key, &part, 1, out, SL_SIGN_MD5_LEN);
}

int sl_sign_sha256(const char *key, int64_t time_s, const void *body, size_t len,
                   char out[static SL_SIGN_SHA256_LEN])
{
    char time[24];
    int time_len = snprintf(time, sizeof(time), "%" PRId64 ".", time_s); /* fits */
    const struct part parts[] = {{time, (size_t)time_len}, {body, len}};

    return hmac("SHA256", key, parts, 2, out, SL_SIGN_SHA256_LEN);
}
