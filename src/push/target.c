/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where a push goes: an RTMP URL, taken apart by the rules of rest-api.md 5.5. */
#include "base/addr.h"
#include "base/error.h"
#include "net/net.h"
#include "push/push.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

enum { RTMP_PORT = 1935, RTMPS_PORT = 443 };

struct span {
    const char *at;
    size_t len;
};

/* The URL's parts as they stand there. */
struct parts {
    bool tls;
    struct span user, password; /* len 0: none */
    bool has_password;
    struct span host, port; /* host without brackets */
    bool is_ipv6;
    struct span path;  /* after the first '/' */
    struct span query; /* from '?' on */
};

static bool has_control(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return true;
    }
    return false;
}

static struct span span_between(const char *from, const char *to)
{
    return (struct span){from, (size_t)(to - from)};
}

static const char *find_last(struct span in, char c)
{
    return in.len > 0 ? memrchr(in.at, c, in.len) : NULL;
}

/* ---- Taking apart ---- */

static int split_scheme(const char **at, bool *tls, struct sl_error *error)
{
    const char *after = sl_reach_after_scheme(SL_REACH_RTMP, *at, tls);

    if (after) {
        *at = after;
        return 0;
    }
    return sl_error_set(error, -EINVAL, "rtmpUrl: must begin with rtmp:// or rtmps://");
}

/* user[:password]@: up to the last '@', because people do not escape those in passwords. */
static struct span split_credentials(struct span authority, struct parts *out)
{
    const char *at = find_last(authority, '@');

    if (!at)
        return authority;
    struct span credentials = span_between(authority.at, at);
    const char *colon = memchr(credentials.at, ':', credentials.len);
    out->user = colon ? span_between(credentials.at, colon) : credentials;
    out->has_password = colon != NULL;
    if (colon)
        out->password = span_between(colon + 1, at);
    return span_between(at + 1, authority.at + authority.len);
}

static int split_host(struct span from, struct parts *out, struct sl_error *error)
{
    const char *end = from.at + from.len, *colon;

    if (from.len > 0 && from.at[0] == '[') {
        const char *close = memchr(from.at, ']', from.len);
        if (!close || (close + 1 < end && close[1] != ':'))
            return sl_error_set(error, -EINVAL, "rtmpUrl: the IPv6 address does not end in ']'");
        out->is_ipv6 = true;
        out->host = span_between(from.at + 1, close);
        colon = close + 1 < end ? close + 1 : NULL;
    } else {
        colon = memchr(from.at, ':', from.len);
        out->host = span_between(from.at, colon ? colon : end);
    }
    if (colon)
        out->port = span_between(colon + 1, end);
    return 0;
}

static int split(const char *url, struct parts *out, struct sl_error *error)
{
    const char *at = url;
    int err = split_scheme(&at, &out->tls, error);

    if (err < 0)
        return err;
    struct span authority = {at, strcspn(at, "/?#")};
    err = split_host(split_credentials(authority, out), out, error);
    if (err < 0)
        return err;
    at += authority.len;
    if (*at == '/')
        at++;
    out->path = (struct span){at, strcspn(at, "?")};
    at += out->path.len;
    out->query = (struct span){at, strlen(at)};
    return 0;
}

/* ---- Parts into fields ---- */

static int take_host(const struct parts *parts, struct sl_push_target *out, struct sl_error *error)
{
    struct span host = parts->host;
    struct sl_addr addr;

    if (host.len == 0 || host.len >= sizeof(out->host))
        return sl_error_set(error, -EINVAL, "rtmpUrl: no host, or one too long");
    memcpy(out->host, host.at, host.len);
    out->host[host.len] = '\0';
    if (parts->is_ipv6) {
        if (!strchr(out->host, ':') || sl_addr_parse_ip(out->host, 0, &addr) < 0)
            return sl_error_set(error, -EINVAL, "rtmpUrl: no IPv6 address in the brackets");
        return 0;
    }
    for (const char *c = out->host; *c; c++) {
        if (!isalnum((unsigned char)*c) && !strchr("-._", *c))
            return sl_error_set(error, -EINVAL, "rtmpUrl: a character no host name has");
    }
    return 0;
}

