/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The URL of another server (rest-api.md 3.1, RFC 6455 section 3). Pure. */
#include "base/error.h"
#include "net/net.h"
#include "pull/pull.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { WS_PORT = 8080, WSS_PORT = 8443, PORT_DIGITS_MAX = 5 };

static bool has_unusual(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text <= 0x20 || (unsigned char)*text >= 0x7f)
            return true;
    }
    return false;
}

/* "host", "host:port", "[v6]", "[v6]:port": len bytes. */
static int parse_authority(const char *text, size_t len, struct sl_pull_uri *uri,
                           struct sl_error *error)
{
    const char *end = text + len, *host = text, *host_end, *port;

    if (memchr(text, '@', len))
        return sl_error_set(error, -EINVAL, "uri: user information is not allowed");
    if (len > 0 && text[0] == '[') {
        host_end = memchr(text, ']', len);
        if (!host_end)
            return sl_error_set(error, -EINVAL, "uri: [ without ]");
        host_end++;
        port = host_end;
    } else {
        const char *colon = memchr(text, ':', len);
        host_end = colon ? colon : end;
        port = host_end;
    }
    size_t host_len = (size_t)(host_end - host);
    if (host_len == 0 || host_len >= sizeof(uri->host))
        return sl_error_set(error, -EINVAL, "uri: no host, or too long a one");
    for (size_t i = 0; i < host_len; i++)
        uri->host[i] = (char)tolower((unsigned char)host[i]);
    uri->host[host_len] = '\0';
    if (port == end) {
        uri->port = uri->tls ? WSS_PORT : WS_PORT;
        return 0;
    }
    size_t digits = (size_t)(end - port) - 1;
    char number[PORT_DIGITS_MAX + 1] = "";
    if (*port == ':' && digits > 0 && digits <= PORT_DIGITS_MAX)
        memcpy(number, port + 1, digits);
    unsigned long value = strtoul(number, NULL, 10);
    if (strspn(number, "0123456789") != digits || value == 0 || value > UINT16_MAX)
        return sl_error_set(error, -EINVAL, "uri: the port is no number of 1 to 65535");
    uri->port = (uint16_t)value;
    return 0;
}

int sl_pull_uri_parse(const char *text, struct sl_pull_uri *out, struct sl_error *error)
{
    struct sl_pull_uri uri = {0};
    const char *authority = sl_reach_after_scheme(SL_REACH_WS, text, &uri.tls);

    if (!authority)
        return sl_error_set(error, -EINVAL, "uri: must be ws://HOST[:PORT][/PATH] or wss://");
    if (strlen(text) >= SL_PULL_URI_MAX)
        return sl_error_set(error, -EINVAL, "uri: longer than %d bytes", SL_PULL_URI_MAX - 1);
    if (has_unusual(text) || strchr(text, '#'))
        return sl_error_set(error, -EINVAL, "uri: blanks, control characters and # need %%XX");
    size_t len = strcspn(authority, "/?");
    const char *path = authority + len;
    int err = parse_authority(authority, len, &uri, error);
    if (err < 0)
        return err;
    /* REST-10: nothing, or a mere slash, is what the original's browsers and servers ask for. */
    bool bare = path[0] == '\0' || strcmp(path, "/") == 0;
    (void)snprintf(uri.path, sizeof(uri.path), "%s%s", path[0] == '?' ? "/" : "",
                   bare ? "/websocket" : path);
    bool port_said =
        memchr(authority, ':', len) && (authority[0] != '[' || authority[len - 1] != ']');
    char port[8] = "";
    if (port_said)
        (void)snprintf(port, sizeof(port), ":%u", uri.port);
    (void)snprintf(uri.text, sizeof(uri.text), "%s://%s%s%s", uri.tls ? "wss" : "ws", uri.host,
                   port, uri.path);
    *out = uri;
    return 0;
}
