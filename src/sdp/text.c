/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bounded writing of lines. */
#include "sdp/text.h"

#include "base/addr.h"
#include "base/base64.h"

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

void sl_text_address(struct sl_text *text, const struct sl_sdp_local_transport *transport)
{
    char ip[SL_ADDR_TEXT_MAX] = "0.0.0.0";
    bool v4 = true;

    if (transport->candidate_count > 0) {
        sl_addr_format_ip(&transport->candidates[0], ip);
        v4 = sl_addr_is_v4(&transport->candidates[0]);
    }
    sl_text_add(text, "IN %s %s", v4 ? "IP4" : "IP6", ip);
}

/* Host candidates: type preference 126, component 1, and a local preference that falls from line to
 * line (RFC 8445 section 5.1.2.1); TCP ones passive (RFC 6544 section 4.5) and behind UDP. */
void sl_text_candidates(struct sl_text *text, const struct sl_sdp_local_transport *transport)
{
    unsigned foundation = 0;

    for (int tcp = 0; tcp <= 1; tcp++) {
        if (!(tcp ? transport->tcp : transport->udp))
            continue;
        for (size_t i = 0; i < transport->candidate_count; i++) {
            const struct sl_addr *addr = &transport->candidates[i];
            char ip[SL_ADDR_TEXT_MAX];
            unsigned priority = 126U << 24 | (65535U - foundation % 65536) << 8 | 255U;
            foundation++;
            sl_text_line(text, "a=candidate:%u 1 %s %u %s %u typ host%s", foundation,
                         tcp ? "tcp" : "udp", priority, sl_addr_format_ip(addr, ip), addr->port,
                         tcp ? " tcptype passive" : "");
        }
    }
    sl_text_line(text, "a=end-of-candidates");
}

void sl_text_plain_transport(struct sl_text *text, const struct sl_sdp_local_transport *transport)
{
    const struct sl_sdp_crypto *crypto = transport->crypto;

    if (transport->rtcp_port == 0)
        sl_text_line(text, "a=rtcp-mux");
    else
        sl_text_line(text, "a=rtcp:%u", transport->rtcp_port);
    if (crypto && crypto->suite != SL_SDP_NO_SUITE) {
        char key[SL_BASE64_ROOM(SL_SDP_CRYPTO_KEY_MAX)];
        sl_base64_encode(crypto->key, sl_sdp_suite_key_len(crypto->suite), key);
        sl_text_line(text, "a=crypto:%u %s inline:%s", crypto->tag,
                     sl_sdp_suite_name(crypto->suite), key);
    }
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
