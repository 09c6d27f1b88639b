/* SPDX-License-Identifier: GPL-3.0-or-later */
/* redis://[[USER]:PASSWORD@]HOST[:PORT][/DB] into fields. */
#include "cluster/url.h"

#include "base/addr.h"
#include "base/error.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { REDIS_PORT = 6379, DB_MAX = 65535, PORT_MAX = 65535 };

#define SCHEME "redis://"

struct span {
    const char *at;
    size_t len;
};

static struct span span_between(const char *from, const char *to)
{
    return (struct span){from, (size_t)(to - from)};
}

__attribute__((format(printf, 2, 3))) static int refuse(struct sl_error *error, const char *why,
                                                        ...)
{
    char words[160];
    va_list args;

    va_start(args, why);
    (void)vsnprintf(words, sizeof(words), why, args); /* cut is fine */
    va_end(args);
    return sl_error_set(error, -EINVAL, "cluster_registry: %s", words);
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Strict, other than push's: whoever writes a '%' without encoding it is told, not misread. */
static int decode(struct span from, char *out, size_t out_len, const char *what,
                  struct sl_error *error)
{
    size_t len = 0;

    for (size_t i = 0; i < from.len; i++) {
        char c = from.at[i];
        if (c == '%') {
            int high = from.len - i > 2 ? hex_value(from.at[i + 1]) : -1;
            int low = high >= 0 ? hex_value(from.at[i + 2]) : -1;
            if (low < 0)
                return refuse(error, "a '%%' in the %s is to be written %%25", what);
            c = (char)(high << 4 | low);
            i += 2;
        }
        if ((unsigned char)c < 0x20 || c == 0x7f)
            return refuse(error, "control characters in the %s", what);
        if (len + 1 >= out_len)
            return refuse(error, "the %s is too long", what);
        out[len++] = c;
    }
    out[len] = '\0';
    return 0;
}

static int take_credentials(struct span from, struct sl_redis_url *out, struct sl_error *error)
{
    const char *colon = memchr(from.at, ':', from.len);

    if (!colon)
        return refuse(error, "before the '@' there must be USER:PASSWORD or :PASSWORD");
    int err =
        decode(span_between(from.at, colon), out->user, sizeof(out->user), "user name", error);
    if (err == 0)
        err = decode(span_between(colon + 1, from.at + from.len), out->password,
                     sizeof(out->password), "password", error);
    if (err == 0 && out->password[0] == '\0')
        err = refuse(error, "the password is empty");
    return err;
}

/* Digits only, 0..max. */
static int take_number(struct span from, unsigned max, unsigned *out)
{
    unsigned value = 0;

    if (from.len == 0 || from.len > 5)
        return -EINVAL;
    for (size_t i = 0; i < from.len; i++) {
        if (!isdigit((unsigned char)from.at[i]))
            return -EINVAL;
        value = value * 10 + (unsigned)(from.at[i] - '0');
    }
    if (value > max)
        return -EINVAL;
    *out = value;
    return 0;
}

static int take_host(struct span host, bool is_ipv6, struct sl_redis_url *out,
                     struct sl_error *error)
{
    struct sl_addr addr;

    if (host.len == 0 || host.len >= sizeof(out->host))
        return refuse(error, "no host, or one too long");
    memcpy(out->host, host.at, host.len);
    out->host[host.len] = '\0';
    if (is_ipv6) {
        if (!memchr(host.at, ':', host.len) || sl_addr_parse_ip(out->host, 0, &addr) < 0)
            return refuse(error, "no IPv6 address in the brackets");
        return 0;
    }
    for (const char *c = out->host; *c; c++) {
        if (!isalnum((unsigned char)*c) && !strchr("-._", *c))
            return refuse(error, "a character in the host that no host name has");
    }
    return 0;
}

static int take_host_and_port(struct span from, struct sl_redis_url *out, struct sl_error *error)
{
    const char *end = from.at + from.len, *colon;
    bool is_ipv6 = from.len > 0 && from.at[0] == '[';
    struct span host;
    unsigned port = REDIS_PORT;

    if (is_ipv6) {
        const char *close = memchr(from.at, ']', from.len);
        if (!close || (close + 1 < end && close[1] != ':'))
            return refuse(error, "the IPv6 address does not end in ']'");
        host = span_between(from.at + 1, close);
        colon = close + 1 < end ? close + 1 : NULL;
    } else {
        colon = memchr(from.at, ':', from.len);
        host = span_between(from.at, colon ? colon : end);
    }
    if (colon && (take_number(span_between(colon + 1, end), PORT_MAX, &port) < 0 || port == 0))
        return refuse(error, "the port is no number of 1 to %d", PORT_MAX);
    out->port = (uint16_t)port;
    return take_host(host, is_ipv6, out, error);
}

int sl_redis_url_parse(const char *text, struct sl_redis_url *out, struct sl_error *error)
{
    struct sl_redis_url url = {.db = 0};
    unsigned db = 0;
    int err = 0;

    if (strncasecmp(text, SCHEME, strlen(SCHEME)) != 0)
        return refuse(error, "must begin with " SCHEME);
    text += strlen(SCHEME);
    struct span authority = {text, strcspn(text, "/?#")};
    const char *path = text + authority.len;
    /* The last '@': people do not always encode those in passwords. */
    const char *at = authority.len > 0 ? memrchr(authority.at, '@', authority.len) : NULL;
    if (at) {
        err = take_credentials(span_between(authority.at, at), &url, error);
        authority = span_between(at + 1, path);
    }
    if (err == 0)
        err = take_host_and_port(authority, &url, error);
    if (err < 0)
        return err;
    if (*path != '\0' && strcmp(path, "/") != 0 &&
        (*path != '/' || take_number((struct span){path + 1, strlen(path + 1)}, DB_MAX, &db) < 0))
        return refuse(error, "after the host only /DB may follow, a number of 0 to %d", DB_MAX);
    url.db = (uint16_t)db;
    *out = url;
    return 0;
}
