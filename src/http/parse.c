/* SPDX-License-Identifier: GPL-3.0-or-later */
/* HTTP/1.x heads and bodies. */
#include "http/parse.h"

#include "base/mem.h"
#include "http/ws_frame.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

enum {
    BAD_REQUEST = 400,
    TOO_MANY_FIELDS = 431,
    NOT_IMPLEMENTED = 501,
    VERSION_NOT_SUPPORTED = 505,

    LENGTH_DIGITS_MAX = 18, /* fits 63 bits */
    CHUNK_DIGITS_MAX = 15,
    CHUNKED_OVERHEAD_MAX = 8192,
};

/* ---- Characters ---- */

static bool is_token_char(char c)
{
    return isalnum((unsigned char)c) || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_control(char c)
{
    return (unsigned char)c < 0x20 || c == 0x7f;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

bool sl_http_token_ok(const char *name)
{
    if (*name == '\0')
        return false;
    for (; *name; name++) {
        if (!is_token_char(*name))
            return false;
    }
    return true;
}

bool sl_http_value_ok(const char *value)
{
    for (; *value; value++) {
        if (is_control(*value) && *value != '\t')
            return false;
    }
    return true;
}

/* ---- Lines ---- */

size_t sl_http_find_head_end(const uint8_t *buf, size_t len, size_t from)
{
    size_t start = from > 3 ? from - 3 : 0; /* the empty line may straddle */

    if (len < 4)
        return 0;
    const uint8_t *end = memmem(buf + start, len - start, "\r\n\r\n", 4);
    return end ? (size_t)(end - buf) + 4 : 0;
}

struct lines {
    char *at, *end;
};

/* The next line, NUL-terminated in place; NULL if it is not ended by CRLF or holds a bare CR, LF or
 * a NUL. */
static char *next_line(struct lines *lines)
{
    char *line = lines->at;
    char *stop = memchr(line, '\r', (size_t)(lines->end - line));

    if (!stop || lines->end - stop < 2 || stop[1] != '\n')
        return NULL;
    if (memchr(line, '\n', (size_t)(stop - line)) || memchr(line, '\0', (size_t)(stop - line)))
        return NULL;
    *stop = '\0';
    lines->at = stop + 2;
    return line;
}

/* Cuts at the first blank; returns what follows, NULL if there is none. */
static char *cut_word(char *text)
{
    char *blank = strchr(text, ' ');

    if (!blank)
        return NULL;
    *blank = '\0';
    return blank + 1;
}

/* "HTTP/1.x"; 0 or the status. */
static int parse_version(const char *text, struct sl_http_head *out)
{
    if (strncmp(text, "HTTP/", 5) != 0)
        return BAD_REQUEST;
    if (!isdigit((unsigned char)text[5]) || text[6] != '.' || !isdigit((unsigned char)text[7]) ||
        text[8] != '\0')
        return BAD_REQUEST;
    if (text[5] != '1')
        return VERSION_NOT_SUPPORTED;
    out->minor_version = text[7] == '0' ? 0 : 1;
    return 0;
}

/* ---- Fields ---- */

static int parse_field(char *line, struct sl_http_head *out)
{
    char *colon = strchr(line, ':');

    if (out->field_count == SL_HTTP_HEADERS_MAX)
        return TOO_MANY_FIELDS;
    if (!colon)
        return BAD_REQUEST;
    *colon = '\0';
    if (!sl_http_token_ok(line)) /* also a folded line and a blank before the colon */
        return BAD_REQUEST;
    for (char *c = line; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    char *value = colon + 1;
    while (is_blank(*value))
        value++;
    char *end = value + strlen(value);
    while (end > value && is_blank(end[-1]))
        end--;
    *end = '\0';
    if (!sl_http_value_ok(value))
        return BAD_REQUEST;
    out->fields[out->field_count++] = (struct sl_http_field){line, value};
    return 0;
}

/* The fields after the first line, up to the empty one. */
static int parse_fields(struct lines *lines, struct sl_http_head *out)
{
    for (;;) {
        char *line = next_line(lines);
        if (!line)
            return BAD_REQUEST;
        if (*line == '\0')
            return lines->at == lines->end ? 0 : BAD_REQUEST;
        int status = parse_field(line, out);
        if (status != 0)
            return status;
    }
}

const char *sl_http_find_field(const struct sl_http_head *head, const char *name)
{
    for (size_t i = 0; i < head->field_count; i++) {
        if (strcmp(head->fields[i].name, name) == 0)
            return head->fields[i].value;
    }
    return NULL;
}

static bool list_has_token(const char *list, const char *token)
{
    size_t token_len = strlen(token);

    while (*list) {
        while (is_blank(*list) || *list == ',')
            list++;
        size_t len = strcspn(list, ",");
        size_t trimmed = len;
        while (trimmed > 0 && is_blank(list[trimmed - 1]))
            trimmed--;
        if (trimmed == token_len && strncasecmp(list, token, token_len) == 0)
            return true;
        list += len;
    }
    return false;
}

bool sl_http_has_token(const struct sl_http_head *head, const char *name, const char *token)
{
    for (size_t i = 0; i < head->field_count; i++) {
        if (strcmp(head->fields[i].name, name) == 0 && list_has_token(head->fields[i].value, token))
            return true;
    }
    return false;
}

/* RFC 7239, RFC 9110 section 7.6.3, RFC 8586, and the habits of proxies, tunnels and content
 * networks. "x-forwarded-" stands for whatever begins with it. */
static bool is_proxy_field(const char *name)
{
    static const char *const names[] = {
        "forwarded",
        "via",
        "cdn-loop",
        "x-real-ip",
        "x-client-ip",
        "x-cluster-client-ip",
        "x-envoy-external-address",
        "x-original-forwarded-for",
        "x-original-host",
        "x-original-url",
        "true-client-ip",
        "cf-connecting-ip",
        "fastly-client-ip",
    };
    static const char prefix[] = "x-forwarded-";

    if (strncmp(name, prefix, sizeof(prefix) - 1) == 0)
        return true;
    for (size_t i = 0; i < SL_ARRAY_LEN(names); i++) {
        if (strcmp(name, names[i]) == 0)
            return true;
    }
    return false;
}

const char *sl_http_find_proxy_sign(const struct sl_http_head *head)
{
    for (size_t i = 0; i < head->field_count; i++) {
        if (is_proxy_field(head->fields[i].name))
            return head->fields[i].name;
    }
    /* What the most used proxy speaks to the servers behind it unless told otherwise. */
    return head->minor_version == 0 ? "HTTP/1.0" : NULL;
}

static bool parse_length(const char *text, uint64_t *out)
{
    size_t digits = strspn(text, "0123456789");
    uint64_t length = 0;

    if (digits == 0 || digits > LENGTH_DIGITS_MAX || text[digits] != '\0')
        return false;
    for (size_t i = 0; i < digits; i++)
        length = length * 10 + (uint64_t)(text[i] - '0');
    *out = length;
    return true;
}

/* How long the body is (RFC 9112 section 6.3) and what comes after. */
static int read_framing(struct sl_http_head *head)
{
    for (size_t i = 0; i < head->field_count; i++) {
        const struct sl_http_field *field = &head->fields[i];
        uint64_t length;
        if (strcmp(field->name, "content-length") == 0) {
            if (!parse_length(field->value, &length) ||
                (head->has_length && length != head->content_length))
                return BAD_REQUEST;
            head->has_length = true;
            head->content_length = length;
        } else if (strcmp(field->name, "transfer-encoding") == 0) {
            if (head->chunked || strcasecmp(field->value, "chunked") != 0)
                return NOT_IMPLEMENTED;
            head->chunked = true;
        }
    }
    /* Both: somebody on the way may have believed the other one (section 6.1). */
    if (head->chunked && (head->has_length || head->minor_version == 0))
        return BAD_REQUEST;
    if (sl_http_has_token(head, "connection", "close"))
        head->keep_alive = false;
    else
        head->keep_alive =
            head->minor_version > 0 || sl_http_has_token(head, "connection", "keep-alive");
    return 0;
}

/* ---- Heads ---- */

/* "/path?query", "http://host/path?query" or "*"; cuts the query off. */
static int parse_target(char *target, struct sl_http_head *out)
{
    for (const char *c = target; *c; c++) {
        if (is_control(*c) || *c == '#')
            return BAD_REQUEST;
    }
    if (strncasecmp(target, "http://", 7) == 0 || strncasecmp(target, "https://", 8) == 0) {
        char *host = strstr(target, "://") + 3;
        size_t host_len = strcspn(host, "/?");
        if (host_len == 0)
            return BAD_REQUEST;
        if (host[host_len] != '/') { /* an empty path means "/": put over the host's last byte */
            host_len--;
            host[host_len] = '/';
        }
        target = host + host_len;
    }
    if (target[0] != '/' && strcmp(target, "*") != 0)
        return BAD_REQUEST;
    char *query = strchr(target, '?');
    if (query)
        *query++ = '\0';
    out->path = target;
    out->query = query ? query : "";
    return 0;
}

static int parse_request_line(char *line, struct sl_http_head *out)
{
    char *target = cut_word(line);
    char *version = target ? cut_word(target) : NULL;

    if (!version || !sl_http_token_ok(line))
        return BAD_REQUEST;
    out->method = line;
    int status = parse_version(version, out);
    return status != 0 ? status : parse_target(target, out);
}

int sl_http_parse_request(char *head, size_t len, struct sl_http_head *out)
{
    struct lines lines = {head, head + len};
    size_t hosts = 0;

    memset(out, 0, sizeof(*out));
    char *line = next_line(&lines);
    int status = line ? parse_request_line(line, out) : BAD_REQUEST;
    if (status == 0)
        status = parse_fields(&lines, out);
    if (status == 0)
        status = read_framing(out);
    if (status != 0)
        return status;
    for (size_t i = 0; i < out->field_count; i++)
        hosts += strcmp(out->fields[i].name, "host") == 0;
    if (hosts > 1 || (hosts == 0 && out->minor_version > 0)) /* RFC 9112 section 3.2 */
        return BAD_REQUEST;
    return 0;
}

int sl_http_parse_response(char *head, size_t len, struct sl_http_head *out)
{
    struct lines lines = {head, head + len};

    memset(out, 0, sizeof(*out));
    char *line = next_line(&lines);
    char *code = line ? cut_word(line) : NULL;
    if (!code || parse_version(line, out) != 0)
        return BAD_REQUEST;
    size_t digits = strspn(code, "0123456789");
    if (digits != 3 || (code[3] != '\0' && code[3] != ' '))
        return BAD_REQUEST;
    out->status = (code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0');
    int status = parse_fields(&lines, out);
    return status != 0 ? status : read_framing(out);
}

/* ---- Paths ---- */

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)tolower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int sl_http_decode_path(char *path)
{
    char *to = path;

    for (const char *from = path; *from; from++) {
        char c = *from;
        if (c == '%') {
            int high = hex_value(from[1]);
            int low = high < 0 ? -1 : hex_value(from[2]);
            if (low < 0)
                return -EBADMSG;
            c = (char)(high << 4 | low);
            from += 2;
        }
        if (is_control(c))
            return -EBADMSG;
        *to++ = c;
    }
    *to = '\0';
    return sl_utf8_valid(path, (size_t)(to - path)) ? 0 : -EBADMSG;
}

/* ---- Chunked bodies ---- */

/*
 *   SIZE -> EXTENSION -> SIZE_LF -> DATA -> DATA_CR -> DATA_LF -> SIZE ...
 *   after the chunk of size 0: SIZE_LF -> TRAILER -> TRAILER_LINE -> TRAILER_LF -> TRAILER ...
 *                              TRAILER -> LAST_LF -> done
 */
enum chunked_state {
    SIZE,
    EXTENSION,
    SIZE_LF,
    DATA,
    DATA_CR,
    DATA_LF,
    TRAILER,
    TRAILER_LINE,
    TRAILER_LF,
    LAST_LF,
};

static int after_digit(struct sl_http_chunked *chunked, char c)
{
    int digit = hex_value(c);

    if (digit >= 0) {
        if (++chunked->digits > CHUNK_DIGITS_MAX)
            return -EBADMSG;
        chunked->left = chunked->left << 4 | (uint64_t)digit;
        return 0;
    }
    if (chunked->digits == 0)
        return -EBADMSG;
    if (c == '\r')
        chunked->state = SIZE_LF;
    else if (c == ';' || is_blank(c))
        chunked->state = EXTENSION;
    else
        return -EBADMSG;
    return 0;
}

/* c must be want; then the state is next. */
static int expect(struct sl_http_chunked *chunked, char c, char want, enum chunked_state next)
{
    if (c != want)
        return -EBADMSG;
    chunked->state = next;
    return 0;
}

/* One byte that is not data; 1 at the end. */
static int chunked_byte(struct sl_http_chunked *chunked, char c)
{
    switch ((enum chunked_state)chunked->state) {
    case SIZE:
        return after_digit(chunked, c);
    case EXTENSION:
    case TRAILER_LINE:
        if (++chunked->overhead > CHUNKED_OVERHEAD_MAX || (is_control(c) && c != '\t' && c != '\r'))
            return -EBADMSG;
        if (c == '\r')
            chunked->state = chunked->state == EXTENSION ? SIZE_LF : TRAILER_LF;
        return 0;
    case SIZE_LF:
        chunked->digits = 0;
        return expect(chunked, c, '\n', chunked->left > 0 ? DATA : TRAILER);
    case DATA_CR:
        return expect(chunked, c, '\r', DATA_LF);
    case DATA_LF:
        return expect(chunked, c, '\n', SIZE);
    case TRAILER:
        if (c == '\r')
            chunked->state = LAST_LF;
        else if (is_control(c) || ++chunked->overhead > CHUNKED_OVERHEAD_MAX)
            return -EBADMSG;
        else
            chunked->state = TRAILER_LINE;
        return 0;
    case TRAILER_LF:
        return expect(chunked, c, '\n', TRAILER);
    case LAST_LF:
        return c == '\n' ? 1 : -EBADMSG;
    case DATA:
        break; /* taken by sl_http_chunked_feed() */
    }
    return -EBADMSG;
}

int sl_http_chunked_feed(struct sl_http_chunked *chunked, const uint8_t *in, size_t len,
                         size_t *used, const uint8_t **data, size_t *data_len)
{
    size_t i = 0;
    int result = 0;

    *data_len = 0;
    while (i < len && result == 0 && chunked->state != DATA)
        result = chunked_byte(chunked, (char)in[i++]);
    if (result == 0 && chunked->state == DATA && i < len) {
        *data = in + i;
        *data_len = len - i < chunked->left ? len - i : (size_t)chunked->left;
        chunked->left -= *data_len;
        i += *data_len;
        if (chunked->left == 0)
            chunked->state = DATA_CR;
    }
    *used = i;
    return result;
}
