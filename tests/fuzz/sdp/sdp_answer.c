/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any text as the answer to an offer of ours. What is accepted speaks only the offer's codecs, and
 * each flowing section has a transport to reach. */
#include "base/error.h"
#include "base/mem.h"
#include "sdp/sdp.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static const struct sl_sdp_format *find(const struct sl_sdp_section *section, int payload_type)
{
    for (size_t i = 0; i < section->format_count; i++)
        if (section->formats[i].payload_type == payload_type)
            return &section->formats[i];
    return NULL;
}

static void check_media(const struct sl_sdp_section *offered, const struct sl_negotiation *n,
                        const struct sl_media *media)
{
    if (!media->accepted)
        return;
    check(media->transport < n->transport_count);
    check(strcmp(media->mid, offered->mid) == 0);
    check(media->direction == SL_SDP_INACTIVE || media->codec_count > 0);
    for (size_t i = 0; i < media->codec_count; i++) {
        const struct sl_media_codec *codec = &media->codecs[i];
        const struct sl_sdp_format *format = find(offered, codec->payload_type);
        check(format && sl_codec_from_name(format->name) == codec->codec);
        check(codec->rtx_payload_type < 0 || find(offered, codec->rtx_payload_type));
        check(format->nack || !codec->nack);
    }
}

static struct sl_sdp *own_offer(bool publishing)
{
    const struct sl_sdp_offer_config config = {
        .audio = true,
        .video = true,
        .direction = publishing ? SL_SDP_SENDONLY : SL_SDP_RECVONLY,
        .ufrag = "abcd",
        .pwd = "abcdefghijklmnopqrstuv",
        .fingerprint = "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:"
                       "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF",
        .audio_ssrc = 1,
        .video_ssrc = 2,
        .video_rtx_ssrc = 3,
        .cname = "fuzz",
    };
    char text[8192];
    struct sl_sdp *offer = NULL;
    int len = sl_sdp_build_offer(&config, text, sizeof(text));

    check(len > 0 && sl_sdp_parse(text, (size_t)len, &offer, NULL) == 0);
    return offer;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct sl_sdp *offers[2]; /* made once, kept to the end */
    static struct sl_negotiation n;
    struct sl_sdp *answer = NULL;

    for (int publishing = 0; publishing <= 1; publishing++)
        if (!offers[publishing])
            offers[publishing] = own_offer(publishing);
    if (sl_sdp_parse((const char *)data, len, &answer, NULL) < 0)
        return 0;
    for (int publishing = 0; publishing <= 1; publishing++) {
        const struct sl_sdp *offer = offers[publishing];
        struct sl_error error = {""};
        if (sl_sdp_accept_answer(offer, answer, &n, &error) < 0) {
            check(error.text[0] != '\0');
            continue;
        }
        check(n.transport_count > 0 && n.media_count == offer->section_count);
        for (size_t i = 0; i < n.transport_count; i++)
            check(n.transports[i].remote_setup == SL_SDP_ACTIVE ||
                  n.transports[i].remote_setup == SL_SDP_PASSIVE);
        for (size_t i = 0; i < n.media_count; i++)
            check_media(&offer->sections[i], &n, &n.media[i]);
    }
    sl_sdp_free(answer);
    return 0;
}
