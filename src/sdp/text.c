/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bounded writing of lines. */
#include "sdp/text.h"

#include "sdp/span.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 2, 0))) static void add(struct sl_text *text, const char *format,
                                                      va_list args)
{
    size_t room = text->size - text->len;

    if (!text->ok)
        return;
    int len = vsnprintf(text->out + text->len, room, format, args);
    if (len < 0 || (size_t)len >= room)
        text->ok = false;
    else
        text->len += (size_t)len;
}

void sl_text_add(struct sl_text *text, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add(text, format, args);
    va_end(args);
}

void sl_text_end_line(struct sl_text *text)
{
    sl_text_add(text, "\r\n");
}

void sl_text_line(struct sl_text *text, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add(text, format, args);
    va_end(args);
    sl_text_end_line(text);
}

void sl_text_rtpmap(struct sl_text *text, unsigned payload_type, const char *name,
                    uint32_t clock_hz, unsigned channels)
{
    sl_text_add(text, "a=rtpmap:%u %s/%u", payload_type, name, clock_hz);
    if (channels > 1)
        sl_text_add(text, "/%u", channels);
    sl_text_end_line(text);
}

void sl_text_codec_rtpmap(struct sl_text *text, unsigned payload_type, enum sl_codec codec)
{
    /* opus is always written with two channels (RFC 7587 section 7) */
    sl_text_rtpmap(text, payload_type, sl_codec_name(codec), sl_codec_clock_hz(codec),
                   codec == SL_CODEC_OPUS ? 2 : 1);
}

void sl_text_direction(struct sl_text *text, enum sl_sdp_direction direction)
{
    static const char *const names[] = {
        [SL_SDP_SENDRECV] = "sendrecv",
        [SL_SDP_SENDONLY] = "sendonly",
        [SL_SDP_RECVONLY] = "recvonly",
        [SL_SDP_INACTIVE] = "inactive",
    };

    sl_text_line(text, "a=%s", names[direction]);
}

int sl_text_result(const struct sl_text *text)
{
    return text->ok ? (int)text->len : -ENOBUFS;
}

void sl_text_id(const char *from, char out[static SL_TEXT_ID_MAX + 1])
{
    size_t len = 0;

    for (; from[len] != '\0' && len < SL_TEXT_ID_MAX; len++)
        out[len] = sl_is_token_char(from[len]) ? from[len] : '_';
    out[len] = '\0';
    if (len == 0 || strcmp(out, "-") == 0)
        memcpy(out, "_", 2);
}
