/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Digest challenges and answers. */
#include "sip/digest.h"

#include "base/mem.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { HEX_MAX = 2 * 32 + 1 };

static const struct algorithm {
    const char *name; /* as it goes into the answer */
    const char *hash; /* OpenSSL's name */
    bool session;
} algorithms[] = {
    [SL_DIGEST_MD5] = {"MD5", "MD5", false},
    [SL_DIGEST_MD5_SESS] = {"MD5-sess", "MD5", true},
    [SL_DIGEST_SHA256] = {"SHA-256", "SHA256", false},
    [SL_DIGEST_SHA256_SESS] = {"SHA-256-sess", "SHA256", true},
    [SL_DIGEST_SHA512_256] = {"SHA-512-256", "SHA512-256", false},
    [SL_DIGEST_SHA512_256_SESS] = {"SHA-512-256-sess", "SHA512-256", true},
};

/* ---- Challenges ---- */

struct text {
    const char *at, *end;
};

static void skip_blanks(struct text *text)
{
    while (text->at < text->end && strchr(" \t\r\n", *text->at))
        text->at++;
}

static bool is_token_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("-.!%*_+`'~/", c));
}

static struct text take_token(struct text *text)
{
    struct text token = {text->at, text->at};

    while (text->at < text->end && is_token_char(*text->at))
        text->at++;
    token.end = text->at;
    return token;
}

/* What is between the quotes, escapes and all. False: there is no closing one. */
static bool take_quoted(struct text *text, struct text *out)
{
    out->at = ++text->at;
    while (text->at < text->end && *text->at != '"') {
        if (*text->at == '\\')
            text->at++;
        if (text->at < text->end)
            text->at++;
    }
    out->end = text->at;
    if (text->at >= text->end)
        return false;
    text->at++;
    return true;
}

static bool equals(const struct text *text, const char *word)
{
    size_t len = (size_t)(text->end - text->at);

    return len == strlen(word) && strncasecmp(text->at, word, len) == 0;
}

static bool copy(const struct text *text, char *out, size_t size)
{
    size_t len = (size_t)(text->end - text->at);

    if (len >= size || memchr(text->at, '\0', len) || memchr(text->at, '\r', len) ||
        memchr(text->at, '\n', len))
        return false;
    memcpy(out, text->at, len);
    out[len] = '\0';
    return true;
}

static int read_algorithm(const struct text *value, enum sl_digest_algorithm *out)
{
    for (size_t i = 0; i < SL_ARRAY_LEN(algorithms); i++) {
        if (equals(value, algorithms[i].name)) {
            *out = (enum sl_digest_algorithm)i;
            return 0;
        }
    }
    return -ENOTSUP;
}

static bool lists_auth(struct text value)
{
    while (value.at < value.end) {
        struct text word;
        while (value.at < value.end && !is_token_char(*value.at))
            value.at++;
        word = take_token(&value);
        if (equals(&word, "auth"))
            return true;
    }
    return false;
}

static int take_param(const struct text *name, const struct text *value,
                      struct sl_digest_challenge *out)
{
    bool good = true;

    if (equals(name, "algorithm"))
        return read_algorithm(value, &out->algorithm);
    if (equals(name, "qop")) {
        out->qop_auth = lists_auth(*value);
        return out->qop_auth ? 0 : -ENOTSUP; /* auth-int alone */
    }
    if (equals(name, "realm"))
        good = copy(value, out->realm, sizeof(out->realm));
    else if (equals(name, "nonce"))
        good = copy(value, out->nonce, sizeof(out->nonce)) && out->nonce[0] != '\0';
    else if (equals(name, "opaque"))
        good = out->has_opaque = copy(value, out->opaque, sizeof(out->opaque));
    else if (equals(name, "stale"))
        out->stale = equals(value, "true");
    return good ? 0 : -EBADMSG;
}

static int read_params(struct text *text, struct sl_digest_challenge *out)
{
    int result = 0; /* what we cannot do is told only if the rest can be read */

    for (;;) {
        skip_blanks(text);
        struct text name = take_token(text), value;
        skip_blanks(text);
        if (name.at == name.end || text->at >= text->end || *text->at != '=')
            return -EBADMSG;
        text->at++;
        skip_blanks(text);
        if (text->at < text->end && *text->at == '"') {
            if (!take_quoted(text, &value))
                return -EBADMSG;
        } else {
            value = take_token(text);
        }
        int err = take_param(&name, &value, out);
        if (err == -EBADMSG)
            return err;
        if (err < 0)
            result = err;
        skip_blanks(text);
        if (text->at >= text->end)
            return result;
        if (*text->at++ != ',')
            return -EBADMSG;
    }
}

