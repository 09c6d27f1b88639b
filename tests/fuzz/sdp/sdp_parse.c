/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any text as an offer. What parses and negotiates is answered with the same sections, and the
 * answer parses again; no line of it holds a control character. */
#include "base/addr.h"
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

static void check_lines(const char *text, size_t len)
{
    check(len > 2 && text[len - 2] == '\r' && text[len - 1] == '\n');
    for (size_t i = 0; i < len; i++) {
        bool line_end = (text[i] == '\r' && text[i + 1] == '\n') ||
                        (text[i] == '\n' && i > 0 && text[i - 1] == '\r');
        check(line_end || (text[i] >= 0x20 && text[i] < 0x7f));
    }
}

/* WS-24: number, order, kind and mid of the sections are the offer's. */
static void check_sections(const struct sl_sdp *offer, const struct sl_negotiation *n,
                           const struct sl_sdp *answer)
{
    check(answer->section_count == offer->section_count);
    for (size_t i = 0; i < offer->section_count; i++) {
        const struct sl_sdp_section *o = &offer->sections[i], *a = &answer->sections[i];
        bool accepted = i < n->media_count && n->media[i].accepted;
        check(strcmp(o->kind, a->kind) == 0 && strcmp(o->proto, a->proto) == 0);
        check(strcmp(o->mid, a->mid) == 0);
        check(accepted ? a->port != 0 : a->port == 0 || (a->port == 9 && a->candidate_count == 0));
        check(i >= SL_SDP_MEDIA_MAX || n->plain ||
              (a->fingerprint[0] && a->ufrag[0] && a->pwd[0] && a->setup == SL_SDP_PASSIVE));
        check(i >= SL_SDP_MEDIA_MAX || a->port == 0 || a->rtcp_mux);
        check(!accepted || n->media[i].layer_count <= o->rid_count);
        check(!accepted || n->media[i].layer_count != 1);
        check(!accepted || !n->plain ||
              (a->crypto_count > 0) == (o->crypto_count > 0 && strstr(o->proto, "SAVP")));
        for (size_t j = 0; j < a->format_count; j++) { /* WS-25 */
            bool offered = false;
            for (size_t k = 0; k < o->format_count; k++)
                offered |= o->formats[k].payload_type == a->formats[j].payload_type;
            check(offered || o->malformed); /* a format has to stand there */
        }
    }
}

static void check_answer(const struct sl_sdp *offer, struct sl_negotiation *n)
{
    static char text[SL_SDP_TEXT_MAX];
    struct sl_addr addr;
    struct sl_sdp *answer = NULL;
    struct sl_sdp_answer_config config = {
        .product = "Sluice",
        .version = "0",
        .fingerprint = "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:"
                       "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF",
        .setup = SL_SDP_PASSIVE,
        .cname_id = "a\r\nb",
        .max_bitrate_kbps = 1000,
    };

    check(sl_addr_parse_ip("192.0.2.1", 31000, &addr) == 0);
    for (size_t i = 0; i < SL_MEDIA_TRANSPORTS_MAX; i++) {
        struct sl_sdp_local_transport *transport = &config.transports[i];
        memcpy(transport->ufrag, "abcd", 5);
        memcpy(transport->pwd, "abcdefghijklmnopqrstuv", 23);
        transport->candidates = &addr;
        transport->candidate_count = 1;
        transport->udp = true;
        transport->crypto = &n->transports[i].crypto;
    }
    for (size_t i = 0; i < n->media_count; i++) {
        check(n->media[i].transport < SL_MEDIA_TRANSPORTS_MAX);
        n->media[i].local_ssrc = n->media[i].local_rtx_ssrc = (uint32_t)i + 1;
    }
    int len = sl_sdp_build_answer(offer, n, &config, text, sizeof(text));
    check(len > 0);
    check_lines(text, (size_t)len);
    check(sl_sdp_parse(text, (size_t)len, &answer, NULL) == 0);
    check_sections(offer, n, answer);
    sl_sdp_free(answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const enum sl_codec codecs[] = {SL_CODEC_OPUS, SL_CODEC_PCMA, SL_CODEC_PCMU,
                                           SL_CODEC_G722, SL_CODEC_H264, SL_CODEC_VP8,
                                           SL_CODEC_VP9,  SL_CODEC_AV1};
    static const enum sl_codec telephony[] = {SL_CODEC_PCMA, SL_CODEC_AAC, SL_CODEC_H264,
                                              SL_CODEC_TELEPHONE_EVENT};
    static const struct sl_source_codec audio[] = {{.codec = SL_CODEC_OPUS, .fmtp = ""},
                                                   {.codec = SL_CODEC_PCMU, .fmtp = ""}};
    static const struct sl_source_codec video[] = {
        {.codec = SL_CODEC_H264, .fmtp = "packetization-mode=1;profile-level-id=42e01f"},
        {.codec = SL_CODEC_VP8}};
    static const struct sl_negotiate_config configs[] = {
        {.direction = SL_SDP_RECVONLY,
         .allow_bundle = true,
         .video_orientation = true,
         .simulcast = true,
         .rtx = true,
         .codecs = codecs,
         .codec_count = SL_ARRAY_LEN(codecs)},
        {.direction = SL_SDP_RECVONLY, .codecs = codecs, .codec_count = SL_ARRAY_LEN(codecs)},
        {.direction = SL_SDP_SENDONLY,
         .allow_bundle = true,
         .rtx = true,
         .audio = audio,
         .audio_count = SL_ARRAY_LEN(audio),
         .video = video,
         .video_count = SL_ARRAY_LEN(video)},
        {.direction = SL_SDP_SENDONLY, .allow_bundle = true, .video = video, .video_count = 1},
        {.direction = SL_SDP_SENDRECV,
         .allow_bundle = true,
         .codecs = codecs,
         .codec_count = SL_ARRAY_LEN(codecs),
         .audio = audio,
         .audio_count = SL_ARRAY_LEN(audio)},
        {.direction = SL_SDP_SENDRECV,
         .plain = true,
         .codecs = telephony,
         .codec_count = SL_ARRAY_LEN(telephony),
         .video = video,
         .video_count = SL_ARRAY_LEN(video)},
    };
    static struct sl_negotiation n;
    struct sl_error error = {""};
    struct sl_sdp *offer = NULL;

    if (sl_sdp_parse((const char *)data, len, &offer, &error) < 0) {
        check(!offer && error.text[0] != '\0');
        return 0;
    }
    for (size_t i = 0; i < SL_ARRAY_LEN(configs); i++)
        if (sl_sdp_negotiate(offer, &configs[i], &n, &error) == 0)
            check_answer(offer, &n);
    sl_sdp_free(offer);
    return 0;
}
