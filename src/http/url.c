/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parsers for Host, Origin, query, path and the two list headers of file requests. */
#include "http/url.h"

#include "base/addr.h"
#include "net/net.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static char to_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* RFC 952 and 1123 letters, and the underscore that internal names carry. */
static bool is_name_char(char c)
{
    c = to_lower(c);
    return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-' || c == '.' || c == '_';
}

static bool is_ipv6_char(char c)
{
    c = to_lower(c);
    return is_digit(c) || (c >= 'a' && c <= 'f') || c == ':' || c == '.';
}

/* "" or ":1".. ":65535", then the end. */
static bool is_port(const char *text)
{
    size_t digits = 0;
    unsigned long port = 0;

    if (*text == '\0')
        return true;
    if (*text++ != ':')
        return false;
    while (is_digit(text[digits]) && digits < 6)
        port = port * 10 + (unsigned long)(text[digits++] - '0');
    return digits > 0 && text[digits] == '\0' && port <= 65535;
}

/* Copies the leading characters that is_part() admits, in lower case; returns how many, SL_HOST_MAX
 * if they do not fit. */
static size_t copy_host(const char *text, bool (*is_part)(char c), char out[static SL_HOST_MAX])
{
    size_t len = 0;

    while (is_part(text[len])) {
        if (len == SL_HOST_MAX - 1)
            return SL_HOST_MAX;
        out[len] = to_lower(text[len]);
        len++;
    }
    out[len] = '\0';
    return len;
}

int sl_host_parse(const char *header, char out[static SL_HOST_MAX])
{
    char host[SL_HOST_MAX];
    size_t len;

    if (header[0] == '[') {
        struct sl_addr ignored;
        len = copy_host(header + 1, is_ipv6_char, host);
        if (len == SL_HOST_MAX || header[len + 1] != ']' || !is_port(header + len + 2))
            return -EBADMSG;
        if (!strchr(host, ':') || sl_addr_parse_ip(host, 0, &ignored) < 0)
            return -EBADMSG;
    } else {
        len = copy_host(header, is_name_char, host);
        if (len == 0 || len == SL_HOST_MAX || !is_port(header + len))
            return -EBADMSG;
        if (host[0] == '.' || strstr(host, ".."))
            return -EBADMSG;
        if (host[len - 1] == '.')
            host[--len] = '\0';
    }
    memcpy(out, host, len + 1);
    return 0;
}

int sl_origin_parse(const char *header, char out[static SL_HOST_MAX])
{
    bool tls;
    const char *host = sl_reach_after_scheme(SL_REACH_HTTP, header, &tls);

    return host ? sl_host_parse(host, out) : -EBADMSG;
}

bool sl_host_is_loopback(const char *host)
{
    struct sl_addr addr;

    if (!strcmp(host, "localhost"))
        return true;
    return sl_addr_parse_ip(host, 0, &addr) == 0 && sl_addr_is_loopback(&addr);
}

bool sl_host_is_address(const char *host)
{
    struct sl_addr addr;

    return sl_addr_parse_ip(host, 0, &addr) == 0;
}

