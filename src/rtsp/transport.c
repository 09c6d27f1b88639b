/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Offers, separated by commas; their parameters, separated by semicolons. */
#include "rtsp/transport.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { OFFER_MAX = 512, OFFERS_MAX = 16, CHANNELS = 256 };

/* One offer as it is read. */
struct offer {
    struct sl_rtsp_transport transport;
    bool multicast, foreign, records;
    bool has_ports, has_channels;
};

/* "a-b" or "a", which means a and the next one. */
static bool read_pair(const char *text, unsigned max, unsigned out[2])
{
    size_t digits = strspn(text, "0123456789");

    if (digits == 0 || digits > 5)
        return false;
    out[0] = (unsigned)strtoul(text, NULL, 10);
    out[1] = out[0] + 1;
    text += digits;
    if (*text == '-') {
        digits = strspn(++text, "0123456789");
        if (digits == 0 || digits > 5)
            return false;
        out[1] = (unsigned)strtoul(text, NULL, 10);
        text += digits;
    }
    return !*text && out[0] <= max && out[1] <= max && out[0] != out[1];
}

static bool read_ports(const char *text, struct offer *offer)
{
    unsigned pair[2];

    if (!read_pair(text, UINT16_MAX, pair) || pair[0] == 0 || pair[1] == 0)
        return false;
    offer->transport.client_port = (uint16_t)pair[0];
    offer->transport.client_rtcp_port = (uint16_t)pair[1];
    offer->has_ports = true;
    return true;
}

static bool read_channels(const char *text, struct offer *offer)
{
    unsigned pair[2];

    if (!read_pair(text, CHANNELS - 1, pair))
        return false;
    offer->transport.channel = (uint8_t)pair[0];
    offer->transport.rtcp_channel = (uint8_t)pair[1];
    offer->has_channels = true;
    return true;
}

static bool is_foreign(const char *text, const struct sl_addr *peer)
{
    struct sl_addr addr;

    return *text && (sl_addr_parse_ip(text, 0, &addr) < 0 || !sl_addr_same_ip(&addr, peer));
}

static bool read_parameter(char *text, const struct sl_addr *peer, struct offer *offer)
{
    char *value = strchr(text, '=');

    if (value)
        *value++ = '\0';
    else
        value = text + strlen(text);
    if (strcasecmp(text, "multicast") == 0)
        offer->multicast = true;
    else if (strcasecmp(text, "destination") == 0)
        offer->foreign = is_foreign(value, peer);
    else if (strcasecmp(text, "client_port") == 0)
        return read_ports(value, offer);
    else if (strcasecmp(text, "interleaved") == 0)
        return read_channels(value, offer);
    else if (strcasecmp(text, "mode") == 0)
        offer->records = strcasecmp(value, "PLAY") != 0 && strcasecmp(value, "\"PLAY\"") != 0;
    return true; /* others are not for us */
}

static enum sl_rtsp_lower lower_of(const char *spec)
{
    if (strcasecmp(spec, "RTP/AVP/TCP") == 0)
        return SL_RTSP_TCP;
    return strcasecmp(spec, "RTP/AVP") == 0 || strcasecmp(spec, "RTP/AVP/UDP") == 0 ? SL_RTSP_UDP
                                                                                    : SL_RTSP_ANY;
}

static bool is_taken(const struct sl_rtsp_transport *other, unsigned channel)
{
    return other && (other->channel == channel || other->rtcp_channel == channel);
}

/* The player's choice, or the first two that are free (section 12.39). */
static void settle_channels(struct offer *offer, const struct sl_rtsp_transport *other)
{
    unsigned first = 0;

    if (offer->has_channels && !is_taken(other, offer->transport.channel) &&
        !is_taken(other, offer->transport.rtcp_channel))
        return;
    while (is_taken(other, first) || is_taken(other, first + 1))
        first += 2;
    offer->transport.channel = (uint8_t)first;
    offer->transport.rtcp_channel = (uint8_t)(first + 1);
}

/* 0: it is taken. */
static int read_offer(char *text, const struct sl_rtsp_transport_wish *wish,
                      struct sl_rtsp_transport *out)
{
    struct offer offer = {.multicast = false};
    char *rest = NULL, *part = strtok_r(text, "; \t", &rest);

    if (!part)
        return -EBADMSG;
    offer.transport.lower = lower_of(part);
    while ((part = strtok_r(NULL, "; \t", &rest))) {
        if (!read_parameter(part, wish->peer, &offer))
            return -EBADMSG;
    }
    if (offer.transport.lower == SL_RTSP_ANY || offer.multicast || offer.foreign || offer.records ||
        (wish->lower != SL_RTSP_ANY && wish->lower != offer.transport.lower))
        return -EPROTONOSUPPORT;
    if (offer.transport.lower == SL_RTSP_UDP && !offer.has_ports)
        return -EPROTONOSUPPORT;
    if (offer.transport.lower == SL_RTSP_TCP)
        settle_channels(&offer, wish->other);
    *out = offer.transport;
    return 0;
}

int sl_rtsp_transport_choose(const char *header, const struct sl_rtsp_transport_wish *wish,
                             struct sl_rtsp_transport *out)
{
    int err = -EBADMSG;

    for (size_t i = 0; i < OFFERS_MAX && err < 0 && *header; i++) {
        char text[OFFER_MAX];
        size_t len = strcspn(header, ",");
        if (len >= sizeof(text))
            return -EBADMSG;
        memcpy(text, header, len);
        text[len] = '\0';
        err = read_offer(text, wish, out);
        header += len + (header[len] == ',');
    }
    return err;
}

const char *sl_rtsp_transport_build(const struct sl_rtsp_transport *transport, uint16_t server_port,
                                    uint32_t ssrc, char out[static SL_RTSP_TRANSPORT_TEXT_MAX])
{
    if (transport->lower == SL_RTSP_TCP)
        (void)snprintf(out, SL_RTSP_TRANSPORT_TEXT_MAX,
                       "RTP/AVP/TCP;unicast;interleaved=%u-%u;ssrc=%08X;mode=\"PLAY\"",
                       transport->channel, transport->rtcp_channel, ssrc);
    else
        (void)snprintf(out, SL_RTSP_TRANSPORT_TEXT_MAX,
                       "RTP/AVP;unicast;client_port=%u-%u;server_port=%u-%u;ssrc=%08X;"
                       "mode=\"PLAY\"",
                       transport->client_port, transport->client_rtcp_port, server_port,
                       server_port + 1U, ssrc);
    return out;
}
