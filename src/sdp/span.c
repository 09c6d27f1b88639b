/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pieces of text: comparing, cutting, numbers, character classes. */
#include "sdp/span.h"

#include <string.h>
#include <strings.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

bool sl_span_is(struct sl_span span, const char *text)
{
    return span.len == strlen(text) && memcmp(span.at, text, span.len) == 0;
}

bool sl_span_is_nocase(struct sl_span span, const char *text)
{
    return span.len == strlen(text) && strncasecmp(span.at, text, span.len) == 0;
}

bool sl_span_contains(struct sl_span span, const char *text)
{
    return memmem(span.at, span.len, text, strlen(text)) != NULL;
}

struct sl_span sl_span_cut(struct sl_span *rest, char separator)
{
    struct sl_span head = *rest;
    const char *end = rest->len > 0 ? memchr(rest->at, separator, rest->len) : NULL;

    if (end)
        head.len = (size_t)(end - rest->at);
    rest->at += head.len + (end ? 1 : 0);
    rest->len -= head.len + (end ? 1 : 0);
    return head;
}

struct sl_span sl_span_trim(struct sl_span span)
{
    while (span.len > 0 && is_blank(span.at[0])) {
        span.at++;
        span.len--;
    }
    while (span.len > 0 && is_blank(span.at[span.len - 1]))
        span.len--;
    return span;
}

struct sl_span sl_span_word(struct sl_span *rest)
{
    struct sl_span trimmed = sl_span_trim(*rest);
    struct sl_span word = {trimmed.at, 0};

    while (word.len < trimmed.len && !is_blank(trimmed.at[word.len]))
        word.len++;
    rest->at = trimmed.at + word.len;
    rest->len = trimmed.len - word.len;
    return word;
}

bool sl_span_number(struct sl_span span, uint32_t max, uint32_t *out)
{
    uint64_t value = 0;

    if (span.len == 0 || span.len > 10)
        return false;
    for (size_t i = 0; i < span.len; i++) {
        if (span.at[i] < '0' || span.at[i] > '9')
            return false;
        value = value * 10 + (uint64_t)(span.at[i] - '0');
    }
    if (value > max)
        return false;
    *out = (uint32_t)value;
    return true;
}

bool sl_is_token_char(char c)
{
    static const char others[] = "!#$%&'*+-.^_`{|}~";

    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c != '\0' && strchr(others, c));
}

bool sl_span_is_token(struct sl_span span)
{
    for (size_t i = 0; i < span.len; i++)
        if (!sl_is_token_char(span.at[i]))
            return false;
    return span.len > 0;
}

bool sl_span_is_printable(struct sl_span span)
{
    for (size_t i = 0; i < span.len; i++)
        if (span.at[i] < 0x20 || span.at[i] > 0x7e)
            return false;
    return true;
}

bool sl_span_copy(struct sl_span span, char *out, size_t size)
{
    if (span.len >= size)
        return false;
    memcpy(out, span.at, span.len);
    out[span.len] = '\0';
    return true;
}
