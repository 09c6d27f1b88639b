/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What clients call addresses, as SIP does. */
#include "sip/uri.h"

#include "base/addr.h"
#include "base/mem.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool is_alnum(char c)
{
    return isalnum((unsigned char)c) && (unsigned char)c < 0x80;
}

static bool is_one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c);
}

/* RFC 3261 section 25.1, `mark`, and what is unreserved besides in a place. */
static bool may_stand(char c, const char *besides)
{
    return is_alnum(c) || is_one_of(c, "-_.!~*'()") || is_one_of(c, besides);
}

/* Appends text to the len bytes in out; the new length, or -ENOBUFS. */
static int escape(const char *text, const char *besides, char *out, int len, int size)
{
    for (; *text; text++) {
        if (len > size - 4)
            return -ENOBUFS;
        if (may_stand(*text, besides))
            out[len++] = *text;
        else
            len += snprintf(out + len, (size_t)(size - len), "%%%02X", (unsigned char)*text);
    }
    out[len] = '\0';
    return len;
}

int sl_sip_uri_of_user(const char *user, const char *domain, char out[static SL_SIP_URI_MAX])
{
    int len = snprintf(out, SL_SIP_URI_MAX, "sip:");

    len = escape(user, "&=+$,;?/", out, len, SL_SIP_URI_MAX);
    if (len < 0)
        return len;
    len += snprintf(out + len, (size_t)(SL_SIP_URI_MAX - len), "@%s", domain);
    return len < SL_SIP_URI_MAX ? 0 : -ENOBUFS;
}

static bool has_scheme(const char *text, const char *scheme)
{
    return strncasecmp(text, scheme, strlen(scheme)) == 0;
}

/* What a URI may be made of (RFC 3261 section 25.1); brackets hold an IPv6 address. */
static bool is_uri_text(const char *text)
{
    if (*text == '\0')
        return false;
    for (; *text; text++) {
        if (!may_stand(*text, "&=+$,;?/:@%[]#"))
            return false;
    }
    return true;
}

static int take_uri(const char *uri, char out[static SL_SIP_URI_MAX])
{
    if (!is_uri_text(uri) || strchr(uri, '#'))
        return -EINVAL;
    return snprintf(out, SL_SIP_URI_MAX, "%s", uri) < SL_SIP_URI_MAX ? 0 : -ENOBUFS;
}

/* Copies without spaces, hyphens and parentheses, which are for people. */
static void strip_separators(const char *number, const char *separators, char *out, size_t size)
{
    size_t len = 0;

    for (; *number && len + 1 < size; number++) {
        if (!is_one_of(*number, separators))
            out[len++] = *number;
    }
    out[len] = '\0';
}

static bool is_number(const char *text)
{
    if (*text == '+')
        text++;
    return *text != '\0' && strspn(text, "0123456789") == strlen(text);
}

/* RFC 3261 section 19.1.6. */
static int take_tel(const char *number, const char *domain, char out[static SL_SIP_URI_MAX])
{
    char plain[SL_SIP_NAME_MAX];

    strip_separators(number, "-.() ", plain, sizeof(plain));
    if (!is_number(plain))
        return -EINVAL;
    int err = sl_sip_uri_of_user(plain, domain, out);
    return err < 0 ? err : sl_sip_uri_add_param(out, "user", "phone");
}

int sl_sip_uri_of_callee(const char *callee, const char *domain, char out[static SL_SIP_URI_MAX])
{
    char plain[SL_SIP_NAME_MAX], uri[SL_SIP_URI_MAX];

    while (*callee == ' ')
        callee++;
    if (*callee == '\0')
        return -ENODATA;
    if (strlen(callee) >= SL_SIP_NAME_MAX)
        return -ENOBUFS;
    for (const char *c = callee; *c; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return -EINVAL;
    }
    if (has_scheme(callee, "sip:") || has_scheme(callee, "sips:"))
        return take_uri(callee, out);
    if (has_scheme(callee, "tel:"))
        return take_tel(callee + strlen("tel:"), domain, out);
    if (strchr(callee, '@')) {
        (void)snprintf(uri, sizeof(uri), "sip:%s", callee);
        return take_uri(uri, out);
    }
    strip_separators(callee, "-() ", plain, sizeof(plain));
    return sl_sip_uri_of_user(is_number(plain) ? plain : callee, domain, out);
}

bool sl_sip_uri_is_secure(const char *uri)
{
    return has_scheme(uri, "sips:");
}

/* The separator and the text, escaped; the new length, or -ENOBUFS. */
static int add_part(char separator, const char *text, const char *besides, char *uri, int len)
{
    if (len > SL_SIP_URI_MAX - 2)
        return -ENOBUFS;
    uri[len++] = separator;
    return escape(text, besides, uri, len, SL_SIP_URI_MAX);
}

int sl_sip_uri_add_param(char uri[static SL_SIP_URI_MAX], const char *name, const char *value)
{
    static const char *const besides = "[]/:&+$";
    int len = add_part(';', name, besides, uri, (int)strlen(uri));

    if (len >= 0 && *value != '\0')
        len = add_part('=', value, besides, uri, len);
    return len < 0 ? len : 0;
}

int sl_sip_uri_add_header(char uri[static SL_SIP_URI_MAX], const char *name, const char *value)
{
    int len = add_part('?', name, "", uri, (int)strlen(uri));

    if (len >= 0)
        len = add_part('=', value, "", uri, len);
    return len < 0 ? len : 0;
}

