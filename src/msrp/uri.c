/* SPDX-License-Identifier: GPL-3.0-or-later */
/* MSRP URIs. */
#include "msrp/uri.h"

#include "base/addr.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool all_of(struct sl_text_part part, const char *others)
{
    for (size_t i = 0; i < part.len; i++) {
        if (!is_alnum(part.at[i]) && (part.at[i] == '\0' || !strchr(others, part.at[i])))
            return false;
    }
    return true;
}

/* Up to the first of these characters, or all that is left; moves on. */
static struct sl_text_part take_until(struct sl_text_part *rest, const char *ends)
{
    struct sl_text_part part = {rest->at, 0};

    while (part.len < rest->len && (part.at[part.len] == '\0' || !strchr(ends, part.at[part.len])))
        part.len++;
    rest->at += part.len;
    rest->len -= part.len;
    return part;
}

static bool skip(struct sl_text_part *rest, const char *text)
{
    size_t len = strlen(text);

    if (rest->len < len || strncasecmp(rest->at, text, len) != 0)
        return false;
    rest->at += len;
    rest->len -= len;
    return true;
}

static int read_host(struct sl_text_part *rest, struct sl_text_part *host)
{
    char text[SL_ADDR_TEXT_MAX];
    struct sl_addr addr;

    if (!skip(rest, "[")) {
        *host = take_until(rest, ":/;");
        return host->len > 0 && all_of(*host, ".-") ? 0 : -EBADMSG;
    }
    *host = take_until(rest, "]");
    if (host->len >= sizeof(text) || !skip(rest, "]"))
        return -EBADMSG;
    memcpy(text, host->at, host->len);
    text[host->len] = '\0';
    return sl_addr_parse_ip(text, 0, &addr) == 0 ? 0 : -EBADMSG;
}

static int read_port(struct sl_text_part *rest, uint16_t *port)
{
    uint32_t value = 0;

    *port = SL_MSRP_PORT;
    if (!skip(rest, ":"))
        return 0;
    struct sl_text_part digits = take_until(rest, "/;");
    if (digits.len == 0 || digits.len > 5)
        return -EBADMSG;
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.at[i] < '0' || digits.at[i] > '9')
            return -EBADMSG;
        value = value * 10 + (uint32_t)(digits.at[i] - '0');
    }
    if (value == 0 || value > UINT16_MAX)
        return -EBADMSG;
    *port = (uint16_t)value;
    return 0;
}

/* ";tcp", and perhaps parameters that mean nothing here. */
static int read_transport(struct sl_text_part *rest)
{
    if (!skip(rest, ";"))
        return -EBADMSG;
    struct sl_text_part transport = take_until(rest, ";");
    if (transport.len == 0 || !all_of(transport, "-._~"))
        return -EBADMSG;
    if (transport.len != 3 || strncasecmp(transport.at, "tcp", 3) != 0)
        return -ENOTSUP;
    return all_of(*rest, ";=-._~!$&'()*+,%:") ? 0 : -EBADMSG;
}

int sl_msrp_uri_parse(struct sl_text_part text, struct sl_msrp_uri *out)
{
    struct sl_text_part rest = text;
    struct sl_msrp_uri uri = {.secure = false};

    if (text.len >= SL_MSRP_URI_MAX)
        return -EBADMSG;
    if (skip(&rest, "msrps://"))
        uri.secure = true;
    else if (!skip(&rest, "msrp://"))
        return -EBADMSG;
    const char *at = memchr(rest.at, '@', rest.len);
    if (at) { /* who it is said to be: nobody is asked */
        struct sl_text_part user = {rest.at, (size_t)(at - rest.at)};
        if (!all_of(user, "-_.!~*'()%;:&=+$,"))
            return -EBADMSG;
        rest = (struct sl_text_part){at + 1, rest.len - user.len - 1};
    }
    int err = read_host(&rest, &uri.host);
    if (err == 0)
        err = read_port(&rest, &uri.port);
    if (err == 0 && skip(&rest, "/"))
        uri.session = take_until(&rest, ";");
    if (err == 0 && !all_of(uri.session, "-._~+=/"))
        err = -EBADMSG;
    if (err == 0)
        err = read_transport(&rest);
    if (err == 0)
        *out = uri;
    return err;
}

static bool same(struct sl_text_part a, struct sl_text_part b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

bool sl_msrp_uri_same(struct sl_text_part a, struct sl_text_part b)
{
    struct sl_msrp_uri one, other;

    if (sl_msrp_uri_parse(a, &one) < 0 || sl_msrp_uri_parse(b, &other) < 0)
        return false;
    return one.secure == other.secure && one.port == other.port && one.host.len == other.host.len &&
           strncasecmp(one.host.at, other.host.at, one.host.len) == 0 &&
           same(one.session, other.session);
}

struct sl_text_part sl_msrp_path_first(struct sl_text_part path)
{
    return take_until(&path, " ");
}

struct sl_text_part sl_msrp_path_last(struct sl_text_part path)
{
    size_t at = path.len;

    while (at > 0 && path.at[at - 1] != ' ')
        at--;
    return (struct sl_text_part){path.at + at, path.len - at};
}

int sl_msrp_path_host(struct sl_text_part path, char host[SL_MSRP_URI_MAX], uint16_t *port)
{
    struct sl_msrp_uri uri;
    int err = sl_msrp_uri_parse(sl_msrp_path_first(path), &uri);

    if (err < 0)
        return err;
    memcpy(host, uri.host.at, uri.host.len);
    host[uri.host.len] = '\0';
    *port = uri.port;
    return 0;
}
