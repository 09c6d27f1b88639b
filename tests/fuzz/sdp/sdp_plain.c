/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any text as what a telephone says: as an offer to be answered, and as the answer to ours, without
 * ICE. What is answered can be read again, and what is accepted has a port to send to. */
#include "base/addr.h"
#include "base/error.h"
#include "sdp/sdp.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const struct sl_source_codec sound[] = {{.codec = SL_CODEC_OPUS}, {.codec = SL_CODEC_PCMA}};

static void check(bool holds)
{
    if (!holds)
        abort();
}

static struct sl_sdp *own_offer(const char *profile)
{
    struct sl_addr addr;
    struct sl_sdp_offer_config config = {
        .audio = true,
        .plain = profile,
        .direction = SL_SDP_SENDRECV,
        .product = "fuzz",
        .session_id_ms = 1,
        .audio_codecs = sound,
        .audio_codec_count = sizeof(sound) / sizeof(*sound),
    };
    char text[8192];
    struct sl_sdp *offer = NULL;

    check(sl_addr_parse_ip("192.0.2.1", 40000, &addr) == 0);
    config.transports[SL_AUDIO].candidates = &addr;
    config.transports[SL_AUDIO].candidate_count = 1;
    config.transports[SL_AUDIO].rtcp_port = 40001;
    int length = sl_sdp_build_offer(&config, text, sizeof(text));
    check(length > 0 && sl_sdp_parse(text, (size_t)length, &offer, NULL) == 0);
    return offer;
}

static void check_negotiation(const struct sl_sdp *offer, const struct sl_negotiation *n)
{
    check(n->plain && n->media_count <= offer->section_count);
    for (size_t i = 0; i < n->media_count; i++) {
        const struct sl_media *media = &n->media[i];
        if (!media->accepted)
            continue;
        check(media->transport < n->transport_count);
        const struct sl_media_transport *transport = &n->transports[media->transport];
        check(transport->port > 0 && transport->rtcp_port > 0);
        check(memchr(transport->address, '\0', sizeof(transport->address)));
        for (size_t j = 0; j < media->codec_count; j++)
            check(media->codecs[j].payload_type < 128);
    }
}

static void answer_it(const struct sl_sdp *theirs)
{
    static const enum sl_codec codecs[] = {SL_CODEC_OPUS, SL_CODEC_PCMA, SL_CODEC_H264};
    static struct sl_negotiation n;
    static char text[SL_SDP_TEXT_MAX];
    const struct sl_negotiate_config config = {
        .direction = SL_SDP_SENDRECV,
        .plain = true,
        .codecs = codecs,
        .codec_count = sizeof(codecs) / sizeof(*codecs),
        .audio = sound,
        .audio_count = sizeof(sound) / sizeof(*sound),
    };
    struct sl_error error = {""};
    struct sl_addr addr;
    struct sl_sdp_answer_config answer = {
        .product = "fuzz", .version = "1", .session_id_ms = 1, .cname_id = "call"};
    struct sl_sdp *again = NULL;

    if (sl_sdp_negotiate(theirs, &config, &n, &error) < 0) {
        check(error.text[0] != '\0');
        return;
    }
    check_negotiation(theirs, &n);
    check(sl_addr_parse_ip("192.0.2.1", 40000, &addr) == 0);
    for (size_t i = 0; i < SL_MEDIA_TRANSPORTS_MAX; i++) {
        answer.transports[i].candidates = &addr;
        answer.transports[i].candidate_count = 1;
        answer.transports[i].rtcp_port = 40001;
    }
    int length = sl_sdp_build_answer(theirs, &n, &answer, text, sizeof(text));
    check(length > 0 && sl_sdp_parse(text, (size_t)length, &again, NULL) == 0);
    check(again->section_count == theirs->section_count);
    sl_sdp_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct sl_sdp *offers[2]; /* made once, kept to the end */
    static struct sl_negotiation n;
    struct sl_sdp *theirs = NULL;
    struct sl_error error = {""};

    if (!offers[0]) {
        offers[0] = own_offer("RTP/AVP");
        offers[1] = own_offer("RTP/SAVP");
    }
    if (sl_sdp_parse((const char *)data, len, &theirs, NULL) < 0)
        return 0;
    answer_it(theirs);
    for (size_t i = 0; i < 2; i++) {
        if (sl_sdp_accept_answer(offers[i], theirs, &n, &error) == 0)
            check_negotiation(offers[i], &n);
    }
    sl_sdp_free(theirs);
    return 0;
}