char *sl_sip_uri_user(const char *uri, size_t len, char out[static SL_SIP_NAME_MAX])
{
    const char *colon = memchr(uri, ':', len);
    const char *user = colon ? colon + 1 : uri;
    const char *at = memchr(user, '@', len - (size_t)(user - uri));
    size_t written = 0;

    if (!at) {
        out[0] = '\0';
        return out;
    }
    const char *password = memchr(user, ':', (size_t)(at - user));
    for (const char *end = password ? password : at; user < end && written + 1 < SL_SIP_NAME_MAX;
         user++) {
        char hex[3] = "";
        if (*user == '%' && end - user > 2)
            memcpy(hex, user + 1, 2);
        char c = *user;
        if (isxdigit((unsigned char)hex[0]) && isxdigit((unsigned char)hex[1])) {
            c = (char)strtol(hex, NULL, 16);
            user += 2;
        }
        if (c != '\0')
            out[written++] = c;
    }
    out[written] = '\0';
    return out;
}

char *sl_sip_quote_name(const char *name, char out[static SL_SIP_NAME_MAX])
{
    size_t len = 0;

    for (; *name && len + 2 < SL_SIP_NAME_MAX; name++) {
        if ((unsigned char)*name < 0x20 || *name == 0x7f)
            continue;
        if (*name == '"' || *name == '\\')
            out[len++] = '\\';
        out[len++] = *name;
    }
    out[len] = '\0';
    return out;
}

/* ---- Parameters of a Contact ---- */

static bool is_token_char(char c)
{
    return is_alnum(c) || is_one_of(c, "-.!%*_+`'~");
}

static const char *skip_token(const char *text)
{
    while (is_token_char(*text))
        text++;
    return text;
}

/* Past the closing quote; NULL: there is none. */
static const char *skip_quoted(const char *text)
{
    for (text++; *text != '"'; text++) {
        if (*text == '\\')
            text++;
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return NULL;
    }
    return text + 1;
}

/* Past one parameter; NULL: it is none. */
static const char *skip_param(const char *text)
{
    const char *end = skip_token(text);

    if (end == text)
        return NULL;
    if (*end != '=')
        return end;
    text = end + 1;
    if (*text == '"')
        return skip_quoted(text);
    end = skip_token(text);
    return end == text ? NULL : end;
}

int sl_sip_contact_params(const char *text, char out[static SL_SIP_NAME_MAX])
{
    out[0] = '\0';
    while (*text == ' ')
        text++;
    if (*text == '\0' || strcmp(text, "0") == 0)
        return 0;
    if (*text == ';')
        text++;
    for (const char *at = text;;) {
        at = skip_param(at);
        if (!at)
            return -EINVAL;
        if (*at == '\0')
            break;
        if (*at++ != ';')
            return -EINVAL;
    }
    return snprintf(out, SL_SIP_NAME_MAX, ";%s", text) < SL_SIP_NAME_MAX ? 0 : -EINVAL;
}

/* ---- Hosts ---- */

static int read_port(const char *text, unsigned *out)
{
    char *end;
    unsigned long port = strtoul(text, &end, 10);

    if (end == text || *end != '\0' || port > 65535 || *text == '-' || *text == '+')
        return -EINVAL;
    *out = (unsigned)port;
    return 0;
}

static bool is_host(const char *host)
{
    struct sl_addr addr;

    if (sl_addr_parse_ip(host, 0, &addr) == 0)
        return true;
    if (*host == '\0')
        return false;
    for (; *host; host++) {
        if (!is_alnum(*host) && !is_one_of(*host, ".-"))
            return false;
    }
    return true;
}

static const char *const transports[] = {
    [SL_SIP_UDP] = "udp", [SL_SIP_TCP] = "tcp", [SL_SIP_TLS] = "tls"};

const char *sl_sip_transport_name(enum sl_sip_transport transport)
{
    return transports[transport];
}

static int read_transport(const char *param, enum sl_sip_transport *out)
{
    static const char name[] = "transport=";

    if (strncasecmp(param, name, sizeof(name) - 1) != 0)
        return -EINVAL;
    for (size_t i = 0; i < SL_ARRAY_LEN(transports); i++) {
        if (strcasecmp(param + sizeof(name) - 1, transports[i]) != 0)
            continue;
        *out = (enum sl_sip_transport)i;
        return 0;
    }
    return -EINVAL;
}

int sl_sip_host_parse(const char *text, struct sl_sip_host *out)
{
    struct sl_sip_host host = {.port = 0};
    char copy[sizeof(host.host) + 64];

    if (snprintf(copy, sizeof(copy), "%s", text) >= (int)sizeof(copy))
        return -EINVAL;
    char *params = strchr(copy, ';');
    if (params) {
        *params++ = '\0';
        if (read_transport(params, &host.transport) < 0)
            return -ENOTSUP;
    }
    char *colon = strrchr(copy, ':');
    if (colon && (strchr(copy, ':') == colon || colon[-1] == ']')) { /* else a bare IPv6 */
        *colon = '\0';
        if (read_port(colon + 1, &host.port) < 0)
            return -EINVAL;
    }
    if (!is_host(copy) || strlen(copy) >= sizeof(host.host))
        return -EINVAL;
    memcpy(host.host, copy, strlen(copy) + 1);
    *out = host;
    return 0;
}
