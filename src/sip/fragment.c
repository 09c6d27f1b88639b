/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Status lines and Refer-To. */
#include "sip/fragment.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

int sl_sip_fragment_parse(const char *text, size_t len, int *code,
                          char reason[static SL_SIP_NAME_MAX])
{
    static const char version[] = "SIP/2.0 ";
    size_t at = sizeof(version) - 1, end;

    if (len < at + 3 || memcmp(text, version, at) != 0)
        return -EBADMSG;
    if (text[at] < '1' || text[at] > '6' || !is_digit(text[at + 1]) || !is_digit(text[at + 2]))
        return -EBADMSG;
    int value = (text[at] - '0') * 100 + (text[at + 1] - '0') * 10 + (text[at + 2] - '0');
    at += 3;
    if (at < len && text[at] == ' ')
        at++;
    else if (at < len && text[at] != '\r' && text[at] != '\n')
        return -EBADMSG;
    for (end = at; end < len && (unsigned char)text[end] >= 0x20 && text[end] != 0x7f;)
        end++;
    if (end - at >= SL_SIP_NAME_MAX)
        end = at + SL_SIP_NAME_MAX - 1;
    memcpy(reason, text + at, end - at);
    reason[end - at] = '\0';
    *code = value;
    return 0;
}

/* ---- Refer-To ---- */

static int hex(char c)
{
    if (is_digit(c))
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* -EINVAL: what would end a line, or is no character. */
static int unescape(const char *text, size_t len, char out[static SL_SIP_NAME_MAX])
{
    size_t written = 0;

    for (size_t i = 0; i < len; i++) {
        int c = (unsigned char)text[i];
        if (c == '%') {
            int high = i + 2 < len ? hex(text[i + 1]) : -1,
                low = i + 2 < len ? hex(text[i + 2]) : -1;
            if (high < 0 || low < 0)
                return -EINVAL;
            c = high * 16 + low;
            i += 2;
        }
        if (c < 0x20 || c >= 0x7f)
            return -EINVAL;
        if (written + 1 >= SL_SIP_NAME_MAX)
            return -ENOBUFS;
        out[written++] = (char)c;
    }
    out[written] = '\0';
    return 0;
}

static bool is_clean(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)text[i] <= 0x20 || text[i] == 0x7f || strchr("<>\"", text[i]))
            return false;
    }
    return true;
}

static bool begins(const char *text, size_t len, const char *scheme)
{
    size_t scheme_len = strlen(scheme);

    return len > scheme_len && strncasecmp(text, scheme, scheme_len) == 0;
}

/* `name=value&name=value` */
static int read_headers(const char *text, size_t len, struct sl_sip_refer_to *out)
{
    static const char name[] = "Replaces=";

    while (len > 0) {
        const char *amp = memchr(text, '&', len);
        size_t one = amp ? (size_t)(amp - text) : len;
        if (begins(text, one, name))
            return unescape(text + sizeof(name) - 1, one - (sizeof(name) - 1), out->replaces);
        text += amp ? one + 1 : one;
        len -= amp ? one + 1 : one;
    }
    return 0;
}

/* Up to its headers; the user part may have a question mark as well (RFC 3261 section 25.1). */
static size_t len_without_headers(const char *uri, size_t len)
{
    const char *at = memchr(uri, '@', len);
    const char *host = at ? at : uri;
    const char *question = memchr(host, '?', len - (size_t)(host - uri));

    return question ? (size_t)(question - uri) : len;
}

int sl_sip_refer_to_parse(const char *text, size_t len, struct sl_sip_refer_to *out)
{
    size_t uri_len = len_without_headers(text, len);

    if ((!begins(text, uri_len, "sip:") && !begins(text, uri_len, "tel:")) ||
        !is_clean(text, uri_len))
        return -EINVAL;
    if (uri_len >= sizeof(out->uri))
        return -ENOBUFS;
    memcpy(out->uri, text, uri_len);
    out->uri[uri_len] = '\0';
    out->replaces[0] = '\0';
    return uri_len < len ? read_headers(text + uri_len + 1, len - uri_len - 1, out) : 0;
}

int sl_sip_refer_to_build(const char *contact, const struct sl_sip_dialog_id *dialog,
                          char out[static SL_SIP_URI_MAX])
{
    char replaces[SL_SIP_NAME_MAX];
    size_t len = len_without_headers(contact, strlen(contact));
    const char *remote_tag = *dialog->remote_tag ? dialog->remote_tag : "0"; /* section 3: none */

    if (!is_clean(contact, len))
        return -EINVAL;
    if (len >= SL_SIP_URI_MAX ||
        snprintf(replaces, sizeof(replaces), "%s;to-tag=%s;from-tag=%s", dialog->call_id,
                 remote_tag, dialog->local_tag) >= (int)sizeof(replaces))
        return -ENOBUFS;
    memcpy(out, contact, len);
    out[len] = '\0';
    return sl_sip_uri_add_header(out, "Replaces", replaces);
}
