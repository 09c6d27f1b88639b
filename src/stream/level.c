/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Equal lengths. Datagrams for one player leave as one message when they are of one length and only
 * the last is shorter (UDP_SEGMENT); browsers split a picture into parts of equal length, but for
 * one octet, the shorter ones first. A message more costs each player 1.3 us and more, an octet of
 * padding (RFC 3550 section 5.1) less than a nanosecond: what is a few octets short is padded, once
 * for all players.
 */
#include "stream/internal.h"

#include <string.h>

/* 1.5 % of a video packet. On the processor it would pay up to a few hundred octets a picture; the
 * bound is for the players' networks. It also covers SL_ORIENTATION_EXT_LEN. */
enum { PADDING_MAX = 16 };

/* Header extension and payload. */
static size_t len_of(const struct sl_rtp_packet *packet)
{
    return packet->payload_len +
           (packet->orientation == SL_ORIENTATION_NONE ? 0U : SL_ORIENTATION_EXT_LEN);
}

static void pad(struct sl_rtp_packet *packet, size_t len)
{
    size_t padding = len - len_of(packet);

    /* A payload of nothing stays that: it is a source's own padding, and nobody needs it. */
    if (padding == 0 || packet->payload_len == 0 ||
        padding > (size_t)(SL_PACKET_PAYLOAD_MAX - packet->payload_len))
        return;
    memset(packet->payload + packet->payload_len, 0, padding - 1);
    packet->payload[packet->payload_len + padding - 1] = (uint8_t)padding;
    packet->padding = (uint8_t)padding;
}

/* From the first packet on: those that padding can make equal. */
static size_t run_of(struct sl_rtp_packet *const *packets, size_t count, size_t *longest)
{
    size_t shortest = len_of(packets[0]), run = 1;

    *longest = shortest;
    for (; run < count; run++) {
        size_t len = len_of(packets[run]);
        if (len > shortest + PADDING_MAX || len + PADDING_MAX < *longest)
            break;
        shortest = len < shortest ? len : shortest;
        *longest = len > *longest ? len : *longest;
    }
    return run;
}

void sl_level_batch(struct sl_rtp_packet *const *packets, size_t count, bool followed)
{
    for (size_t first = 0; first < count;) {
        size_t longest, end = first + run_of(packets + first, count - first, &longest);
        /* What is much shorter ends the message. */
        bool ended = end < count && len_of(packets[end]) < longest;
        bool all = ended || (followed && end == count);

        for (size_t i = first; i < end; i++) {
            if (all || i + 1 < end)
                pad(packets[i], longest);
        }
        first = end + (ended ? 1 : 0);
    }
}