static int take_port(const struct parts *parts, struct sl_push_target *out, struct sl_error *error)
{
    unsigned port = 0;

    out->port = parts->tls ? RTMPS_PORT : RTMP_PORT;
    if (parts->port.len == 0)
        return 0;
    for (size_t i = 0; i < parts->port.len; i++) {
        if (!isdigit((unsigned char)parts->port.at[i]) || i >= 5)
            return sl_error_set(error, -EINVAL, "rtmpUrl: the port is no number of 1 to 65535");
        port = port * 10 + (unsigned)(parts->port.at[i] - '0');
    }
    if (port == 0 || port > 65535)
        return sl_error_set(error, -EINVAL, "rtmpUrl: the port is no number of 1 to 65535");
    out->port = (uint16_t)port;
    return 0;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* RFC 3986 section 2.1; a '%' that begins no code stands for itself, as it does in passwords whose
 * owner did not escape it. */
static int decode(struct span from, char *out, size_t out_len, struct sl_error *error)
{
    size_t len = 0;

    for (size_t i = 0; i < from.len; i++) {
        int high = -1, low = -1;
        char c = from.at[i];
        if (c == '%' && from.len - i > 2) {
            high = hex_value(from.at[i + 1]);
            low = hex_value(from.at[i + 2]);
        }
        if (high >= 0 && low >= 0) {
            c = (char)(high << 4 | low);
            i += 2;
        }
        if (c == '\0' || len + 1 >= out_len)
            return sl_error_set(error, -EINVAL, "rtmpUrl: user or password too long or with NUL");
        out[len++] = c;
    }
    out[len] = '\0';
    if (has_control(out))
        return sl_error_set(error, -EINVAL, "rtmpUrl: control characters in user or password");
    return 0;
}

static int take_credentials(const struct parts *parts, struct sl_push_target *out,
                            struct sl_error *error)
{
    int err = decode(parts->user, out->user, sizeof(out->user), error);

    return err < 0 ? err : decode(parts->password, out->password, sizeof(out->password), error);
}

static int take_server(const struct parts *parts, struct sl_push_target *out,
                       struct sl_error *error)
{
    int err = take_host(parts, out, error);

    if (err == 0)
        err = take_port(parts, out, error);
    if (err == 0)
        err = take_credentials(parts, out, error);
    out->tls = parts->tls;
    return err;
}

/* printf into a field; -EINVAL when it does not fit. */
__attribute__((format(printf, 4, 5))) static int fill(struct sl_error *error, char *out,
                                                      size_t out_len, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int len = vsnprintf(out, out_len, format, args);
    va_end(args);
    if (len < 0 || (size_t)len >= out_len)
        return sl_error_set(error, -EINVAL, "rtmpUrl: too long");
    return 0;
}

/* The last segment of the path if it can be a name: not empty, after a segment that is not. */
static const char *find_name(struct span path)
{
    const char *slash = find_last(path, '/');

    if (!slash || slash == path.at || slash + 1 == path.at + path.len)
        return NULL;
    return slash + 1;
}

#define SPAN(span) (int)(span).len, (span).at

static int take_names(const struct parts *parts, const struct sl_push_naming *naming,
                      struct sl_push_target *out, struct sl_error *error)
{
    struct span app = parts->path, query = parts->query;
    const char *name = naming->full_url ? find_name(app) : NULL;
    int err;

    if (name) {
        /* What follows a name belongs to it: stream keys carry their parameters so. */
        err = fill(error, out->publish, sizeof(out->publish), "%.*s%.*s",
                   (int)(app.at + app.len - name), name, SPAN(query));
        app = span_between(app.at, name - 1);
        query.len = 0;
    } else {
        err = fill(error, out->publish, sizeof(out->publish), "%s%s",
                   naming->prefix ? naming->prefix : "", naming->stream);
    }
    if (!naming->full_url)
        query.len = 0;
    if (err == 0)
        err = fill(error, out->app, sizeof(out->app), "%.*s%.*s", SPAN(app), SPAN(query));
    if (err == 0 && out->publish[0] == '\0')
        err = sl_error_set(error, -EINVAL, "no name to publish under");
    return err;
}

static int show(const char *url, const struct parts *parts, struct sl_push_target *out,
                struct sl_error *error)
{
    if (!parts->has_password)
        return fill(error, out->shown, sizeof(out->shown), "%s", url);
    return fill(error, out->shown, sizeof(out->shown), "%.*s***%s", (int)(parts->password.at - url),
                url, parts->password.at + parts->password.len);
}

static int build_tc_url(const struct parts *parts, struct sl_push_target *out,
                        struct sl_error *error)
{
    return fill(error, out->tc_url, sizeof(out->tc_url),
                parts->is_ipv6 ? "%s://[%s]:%u/%s" : "%s://%s:%u/%s", parts->tls ? "rtmps" : "rtmp",
                out->host, out->port, out->app);
}

int sl_push_target_parse(const char *rtmp_url, const struct sl_push_naming *naming,
                         struct sl_push_target *out, struct sl_error *error)
{
    struct sl_push_target target = {0};
    struct parts parts = {0};

    if (has_control(rtmp_url) || has_control(naming->stream) ||
        (naming->prefix && has_control(naming->prefix)))
        return sl_error_set(error, -EINVAL, "rtmpUrl or stream name: control characters");
    int err = split(rtmp_url, &parts, error);
    if (err == 0)
        err = take_server(&parts, &target, error);
    if (err == 0)
        err = take_names(&parts, naming, &target, error);
    if (err == 0)
        err = build_tc_url(&parts, &target, error);
    if (err == 0)
        err = show(rtmp_url, &parts, &target, error);
    if (err < 0)
        return err;
    *out = target;
    return 0;
}

/* ---- Redirects ---- */

/* The application it names: some servers put the name behind it, some leave it all out. */
static int take_redirect_names(const struct parts *parts, const struct sl_push_target *from,
                               struct sl_push_target *out, struct sl_error *error)
{
    struct span app = parts->path;
    size_t name_len = strlen(from->publish);

    if (app.len == 0 && parts->query.len == 0)
        app = (struct span){from->app, strcspn(from->app, "?")}; /* the query may hold a secret */
    else if (app.len > name_len + 1 && app.at[app.len - name_len - 1] == '/' &&
             memcmp(app.at + app.len - name_len, from->publish, name_len) == 0)
        app.len -= name_len + 1;
    int err = fill(error, out->app, sizeof(out->app), "%.*s%.*s", SPAN(app), SPAN(parts->query));
    return err < 0 ? err : fill(error, out->publish, sizeof(out->publish), "%s", from->publish);
}

int sl_push_target_redirect(const struct sl_push_target *from, const char *url,
                            struct sl_push_target *out, struct sl_error *error)
{
    struct sl_push_target target = {0};
    struct parts parts = {0};

    if (has_control(url))
        return sl_error_set(error, -EINVAL,
                            "the server redirects to a URL with control characters");
    int err = split(url, &parts, error);
    if (err == 0 && from->tls && !parts.tls)
        err = sl_error_set(error, -EINVAL, "the server redirects from rtmps to rtmp");
    if (err == 0)
        err = take_server(&parts, &target, error);
    if (err == 0)
        err = take_redirect_names(&parts, from, &target, error);
    if (err == 0)
        err = build_tc_url(&parts, &target, error);
    if (err == 0)
        err = show(url, &parts, &target, error);
    if (err < 0)
        return err;
    if (parts.user.len == 0 && strcasecmp(target.host, from->host) == 0) {
        memcpy(target.user, from->user, sizeof(target.user));
        memcpy(target.password, from->password, sizeof(target.password));
    }
    *out = target;
    return 0;
}
