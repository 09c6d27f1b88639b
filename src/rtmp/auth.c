/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The dialogue, each line a connection of its own:
 *
 *   connect app                       refused: "code=403 need auth; authmod=adobe"
 *   connect app?authmod=adobe&user=U  refused: "authmod=adobe] : ?reason=needauth&user=U&salt=S&
 *                                               challenge=C&opaque=O"
 *   connect app?authmod=adobe&user=U&challenge=CC&response=R&opaque=O    accepted
 */
#include "rtmp/auth.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/random.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <openssl/evp.h>

enum { MD5_LEN = 16, PARAMETER_MAX = 256, PARTS_MAX = 12 };

/* MD5 of all parts in a row, up to NULL. */
static void md5(const char *const *parts, uint8_t out[static MD5_LEN])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();

    memset(out, 0, MD5_LEN);
    /* OpenSSL has no MD5 under FIPS rules: the server then refuses a wrong response. */
    if (context && EVP_DigestInit_ex(context, EVP_md5(), NULL) == 1) {
        for (; *parts; parts++)
            (void)EVP_DigestUpdate(context, *parts, strlen(*parts));
        (void)EVP_DigestFinal_ex(context, out, NULL);
    }
    EVP_MD_CTX_free(context);
}

static void md5_base64(const char *const *parts, char out[static 32])
{
    uint8_t digest[MD5_LEN];

    md5(parts, digest);
    (void)EVP_EncodeBlock((uint8_t *)out, digest, MD5_LEN); /* 24 characters and a NUL */
}

static void md5_hex(const char *const *parts, char out[static 33])
{
    uint8_t digest[MD5_LEN];

    md5(parts, digest);
    for (size_t i = 0; i < MD5_LEN; i++)
        (void)snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

void sl_rtmp_auth_adobe(const struct sl_rtmp_credentials *credentials, const char *salt,
                        const char *opaque, const char *challenge, const char *client, char out[32])
{
    char inner[32];

    md5_base64((const char *const[]){credentials->user, salt, credentials->password, NULL}, inner);
    md5_base64((const char *const[]){inner, opaque[0] ? opaque : challenge, client, NULL}, out);
}

/* A digest as in RFC 2617 section 3.2.2.1 with fixed realm, method and count. */
void sl_rtmp_auth_llnw(const struct sl_rtmp_credentials *credentials, const char *nonce,
                       const char *client, char out[static 33])
{
    const char *instance = strchr(credentials->app, '/') ? "" : "/_definst_";
    char a1[33], a2[33];

    md5_hex((const char *const[]){credentials->user, ":live:", credentials->password, NULL}, a1);
    md5_hex((const char *const[]){"publish:/", credentials->app, instance, NULL}, a2);
    md5_hex((const char *const[]){a1, ":", nonce, ":00000001:", client, ":auth:", a2, NULL}, out);
}

/* The value of &name=... in a refusal's query; "" if it has none. */
static void find_parameter(const char *query, const char *name, char out[static PARAMETER_MAX])
{
    size_t name_len = strlen(name);

    out[0] = '\0';
    for (const char *at = query; *at;) {
        size_t len = strcspn(at, "&");
        if (len > name_len && strncmp(at, name, name_len) == 0 && at[name_len] == '=') {
            size_t value_len = len - name_len - 1;
            if (value_len >= PARAMETER_MAX)
                value_len = PARAMETER_MAX - 1;
            memcpy(out, at + name_len + 1, value_len);
            out[value_len] = '\0';
            out[strcspn(out, " ]")] = '\0';
            return;
        }
        at += len + (at[len] == '&');
    }
}

static int answer_adobe(const struct sl_rtmp_credentials *credentials, const char *asked,
                        char *query)
{
    char salt[PARAMETER_MAX], challenge[PARAMETER_MAX], opaque[PARAMETER_MAX];
    char client[9], response[32];

    find_parameter(asked, "salt", salt);
    find_parameter(asked, "challenge", challenge);
    find_parameter(asked, "opaque", opaque);
    (void)snprintf(client, sizeof(client), "%08x", sl_random_u32());
    sl_rtmp_auth_adobe(credentials, salt, opaque, challenge, client, response);
    return snprintf(query, SL_RTMP_AUTH_QUERY_MAX,
                    "?authmod=adobe&user=%s&challenge=%s&response=%s%s%s", credentials->user,
                    client, response, opaque[0] ? "&opaque=" : "", opaque);
}

static int answer_llnw(const struct sl_rtmp_credentials *credentials, const char *asked,
                       char *query)
{
    char nonce[PARAMETER_MAX], client[9], response[33];

    find_parameter(asked, "nonce", nonce);
    (void)snprintf(client, sizeof(client), "%08x", sl_random_u32());
    sl_rtmp_auth_llnw(credentials, nonce, client, response);
    return snprintf(query, SL_RTMP_AUTH_QUERY_MAX,
                    "?authmod=llnw&user=%s&nonce=%s&cnonce=%s&nc=00000001&response=%s",
                    credentials->user, nonce, client, response);
}

int sl_rtmp_auth_answer(const struct sl_rtmp_credentials *credentials, const char *description,
                        char query[static SL_RTMP_AUTH_QUERY_MAX], struct sl_error *error)
{
    bool adobe = strstr(description, "authmod=adobe"), llnw = strstr(description, "authmod=llnw");
    bool answered = strstr(query, "&response=");
    const char *asked = strstr(description, "?reason=needauth");
    int len;

    if (!adobe && !llnw)
        return sl_error_set(error, -EACCES, "the server refused the connection: %.150s",
                            description);
    if (credentials->user[0] == '\0')
        return sl_error_set(error, -EACCES, "the server wants a user and a password");
    if (answered || (!asked && query[0] != '\0'))
        return sl_error_set(error, -EACCES, "the server refused the user or the password");
    if (!asked)
        len = snprintf(query, SL_RTMP_AUTH_QUERY_MAX, "?authmod=%s&user=%s",
                       adobe ? "adobe" : "llnw", credentials->user);
    else if (adobe)
        len = answer_adobe(credentials, asked, query);
    else
        len = answer_llnw(credentials, asked, query);
    if (len < 0 || len >= SL_RTMP_AUTH_QUERY_MAX)
        return sl_error_set(error, -EACCES, "the server's challenge is too long");
    return 0;
}
