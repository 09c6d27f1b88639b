/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a description says of a certificate. */
#include "net/fingerprint.h"

#include "base/mem.h"

#include <ctype.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct {
    const char *name;
    uint8_t len;
    const EVP_MD *(*md)(void);
} hashes[] = {
    {"sha-256", 32, EVP_sha256},
    {"sha-384", 48, EVP_sha384},
    {"sha-512", 64, EVP_sha512},
    {"sha-1", 20, EVP_sha1},
};

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = c ? strchr(digits, tolower((unsigned char)c)) : NULL;

    return found ? (int)(found - digits) : -1;
}

/* Pairs with colons between, as many as there are bytes. */
static int parse_digest(const char *text, struct sl_fingerprint *out)
{
    for (size_t i = 0; i < out->len; i++, text += 3) {
        int high = hex_digit(text[0]);
        int low = high < 0 ? -1 : hex_digit(text[1]);

        if (low < 0 || text[2] != (i + 1 < out->len ? ':' : '\0'))
            return -EINVAL;
        out->bytes[i] = (uint8_t)(high << 4 | low);
    }
    return 0;
}

int sl_fingerprint_parse(const char *hash, const char *digest, struct sl_fingerprint *out)
{
    struct sl_fingerprint found = {.len = 0};

    for (size_t i = 0; i < SL_ARRAY_LEN(hashes); i++) {
        if (strcasecmp(hash, hashes[i].name) == 0)
            found.len = hashes[i].len;
    }
    if (found.len == 0 || parse_digest(digest, &found) < 0)
        return -EINVAL;
    *out = found;
    return 0;
}

static bool digest(const X509 *cert, uint8_t len, uint8_t out[EVP_MAX_MD_SIZE])
{
    unsigned got = 0;

    for (size_t i = 0; i < SL_ARRAY_LEN(hashes); i++) {
        if (hashes[i].len == len)
            return X509_digest(cert, hashes[i].md(), out, &got) == 1 && got == len;
    }
    return false;
}

bool sl_fingerprint_make(const X509 *cert, struct sl_fingerprint *out)
{
    struct sl_fingerprint made = {.len = 32};

    if (!digest(cert, made.len, made.bytes))
        return false;
    *out = made;
    return true;
}

bool sl_fingerprint_fits(const struct sl_fingerprint *fingerprint, const X509 *cert)
{
    uint8_t bytes[EVP_MAX_MD_SIZE];

    return digest(cert, fingerprint->len, bytes) &&
           CRYPTO_memcmp(bytes, fingerprint->bytes, fingerprint->len) == 0;
}

const char *sl_fingerprint_format(const struct sl_fingerprint *fingerprint,
                                  char out[SL_FINGERPRINT_TEXT_MAX])
{
    out[0] = '\0';
    for (size_t i = 0; i < fingerprint->len; i++)
        (void)snprintf(out + 3 * i, 4, i + 1 < fingerprint->len ? "%02X:" : "%02X",
                       fingerprint->bytes[i]);
    return out;
}