static int hex_value(char c)
{
    c = to_lower(c);
    if (is_digit(c))
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes %XX and + of len bytes of a query. */
static int decode_value(const char *text, size_t len, char out[static SL_QUERY_VALUE_MAX])
{
    char decoded[SL_QUERY_VALUE_MAX];
    size_t used = 0;

    for (size_t i = 0; i < len; i++) {
        char c = text[i] == '+' ? ' ' : text[i];
        if (c == '%') {
            int high = i + 2 < len ? hex_value(text[i + 1]) : -1;
            int low = high >= 0 ? hex_value(text[i + 2]) : -1;
            if (low < 0)
                return -EBADMSG;
            c = (char)(high << 4 | low);
            i += 2;
        }
        if (c == '\0' || c == '\r' || c == '\n' || used == sizeof(decoded) - 1)
            return -EBADMSG;
        decoded[used++] = c;
    }
    decoded[used] = '\0';
    memcpy(out, decoded, used + 1);
    return 0;
}

int sl_query_get(const char *query, const char *name, char out[static SL_QUERY_VALUE_MAX])
{
    size_t name_len = strlen(name);

    while (*query) {
        size_t len = strcspn(query, "&");
        if (len >= name_len && !strncmp(query, name, name_len)) {
            if (len == name_len)
                return decode_value("", 0, out);
            if (query[name_len] == '=')
                return decode_value(query + name_len + 1, len - name_len - 1, out);
        }
        query += len;
        if (*query)
            query++;
    }
    return -ENOENT;
}

int sl_path_below_root(const char *path, char out[static SL_PATH_MAX])
{
    size_t len = strlen(path);

    if (path[0] != '/' || len > SL_PATH_MAX)
        return -EBADMSG;
    path++;
    len--;
    if (len > 0 && path[len - 1] == '/')
        len--;
    for (size_t i = 0; i < len; i++) {
        bool starts = i == 0 || path[i - 1] == '/';
        if (starts && (path[i] == '.' || path[i] == '/'))
            return -EBADMSG;
        if ((unsigned char)path[i] < 0x20 || path[i] == 0x7f || path[i] == '\\')
            return -EBADMSG;
    }
    /* "//": the one slash that was dropped left nothing, or another slash, before it */
    if (len == 0 ? path[0] == '/' : path[len - 1] == '/')
        return -EBADMSG;
    memcpy(out, path, len);
    out[len] = '\0';
    return 0;
}

/* The next element of a comma separated list, without blanks around it; *len is its length. */
static const char *next_element(const char *list, const char **element, size_t *len)
{
    list += strspn(list, " \t,");
    *element = list;
    list += strcspn(list, ",");
    *len = (size_t)(list - *element);
    while (*len > 0 && strchr(" \t", (*element)[*len - 1]))
        (*len)--;
    return list;
}

bool sl_etag_matches(const char *if_none_match, const char *etag)
{
    size_t len, etag_len = strlen(etag);
    const char *element;

    for (const char *at = if_none_match; *at;) {
        at = next_element(at, &element, &len);
        if (len == 1 && element[0] == '*')
            return true;
        if (len > 2 && !strncmp(element, "W/", 2)) {
            element += 2;
            len -= 2;
        }
        if (len == etag_len && !memcmp(element, etag, len))
            return true;
    }
    return false;
}

/* ";q=0", ";q=0.0" and their like refuse. */
static bool is_refused(const char *params, size_t len)
{
    size_t i = 0;

    while (i < len && strchr("; \t", params[i]))
        i++;
    if (len - i < 3 || to_lower(params[i]) != 'q' || params[i + 1] != '=')
        return false;
    for (i += 2; i < len; i++) {
        if (params[i] != '0' && params[i] != '.')
            return false;
    }
    return true;
}

bool sl_accepts_coding(const char *accept_encoding, const char *coding)
{
    size_t len, coding_len = strlen(coding);
    const char *element;

    for (const char *at = accept_encoding; *at;) {
        at = next_element(at, &element, &len);
        if (len < coding_len || strncasecmp(element, coding, coding_len) != 0)
            continue;
        if (len == coding_len)
            return true;
        if (strchr("; \t", element[coding_len]))
            return !is_refused(element + coding_len, len - coding_len);
    }
    return false;
}

/* Digits, at least one; more than a number holds is its greatest. */
static const char *read_number(const char *at, uint64_t *out)
{
    const char *begin = at;
    uint64_t number = 0;

    for (; *at >= '0' && *at <= '9'; at++) {
        uint64_t digit = (uint64_t)(*at - '0');
        number = number > (UINT64_MAX - digit) / 10 ? UINT64_MAX : number * 10 + digit;
    }
    *out = number;
    return at == begin ? NULL : at;
}

int sl_range_parse(const char *range, uint64_t len, uint64_t *first, uint64_t *last)
{
    static const char unit[] = "bytes=";
    uint64_t from, to = UINT64_MAX;
    const char *at;

    if (!range || strncasecmp(range, unit, sizeof(unit) - 1) != 0)
        return -ENOENT;
    range += sizeof(unit) - 1;
    if (*range == '-') { /* so many at the end */
        at = read_number(range + 1, &from);
        if (!at || *at != '\0')
            return -ENOENT;
        if (from == 0 || len == 0)
            return -ERANGE;
        *first = from < len ? len - from : 0;
        *last = len - 1;
        return 0;
    }
    at = read_number(range, &from);
    if (!at || *at++ != '-')
        return -ENOENT;
    if (*at != '\0')
        at = read_number(at, &to);
    if (!at || *at != '\0' || to < from)
        return -ENOENT;
    if (from >= len)
        return -ERANGE;
    *first = from;
    *last = to < len ? to : len - 1;
    return 0;
}