int sl_digest_parse(const char *text, size_t len, struct sl_digest_challenge *out)
{
    struct text rest = {text, text + len};
    struct sl_digest_challenge challenge = {.algorithm = SL_DIGEST_MD5};

    skip_blanks(&rest);
    struct text scheme = take_token(&rest);
    if (!equals(&scheme, "Digest"))
        return -ENOTSUP;
    int err = read_params(&rest, &challenge);
    if (err == 0 && challenge.nonce[0] == '\0')
        err = -EBADMSG;
    if (err == 0)
        *out = challenge;
    return err;
}

/* ---- Answers ---- */

/* The hash of what the texts are, up to a NULL, joined by colons. */
static bool hash(const struct algorithm *algorithm, char out[static HEX_MAX], ...)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int len = 0;
    EVP_MD *md = EVP_MD_fetch(NULL, algorithm->hash, NULL);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = md && context && EVP_DigestInit_ex2(context, md, NULL) == 1;
    va_list args;

    va_start(args, out);
    const char *text = va_arg(args, const char *);
    for (bool first = true; good && text; first = false, text = va_arg(args, const char *)) {
        if (!first)
            good = EVP_DigestUpdate(context, ":", 1) == 1;
        good = good && EVP_DigestUpdate(context, text, strlen(text)) == 1;
    }
    va_end(args);
    good = good && EVP_DigestFinal_ex(context, digest, &len) == 1 && 2 * len < HEX_MAX;
    for (unsigned int i = 0; good && i < len; i++)
        (void)snprintf(out + 2 * i, 3, "%02x", digest[i]);
    EVP_MD_CTX_free(context);
    EVP_MD_free(md);
    return good;
}

/* RFC 7616 section 3.4. */
static bool respond(const struct sl_digest_challenge *challenge,
                    const struct sl_digest_request *request, const char *nc,
                    char out[static HEX_MAX])
{
    const struct algorithm *algorithm = &algorithms[challenge->algorithm];
    char secret[HEX_MAX], session[HEX_MAX], what[HEX_MAX];
    const char *ha1 = secret;

    if (!hash(algorithm, secret, request->username, challenge->realm, request->password, NULL) ||
        !hash(algorithm, what, request->method, request->uri, NULL))
        return false;
    if (algorithm->session) {
        if (!hash(algorithm, session, secret, challenge->nonce, request->cnonce, NULL))
            return false;
        ha1 = session;
    }
    if (challenge->qop_auth)
        return hash(algorithm, out, ha1, challenge->nonce, nc, request->cnonce, "auth", what, NULL);
    return hash(algorithm, out, ha1, challenge->nonce, what, NULL);
}

int sl_digest_answer(const struct sl_digest_challenge *challenge,
                     const struct sl_digest_request *request, char out[static SL_DIGEST_ANSWER_MAX])
{
    const struct algorithm *algorithm = &algorithms[challenge->algorithm];
    char response[HEX_MAX], nc[9];

    if (strpbrk(request->username, "\"\\\r\n") || strpbrk(request->uri, "\"\\\r\n"))
        return -EINVAL;
    (void)snprintf(nc, sizeof(nc), "%08x", request->nc);
    if (!respond(challenge, request, nc, response))
        return -ENOTSUP;
    int len = snprintf(out, SL_DIGEST_ANSWER_MAX,
                       "Digest username=\"%s\", realm=\"%s\", nonce=\"%s\", uri=\"%s\", "
                       "response=\"%s\", algorithm=%s",
                       request->username, challenge->realm, challenge->nonce, request->uri,
                       response, algorithm->name);
    if (len < SL_DIGEST_ANSWER_MAX && challenge->has_opaque)
        len += snprintf(out + len, (size_t)(SL_DIGEST_ANSWER_MAX - len), ", opaque=\"%s\"",
                        challenge->opaque);
    if (len < SL_DIGEST_ANSWER_MAX && (challenge->qop_auth || algorithm->session))
        len += snprintf(out + len, (size_t)(SL_DIGEST_ANSWER_MAX - len), ", cnonce=\"%s\"",
                        request->cnonce);
    if (len < SL_DIGEST_ANSWER_MAX && challenge->qop_auth)
        len += snprintf(out + len, (size_t)(SL_DIGEST_ANSWER_MAX - len), ", qop=auth, nc=%s", nc);
    return len < SL_DIGEST_ANSWER_MAX ? len : -ENOBUFS;
}
