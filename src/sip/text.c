/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Texts out of SIP messages and into them. */
#include "sip/internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void sl_sip_add(struct sl_buffer *out, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    uint8_t *room = len < 0 ? NULL : sl_buffer_extend(out, (size_t)len + 1);
    if (!room)
        return; /* the buffer says so */
    va_start(args, format);
    (void)vsnprintf((char *)room, (size_t)len + 1, format, args);
    va_end(args);
    out->len--; /* without the NUL */
}

/* How many bytes the character at text has; 0: it is none (RFC 3629 section 4). */
static size_t character_len(const unsigned char *text, size_t len)
{
    static const struct {
        unsigned char first, last, second_from, second_to, len;
    } rows[] = {
        {0x01, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(rows); i++) {
        if (text[0] < rows[i].first || text[0] > rows[i].last)
            continue;
        if (len < rows[i].len ||
            (rows[i].len > 1 && (text[1] < rows[i].second_from || text[1] > rows[i].second_to)))
            return 0;
        for (size_t j = 2; j < rows[i].len; j++) {
            if (text[j] < 0x80 || text[j] > 0xbf)
                return 0;
        }
        return rows[i].len;
    }
    return 0;
}

char *sl_sip_valid_text(const char *bytes, size_t len)
{
    static const char replacement[] = "\xef\xbf\xbd";
    size_t written = 0;

    if (len > SL_SIP_RAW_MAX)
        len = SL_SIP_RAW_MAX;
    char *out = sl_alloc(3 * len + 1);
    for (size_t i = 0; i < len;) {
        size_t taken = character_len((const unsigned char *)bytes + i, len - i);
        memcpy(out + written, taken ? bytes + i : replacement, taken ? taken : 3);
        written += taken ? taken : 3;
        i += taken ? taken : 1;
    }
    out[written] = '\0';
    return out;
}

char *sl_sip_raw_text(const struct sip_msg *msg)
{
    const char *begin = msg->req ? msg->met.p : msg->ver.p;
    const char *end = (const char *)msg->mb->buf + msg->mb->end;

    return sl_sip_valid_text(begin, (size_t)(end - begin));
}

char *sl_sip_body(const struct sip_msg *msg, const char *type, const char *subtype)
{
    size_t len = mbuf_get_left(msg->mb);

    if (len == 0 || !msg_ctype_cmp(&msg->ctyp, type, subtype))
        return NULL;
    return sl_sip_valid_text((const char *)mbuf_buf(msg->mb), len);
}

char *sl_sip_dup(const struct pl *pl)
{
    return pl->p ? sl_sip_valid_text(pl->p, pl->l) : sl_strdup("");
}

/* The value of the first such header; of what a body says nothing is left out. */
static char *without_value(char *text, const char *name)
{
    static const char masked[] = "Digest ...";
    const char *head_end = strstr(text, "\r\n\r\n"), *header = strstr(text, name);

    if (!header || (head_end && header > head_end))
        return text;
    const char *value = header + strlen(name), *end = strstr(value, "\r\n");
    if (!end) /* it was cut there */
        end = value + strlen(value);
    size_t before = (size_t)(value - text), after = strlen(end);
    char *out = sl_alloc(before + sizeof(masked) + after);
    memcpy(out, text, before);
    memcpy(out + before, masked, sizeof(masked) - 1);
    memcpy(out + before + sizeof(masked) - 1, end, after);
    free(text);
    return out;
}

char *sl_sip_without_credentials(const char *bytes, size_t len)
{
    char *text = sl_sip_valid_text(bytes, len);

    text = without_value(text, "\r\nAuthorization: ");
    return without_value(text, "\r\nProxy-Authorization: ");
}

void *sl_sip_message(const struct sip_msg *msg)
{
    union {
        const struct sip_msg *given;
        void *counted;
    } message = {.given = msg};

    return message.counted;
}

const char *sl_sip_reason(int code)
{
    static const struct {
        int code;
        const char *reason;
    } rows[] = {
        {202, "Accepted"},
        {400, "Bad Request"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {415, "Unsupported Media Type"},
        {416, "Unsupported URI Scheme"},
        {420, "Bad Extension"},
        {422, "Session Interval Too Small"},
        {480, "Temporarily Unavailable"},
        {481, "Call/Transaction Does Not Exist"},
        {486, "Busy Here"},
        {487, "Request Terminated"},
        {488, "Not Acceptable Here"},
        {489, "Bad Event"},
        {491, "Request Pending"},
        {500, "Server Internal Error"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
        {603, "Decline"},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(rows); i++) {
        if (rows[i].code == code)
            return rows[i].reason;
    }
    return "Failure";
}
