/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Choosing codecs, feedback, extensions and transports for an offer; reading an answer to ours. */
#include "offers.h"

#include "base/mem.h"

#include <errno.h>
#include <stdio.h>

static const enum sl_codec default_codecs[] = {
    SL_CODEC_OPUS, SL_CODEC_PCMA, SL_CODEC_PCMU, SL_CODEC_G722, SL_CODEC_H264, SL_CODEC_VP8,
};

static const struct sl_negotiate_config publisher = {.direction = SL_SDP_RECVONLY,
                                                     .allow_bundle = true,
                                                     .rtx = true,
                                                     .codecs = default_codecs,
                                                     .codec_count = SL_ARRAY_LEN(default_codecs)};

static const struct sl_source_codec opus[] = {{.codec = SL_CODEC_OPUS, .fmtp = ""}};
static const struct sl_source_codec h264[] = {
    {.codec = SL_CODEC_H264, .fmtp = H264_FMTP("1", "42e01f")}};

static const struct sl_negotiate_config player = {.direction = SL_SDP_SENDONLY,
                                                  .allow_bundle = true,
                                                  .rtx = true,
                                                  .audio = opus,
                                                  .audio_count = 1,
                                                  .video = h264,
                                                  .video_count = 1};

/* What must succeed; the caller frees *sdp. The negotiation is static: it is large. */
static const struct sl_negotiation *negotiated(struct sl_sdp *sdp,
                                               const struct sl_negotiate_config *config)
{
    static struct sl_negotiation n;
    struct sl_error error = {""};
    int err = sl_sdp_negotiate(sdp, config, &n, &error);

    if (err != 0)
        fail_msg("%d: %s", err, error.text);
    return &n;
}

/* "111 8 9 / 97": payload types and their rtx. */
static const char *list_of(const struct sl_media *media)
{
    static char text[256];
    int len = 0;

    text[0] = '\0';
    for (size_t i = 0; i < media->codec_count; i++) {
        len += snprintf(text + len, sizeof(text) - (size_t)len, i ? " %u" : "%u",
                        media->codecs[i].payload_type);
        if (media->codecs[i].rtx_payload_type >= 0)
            len += snprintf(text + len, sizeof(text) - (size_t)len, "/%d",
                            media->codecs[i].rtx_payload_type);
    }
    return text;
}

/* WS-25 */
static void answers_a_publisher_in_the_configured_order(void **state)
{
    (void)state;
    static const enum sl_codec vp8_first[] = {SL_CODEC_VP8, SL_CODEC_H264, SL_CODEC_OPUS};
    static const enum sl_codec ulaw_first[] = {SL_CODEC_PCMU, SL_CODEC_PCMA, SL_CODEC_OPUS,
                                               SL_CODEC_VP8};
    static const enum sl_codec modern[] = {SL_CODEC_AV1, SL_CODEC_VP9, SL_CODEC_VP8, SL_CODEC_G722};
    static const struct {
        const char *why;
        const enum sl_codec *codecs;
        size_t count;
        const char *from, *to, *audio, *video;
    } cases[] = {
        {"defaults as the original answers", default_codecs, SL_ARRAY_LEN(default_codecs), "", "",
         "111 8 9", "102/103 108/109 116/117 104/107 114/115 39/40 96/97"},
        {"PCMU only without PCMA", default_codecs, SL_ARRAY_LEN(default_codecs),
         " 111 63 9 0 8 13 ", " 111 63 9 0 13 ", "111 0 9",
         "102/103 108/109 116/117 104/107 114/115 39/40 96/97"},
        {"VP8 preferred", vp8_first, SL_ARRAY_LEN(vp8_first), "", "", "111",
         "96/97 102/103 108/109 116/117 104/107 114/115 39/40"},
        {"mu-law preferred", ulaw_first, SL_ARRAY_LEN(ulaw_first), "", "", "0 111", "96/97"},
        {"AV1 and VP9 when configured", modern, SL_ARRAY_LEN(modern), "", "", "9",
         "45/46 98/99 100/101 96/97"},
        {"H264 stripped, its rtx dangling (WS-32)", default_codecs, SL_ARRAY_LEN(default_codecs),
         " 102 103 104 107 108 109 114 115 116 117 39 40 ", " 103 107 ", "111 8 9", "96/97"},
        {"without packetization-mode it is 0", default_codecs, SL_ARRAY_LEN(default_codecs),
         "packetization-mode=1;profile-level-id=4d001f", "profile-level-id=4d001f", "111 8 9",
         "102/103 108/109 104/107 114/115 116/117 39/40 96/97"},
        {"interleaved mode is not for us", default_codecs, SL_ARRAY_LEN(default_codecs),
         "packetization-mode=0", "packetization-mode=2", "111 8 9",
         "102/103 108/109 116/117 96/97"},
        {"names in other case", default_codecs, SL_ARRAY_LEN(default_codecs), "opus/48000/2",
         "OPUS/48000/2", "111 8 9", "102/103 108/109 116/117 104/107 114/115 39/40 96/97"},
        {"opus needs two channels", default_codecs, SL_ARRAY_LEN(default_codecs), "opus/48000/2",
         "opus/48000", "8 9", "102/103 108/109 116/117 104/107 114/115 39/40 96/97"},
        {"G722's clock is 8000", default_codecs, SL_ARRAY_LEN(default_codecs), "G722/8000",
         "G722/16000", "111 8", "102/103 108/109 116/117 104/107 114/115 39/40 96/97"},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_negotiate_config config = publisher;
        config.codecs = cases[i].codecs;
        config.codec_count = cases[i].count;
        struct sl_sdp *sdp = cases[i].from[0]
                                 ? parsed_with(chromium_publish, cases[i].from, cases[i].to)
                                 : parsed(chromium_publish);
        const struct sl_negotiation *n = negotiated(sdp, &config);
        if (strcmp(list_of(&n->media[0]), cases[i].audio) != 0)
            fail_msg("%s: audio %s", cases[i].why, list_of(&n->media[0]));
        if (strcmp(list_of(&n->media[1]), cases[i].video) != 0)
            fail_msg("%s: video %s", cases[i].why, list_of(&n->media[1]));
        assert_int_equal(n->media[0].direction, SL_SDP_RECVONLY);
        sl_sdp_free(sdp);
    }
}

static void takes_ssrcs_fmtp_and_mid_from_a_publishers_offer(void **state)
{
    (void)state;
    struct sl_sdp *sdp = parsed(chromium_publish);
    const struct sl_negotiation *n = negotiated(sdp, &publisher);

    assert_int_equal(n->media_count, 2);
    assert_int_equal(n->media[0].remote_ssrc, 3852055522U);
    assert_int_equal(n->media[0].remote_rtx_ssrc, 0);
    assert_int_equal(n->media[1].remote_ssrc, 4251493467U);
    assert_int_equal(n->media[1].remote_rtx_ssrc, 778306379);
    assert_string_equal(n->media[1].mid, "1");
    assert_int_equal(n->media[1].kind, SL_VIDEO);
    assert_string_equal(n->media[1].codecs[0].fmtp, H264_FMTP("1", "42001f"));
    assert_true(n->media[1].codecs[0].h264_mode1);
    assert_false(n->media[1].codecs[3].h264_mode1);
    sl_sdp_free(sdp);
}

/* A parameter set of a payload type that is not chosen is of another stream. */
static void the_parameter_sets_are_those_of_the_first_chosen_codec_with_some(void **state)
{
    (void)state;
    static const char offer[] =
        "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 95 96 97 98\r\n"
        "a=ice-ufrag:abcd\r\na=ice-pwd:aaaaaaaaaaaaaaaaaaaaaaaa\r\n"
        "a=fingerprint:sha-256 " FINGERPRINT "\r\na=setup:actpass\r\na=rtcp-mux\r\na=sendonly\r\n"
        "a=rtpmap:95 H264/90000\r\n"
        "a=fmtp:95 packetization-mode=2;sprop-parameter-sets=AAAA\r\n"
        "a=rtpmap:96 H264/90000\r\n"
        "a=fmtp:96 packetization-mode=0;sprop-parameter-sets=aM44\r\n"
        "a=rtpmap:97 H264/90000\r\n"
        "a=fmtp:97 packetization-mode=1\r\n"
        "a=rtpmap:98 H264/90000\r\n"
        "a=fmtp:98 sprop-parameter-sets=Z0LgHw==;packetization-mode=1\r\n";
    struct sl_sdp *sdp = parsed(offer);
    const struct sl_negotiation *n = negotiated(sdp, &publisher);

    assert_string_equal(list_of(&n->media[0]), "97 98 96");
    assert_int_equal(n->media[0].sprop.len, 6);
    assert_memory_equal(n->media[0].sprop.bytes, "\0\4\x67\x42\xe0\x1f", 6);
    assert_string_equal(n->media[0].codecs[1].fmtp, "packetization-mode=1");
    sl_sdp_free(sdp);
}

static void answers_no_rtx_unless_configured(void **state)
{
    (void)state;
    struct sl_negotiate_config config = publisher;
    struct sl_sdp *sdp = parsed(chromium_publish);

    config.rtx = false;
    assert_string_equal(list_of(&negotiated(sdp, &config)->media[1]), "102 108 116 104 114 39 96");
    sl_sdp_free(sdp);
}

static void answers_bandwidth_feedback_and_extensions_to_publishers_only(void **state)
{
    (void)state;
    struct sl_negotiate_config publish = publisher, play = player;
    publish.video_orientation = true;
    struct sl_sdp *offer = parsed(chromium_publish);
    const struct sl_negotiation *n = negotiated(offer, &publish);
    const struct sl_media *audio = &n->media[0], *video = &n->media[1];

    assert_int_equal(audio->ext_id[SL_EXT_MID], 4);
    assert_int_equal(audio->ext_id[SL_EXT_TRANSPORT_CC], 3);
    assert_int_equal(audio->ext_id[SL_EXT_ABS_SEND_TIME], 0);
    assert_int_equal(audio->ext_id[SL_EXT_VIDEO_ORIENTATION], 0);
    assert_int_equal(video->ext_id[SL_EXT_VIDEO_ORIENTATION], 13);
    assert_true(audio->codecs[0].transport_cc);
    assert_false(audio->codecs[0].nack || audio->codecs[1].transport_cc);
    for (size_t i = 0; i < video->codec_count; i++) {
        const struct sl_media_codec *c = &video->codecs[i];
        assert_true(c->nack && c->pli && c->fir && c->remb && c->transport_cc);
    }
    sl_sdp_free(offer);

    offer = parsed(chromium_play);
    n = negotiated(offer, &play);
    video = &n->media[1];
    for (size_t ext = 0; ext < SL_EXT_COUNT; ext++)
        assert_int_equal(video->ext_id[ext], 0);
    assert_true(video->codecs[0].nack && video->codecs[0].pli && video->codecs[0].fir);
    assert_false(video->codecs[0].remb || video->codecs[0].transport_cc);
    assert_false(n->media[0].codecs[0].transport_cc);
    play.video_orientation = true;
    assert_int_equal(negotiated(offer, &play)->media[1].ext_id[SL_EXT_VIDEO_ORIENTATION], 13);
    sl_sdp_free(offer);
}

/* As the SDK's stripCodecs leaves it, of "G722" with the number 9: also "a=rtcp-fb:96" is gone. */
static void asks_by_pli_also_where_no_feedback_was_offered(void **state)
{
    (void)state;
    const struct sl_negotiate_config publish = publisher, play = player;
    char *text = strdup(chromium_publish), *line;

    assert_non_null(text);
    while ((line = strstr(text, "a=rtcp-fb:")))
        memmove(line, strchr(line, '\n') + 1, strlen(strchr(line, '\n') + 1) + 1);
    struct sl_sdp *offer = parsed(text);
    const struct sl_negotiation *n = negotiated(offer, &publish);
    assert_false(n->media[1].codecs[0].pli || n->media[1].codecs[0].fir);
    assert_true(n->media[1].pli_unoffered);
    assert_false(n->media[0].pli_unoffered);
    sl_sdp_free(offer);
    free(text);

    offer = parsed(chromium_publish);
    assert_false(negotiated(offer, &publish)->media[1].pli_unoffered);
    sl_sdp_free(offer);
    offer = parsed(chromium_play);
    assert_false(negotiated(offer, &play)->media[1].pli_unoffered);
    sl_sdp_free(offer);
}

static void answers_a_player_that_can_be_repaired_with_transport_cc(void **state)
{
    (void)state;
    struct sl_negotiate_config play = player;
    play.downlink_estimation = true;
    play.rtx = true;
    struct sl_sdp *offer = parsed(chromium_play);
    const struct sl_negotiation *n = negotiated(offer, &play);

    assert_int_equal(n->media[1].ext_id[SL_EXT_TRANSPORT_CC], 3);
    assert_int_equal(n->media[1].ext_id[SL_EXT_MID], 0);
    assert_true(n->media[1].codecs[0].transport_cc);
    assert_false(n->media[1].codecs[0].remb);
    /* Sound is sent again as it was, if at all. */
    assert_int_equal(n->media[0].ext_id[SL_EXT_TRANSPORT_CC], 0);
    assert_false(n->media[0].codecs[0].transport_cc);
    play.rtx = false;
    n = negotiated(offer, &play);
    assert_int_equal(n->media[1].ext_id[SL_EXT_TRANSPORT_CC], 0);
    assert_false(n->media[1].codecs[0].transport_cc);
    sl_sdp_free(offer);
}

static void answers_a_player_without_transport_cc_with_its_own_word(void **state)
{
    (void)state;
    struct sl_negotiate_config play = player;
    play.downlink_estimation = true;
    play.rtx = true;
    struct sl_sdp *offer = parsed_with(chromium_play, EXT_TRANSPORT_CC, "");
    const struct sl_negotiation *n = negotiated(offer, &play);

    assert_int_equal(n->media[1].ext_id[SL_EXT_ABS_SEND_TIME], 2);
    assert_int_equal(n->media[1].ext_id[SL_EXT_TRANSPORT_CC], 0);
    assert_true(n->media[1].codecs[0].remb);
    assert_false(n->media[1].codecs[0].transport_cc);
    assert_int_equal(n->media[0].ext_id[SL_EXT_ABS_SEND_TIME], 0);
    play.downlink_estimation = false;
    n = negotiated(offer, &play);
    assert_int_equal(n->media[1].ext_id[SL_EXT_ABS_SEND_TIME], 0);
    assert_false(n->media[1].codecs[0].remb);
    sl_sdp_free(offer);
    /* Where there is both, one is enough. */
    play.downlink_estimation = true;
    offer = parsed(chromium_play);
    n = negotiated(offer, &play);
    assert_int_equal(n->media[1].ext_id[SL_EXT_ABS_SEND_TIME], 0);
    sl_sdp_free(offer);
}

static void answers_a_players_redundant_sound(void **state)
{
    (void)state;
    struct sl_negotiate_config play = player;
    struct sl_sdp *offer = parsed(chromium_play);

    assert_int_equal(negotiated(offer, &play)->media[0].red_payload_type, 0);
    play.red = true;
    assert_int_equal(negotiated(offer, &play)->media[0].red_payload_type, 63);
    sl_sdp_free(offer);
    offer = parsed_with(chromium_play, "a=fmtp:63 111/111\r\n", "a=fmtp:63 111/9\r\n");
    assert_int_equal(negotiated(offer, &play)->media[0].red_payload_type, 0);
    sl_sdp_free(offer);
}

static void answers_transport_cc_only_with_its_extension(void **state)
{
    (void)state;
    struct sl_sdp *sdp = parsed_with(chromium_publish, EXT_TRANSPORT_CC, "");
    const struct sl_negotiation *n = negotiated(sdp, &publisher);

    assert_int_equal(n->media[1].ext_id[SL_EXT_TRANSPORT_CC], 0);
    assert_false(n->media[0].codecs[0].transport_cc || n->media[1].codecs[0].transport_cc);
    assert_true(n->media[1].codecs[0].remb);
    sl_sdp_free(sdp);
}

static void gives_a_player_what_fits_the_source_best(void **state)
{
    (void)state;
    static const struct sl_source_codec vp8[] = {{.codec = SL_CODEC_VP8, .fmtp = ""}};
    static const struct sl_source_codec vp9_2[] = {{.codec = SL_CODEC_VP9, .fmtp = "profile-id=2"}};
    static const struct sl_source_codec vp9[] = {{.codec = SL_CODEC_VP9, .fmtp = ""}};
    static const struct sl_source_codec mode0[] = {
        {.codec = SL_CODEC_H264, .fmtp = H264_FMTP("0", "4D0028")}};
    static const struct sl_source_codec high[] = {
        {.codec = SL_CODEC_H264, .fmtp = H264_FMTP("1", "640028")}};
    static const struct sl_source_codec bare[] = {{.codec = SL_CODEC_H264, .fmtp = ""}};
    static const struct sl_source_codec base[] = {
        {.codec = SL_CODEC_H264, .fmtp = H264_FMTP("1", "42c01f")}};
    static const struct sl_source_codec two[] = {
        {.codec = SL_CODEC_VP8, .fmtp = ""},
        {.codec = SL_CODEC_H264, .fmtp = H264_FMTP("1", "42001f")}};
    static const struct {
        const char *why;
        const struct sl_source_codec *source;
        size_t count;
        const char *list;
    } cases[] = {
        {"same profile and mode, then same profile_idc, same mode, any", h264, 1,
         "108/109 102/103 116/117 104/107 114/115 39/40"},
        {"mode 0 of main", mode0, 1, "39/40 104/107 114/115 102/103 108/109 116/117"},
        {"a profile nobody offered", high, 1, "102/103 108/109 116/117 104/107 114/115 39/40"},
        {"another kind of baseline", base, 1, "102/103 108/109 116/117 104/107 114/115 39/40"},
        {"nothing said: baseline, mode 0", bare, 1,
         "104/107 114/115 39/40 102/103 108/109 116/117"},
        {"VP8", vp8, 1, "96/97"},
        {"VP9 by profile", vp9_2, 1, "100/101"},
        {"VP9 without profile is profile 0", vp9, 1, "98/99"},
        {"the current codec first", two, 2, "96/97 102/103 108/109 116/117 104/107 114/115 39/40"},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_negotiate_config config = player;
        config.video = cases[i].source;
        config.video_count = cases[i].count;
        struct sl_sdp *sdp = parsed(chromium_play);
        const struct sl_negotiation *n = negotiated(sdp, &config);
        if (strcmp(list_of(&n->media[1]), cases[i].list) != 0)
            fail_msg("%s: %s", cases[i].why, list_of(&n->media[1]));
        assert_string_equal(list_of(&n->media[0]), "111");
        assert_int_equal(n->media[1].local_ssrc, 0);
        assert_int_equal(n->media[0].direction, SL_SDP_SENDONLY);
        sl_sdp_free(sdp);
    }
}

/* TRC-1, TRC-2, media-outputs.md 2.1 and 2.2 */
static void what_a_player_cannot_take_is_to_be_made(void **state)
{
    (void)state;
    static const struct sl_source_codec vp8[] = {{.codec = SL_CODEC_VP8, .fmtp = ""}};
    static const struct sl_source_codec mode0[] = {
        {.codec = SL_CODEC_H264, .fmtp = H264_FMTP("0", "42e01f")}};
    static const struct sl_source_codec pictures[] = {
        {.codec = SL_CODEC_H264, .fmtp = H264_FMTP("1", "42e01f")},
        {.codec = SL_CODEC_VP8, .fmtp = ""}};
    static const struct {
        const char *why;
        const struct sl_source_codec *source;
        bool always;
        const char *from, *to; /* of the offer */
        bool made;
        const char *list;
        bool mode1;
    } cases[] = {
        {"what is offered is sent as it is", h264, false, "", "", false, "108/109 102/103 116/117",
         true},
        {"unless it never is", h264, true, "", "", true,
         "108/109 102/103 116/117 104/107 114/115 39/40", true},
        {"VP8 only", h264, false, "H264/90000", "H26X/90000", true, "96/97", false},
        {"H264 only", vp8, false, "VP8/90000", "VPX/90000", true,
         "108/109 102/103 116/117 104/107 114/115 39/40", true},
        {"mode 0 only: as the source's codec, in that mode", h264, false, "packetization-mode=1",
         "packetization-mode=0", true, "102/103 104/107 108/109 114/115 116/117 39/40", false},
        {"mode 0 can be sent to who takes mode 1", mode0, false, "packetization-mode=0",
         "packetization-mode=1", false, "102/103 104/107 108/109 114/115 116/117 39/40", true},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_negotiate_config config = player;
        config.video = cases[i].source;
        config.video_count = 1;
        config.makeable[SL_VIDEO] = (struct sl_makeable){cases[i].always, pictures, 2};
        struct sl_sdp *sdp = cases[i].from[0]
                                 ? parsed_with(chromium_play, cases[i].from, cases[i].to)
                                 : parsed(chromium_play);
        const struct sl_negotiation *n = negotiated(sdp, &config);
        if (n->media[1].made != cases[i].made || strcmp(list_of(&n->media[1]), cases[i].list) != 0)
            fail_msg("%s: %s%s", cases[i].why, n->media[1].made ? "made " : "",
                     list_of(&n->media[1]));
        assert_int_equal(n->media[1].codecs[0].h264_mode1, cases[i].mode1);
        assert_false(n->media[0].made);
        sl_sdp_free(sdp);
    }
}

/* WS-30, WS-31, spec/README.md decision 11. R refused, I accepted but inactive, A active. */
static void refuses_or_deactivates_what_has_nothing_in_common(void **state)
{
    (void)state;
    static const struct sl_source_codec pcmu[] = {{.codec = SL_CODEC_PCMU, .fmtp = ""}};
    static const struct sl_source_codec g722_first[] = {{.codec = SL_CODEC_G722, .fmtp = ""},
                                                        {.codec = SL_CODEC_OPUS, .fmtp = ""}};
    static const enum sl_codec audio_only[] = {SL_CODEC_OPUS};
    static const enum sl_codec video_only[] = {SL_CODEC_H264};
    static const struct sl_negotiate_config no_video = {
        .direction = SL_SDP_SENDONLY, .allow_bundle = true, .audio = opus, .audio_count = 1};
    static const struct sl_negotiate_config no_audio = {
        .direction = SL_SDP_SENDONLY, .allow_bundle = true, .video = h264, .video_count = 1};
    static const struct sl_negotiate_config other_audio = {.direction = SL_SDP_SENDONLY,
                                                           .allow_bundle = true,
                                                           .audio = g722_first,
                                                           .audio_count = 2,
                                                           .video = h264,
                                                           .video_count = 1};
    static const struct sl_negotiate_config unbundled = {.direction = SL_SDP_SENDONLY,
                                                         .audio = g722_first,
                                                         .audio_count = 2,
                                                         .video = h264,
                                                         .video_count = 1};
    static const struct sl_negotiate_config nothing = {.direction = SL_SDP_SENDONLY,
                                                       .allow_bundle = true};
    static const struct sl_negotiate_config mu_law = {
        .direction = SL_SDP_SENDONLY, .allow_bundle = true, .audio = pcmu, .audio_count = 1};
    static const struct sl_negotiate_config publish_audio = {
        .direction = SL_SDP_RECVONLY, .allow_bundle = true, .codecs = audio_only, .codec_count = 1};
    static const struct sl_negotiate_config publish_video = {
        .direction = SL_SDP_RECVONLY, .allow_bundle = true, .codecs = video_only, .codec_count = 1};
    static const struct {
        const char *why, *offer, *from, *to;
        const struct sl_negotiate_config *config;
        int err;
        const char *result;
    } cases[] = {
        {"all fits", chromium_play, "", "", &player, 0, "AA"},
        {"source without video", chromium_play, "", "", &no_video, 0, "AI"},
        {"source without audio", chromium_play, "", "", &no_audio, 0, "IA"},
        {"source without anything", chromium_play, "", "", &nothing, -ENOMSG, ""},
        {"unknown video codecs", chromium_play, "H264/", "H999/", &player, 0, "AR"},
        {"unknown audio codecs, first of the bundle", chromium_play, "G722/", "G999/", &other_audio,
         0, "IA"},
        {"unknown audio codecs, bundle not allowed", chromium_play, "G722/", "G999/", &unbundled, 0,
         "RA"},
        {"no codec in common", chromium_play, "PCMU/", "PCMX/", &mu_law, -ENOMSG, ""},
        {"publisher: video not configured", chromium_publish, "", "", &publish_audio, 0, "AR"},
        {"publisher: audio not configured", chromium_publish, "", "", &publish_video, 0, "IA"},
        {"publisher: unknown video codecs", chromium_publish,
         "m=video 9 UDP/TLS/RTP/SAVPF 96 97 "
         "102 103 104 107 108 109 114 115 116 117 39 40 45",
         "m=video 9 UDP/TLS/RTP/SAVPF 45", &publisher, 0, "AR"},
        {"refused by the offerer", chromium_publish, "m=video 9", "m=video 0", &publisher, 0, "AR"},
        {"the first of the bundle is refused by the offerer", chromium_publish, "m=audio 9",
         "m=audio 0", &publisher, 0, "RA"},
        {"other kinds of media", chromium_publish, "m=video 9 ", "m=text 9 ", &publisher, 0, "AR"},
        {"without SRTP", chromium_publish, "m=video 9 UDP/TLS/RTP/SAVPF", "m=video 9 RTP/AVPF",
         &publisher, 0, "AR"},
        {"a second section of a kind", chromium_publish, "m=video 9 UDP/TLS/RTP/SAVPF",
         "m=audio 9 UDP/TLS/RTP/SAVPF 0", &publisher, 0, "AR"},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_sdp *sdp = cases[i].from[0]
                                 ? parsed_with(cases[i].offer, cases[i].from, cases[i].to)
                                 : parsed(cases[i].offer);
        static struct sl_negotiation n;
        struct sl_error error = {""};
        int err = sl_sdp_negotiate(sdp, cases[i].config, &n, &error);
        if (err != cases[i].err)
            fail_msg("%s: got %d \"%s\"", cases[i].why, err, error.text);
        for (size_t j = 0; err == 0 && j < 2; j++) {
            const struct sl_media *m = &n.media[j];
            char got = !m->accepted ? 'R' : m->direction == SL_SDP_INACTIVE ? 'I' : 'A';
            if (got != cases[i].result[j])
                fail_msg("%s: section %zu is %c", cases[i].why, j, got);
        }
        if (err == -ENOMSG)
            assert_string_equal(error.text, "no common codec");
        sl_sdp_free(sdp);
    }
}

static void lists_known_codecs_in_an_inactive_section(void **state)
{
    (void)state;
    struct sl_negotiate_config config = player;
    struct sl_sdp *sdp = parsed(chromium_play);

    config.audio_count = 0;
    const struct sl_negotiation *n = negotiated(sdp, &config);
    assert_string_equal(list_of(&n->media[0]), "111 9 0 8");
    assert_false(n->media[0].codecs[0].transport_cc);
    assert_string_equal(n->media[0].mid, "0");
    config.audio_count = 1;
    config.video_count = 0;
    assert_string_equal(list_of(&negotiated(sdp, &config)->media[1]),
                        "96 98 100 102 104 108 114 116 39 45");
    sl_sdp_free(sdp);
}

/* WS-26 */
static void lets_media_flow_only_where_the_offer_allows(void **state)
{
    (void)state;
    static const struct {
        const char *direction;
        bool publish, play;
    } cases[] = {
        {"a=sendrecv\r\n", true, true},   {"", true, true}, /* the default (RFC 8866 section 6.7) */
        {"a=sendonly\r\n", true, false},  {"a=recvonly\r\n", false, true},
        {"a=inactive\r\n", false, false},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_sdp *sdp = parsed_with(chromium_play, "a=recvonly\r\n", cases[i].direction);
        const struct sl_negotiation *n = negotiated(sdp, &publisher);
        assert_true(n->media[1].accepted);
        assert_int_equal(n->media[1].direction == SL_SDP_INACTIVE, !cases[i].publish);
        n = negotiated(sdp, &player);
        assert_true(n->media[1].accepted);
        assert_int_equal(n->media[1].direction == SL_SDP_INACTIVE, !cases[i].play);
        sl_sdp_free(sdp);
    }
}

/* WS-29 */
static void uses_one_transport_for_a_bundle_and_one_per_section_without(void **state)
{
    (void)state;
    struct sl_negotiate_config config = publisher;
    struct sl_sdp *sdp = parsed(chromium_publish);
    const struct sl_negotiation *n = negotiated(sdp, &config);

    assert_true(n->bundle);
    assert_int_equal(n->transport_count, 1);
    assert_int_equal(n->media[1].transport, 0);
    assert_string_equal(n->transports[0].remote_ufrag, "rkQf");
    assert_string_equal(n->transports[0].remote_pwd, "5B2vem4ajjf4MZ+Ss7QrdX29");
    assert_string_equal(n->transports[0].fingerprint_hash, "sha-256");
    assert_string_equal(n->transports[0].fingerprint, FINGERPRINT);
    assert_int_equal(n->transports[0].remote_setup, SL_SDP_ACTPASS);
    config.allow_bundle = false;
    n = negotiated(sdp, &config);
    assert_false(n->bundle);
    assert_int_equal(n->transport_count, 2);
    assert_int_equal(n->media[1].transport, 1);
    sl_sdp_free(sdp);

    sdp = parsed_with(chromium_publish, "a=group:BUNDLE 0 1", "a=group:BUNDLE 1");
    n = negotiated(sdp, &publisher);
    assert_true(n->bundle);
    assert_int_equal(n->transport_count, 2);
    assert_int_equal(n->media[0].transport, 0);
    assert_int_equal(n->media[1].transport, 1);
    sl_sdp_free(sdp);
}

static void takes_bundle_only_sections_on_the_shared_transport(void **state)
{
    (void)state;
    char *text = replaced(chromium_publish, TRANSPORT "a=mid:1\r\n",
                          "a=bundle-only\r\na=mid:1\r\n"); /* no transport of its own */
    struct sl_sdp *sdp = parsed_with(text, "m=video 9", "m=video 0");
    struct sl_negotiate_config config = publisher;
    const struct sl_negotiation *n = negotiated(sdp, &config);

    assert_true(n->media[1].accepted);
    assert_int_equal(n->transport_count, 1);
    config.allow_bundle = false;
    assert_false(negotiated(sdp, &config)->media[1].accepted);
    sl_sdp_free(sdp);
    free(text);
}

static void names_what_an_offer_lacks(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *words;
    } cases[] = {
        {"a=ice-ufrag:rkQf\r\n", "", "m-line 1: no ice-ufrag and ice-pwd"},
        {"a=ice-pwd:5B2vem4ajjf4MZ+Ss7QrdX29\r\n", "", "m-line 1: no ice-ufrag and ice-pwd"},
        {"a=fingerprint:sha-256", "a=fingerprint:md5", "m-line 1: no fingerprint of a known hash"},
        {"a=rtcp-mux\r\n", "", "m-line 1: no rtcp-mux"},
        {"RTP/SAVPF", "RTP/AVPF", "no m-line for audio or video over SRTP"},
        {"m=", "x=", "no m-line for audio or video over SRTP"},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_sdp *sdp = parsed_with(chromium_publish, cases[i].from, cases[i].to);
        struct sl_negotiation n;
        struct sl_error error = {""};
        int err = sl_sdp_negotiate(sdp, &publisher, &n, &error);
        if (err != -EBADMSG || strcmp(error.text, cases[i].words) != 0)
            fail_msg("%s: got %d \"%s\"", cases[i].words, err, error.text);
        sl_sdp_free(sdp);
    }
}

static void a_section_that_lacks_something_costs_no_other(void **state)
{
    (void)state;
    char *text = replaced(chromium_publish,
                          "a=sendonly\r\na=msid:de7d698d-82d7-40ee-868b-e33b21d07ee7 "
                          "2936b5f0-9edb-40ec-bfd3-9f8fb2a1a1f1\r\na=rtcp-mux\r\n",
                          "a=sendonly\r\n");
    struct sl_sdp *sdp = parsed(text);
    static struct sl_negotiation n;
    struct sl_error error = {""};

    assert_int_equal(sl_sdp_negotiate(sdp, &publisher, &n, &error), 0);
    assert_string_equal(error.text, "m-line 2: no rtcp-mux");
    assert_true(n.media[0].accepted && n.media[0].direction != SL_SDP_INACTIVE);
    assert_false(n.media[1].accepted);
    assert_int_equal(n.transport_count, 1);
    sl_sdp_free(sdp);
    free(text);
}

/* ---- The offerer's side ---- */

#define ANSWER_TRANSPORT                                                                           \
    "a=ice-pwd:40u9aoieitv0u62tol3pr1g3h4\r\n"                                                     \
    "a=ice-ufrag:90e14ad0-fdb2-11e8-bce2-a3f72476fb49cfmkh1cug233q2\r\n"                           \
    "a=fingerprint:SHA-256 " FINGERPRINT "\r\n"

/* As the original answered in 2018: two ports, mids of its own, no setup, feedback for all. */
static const char original_answer[] =
    "v=0\r\no=Flashphoner 0 1544580053583 IN IP4 203.0.113.44\r\ns=Flashphoner/1.0\r\n"
    "c=IN IP4 203.0.113.44\r\nt=0 0\r\n"
    "m=audio 31354 RTP/SAVPF 111 8 9\r\nc=IN IP4 203.0.113.44\r\na=mid:audio\r\n"
    "a=rtpmap:111 opus/48000/2\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:9 G722/8000\r\n"
    "a=ptime:20\r\n" ANSWER_TRANSPORT
    "a=candidate:1 1 udp 2130706431 203.0.113.44 31354 typ host\r\n"
    "a=candidate:1 2 udp 2130706431 203.0.113.44 31354 typ host\r\n"
    "a=end-of-candidates\r\na=rtcp-mux\r\na=rtcp:31354 IN IP4 203.0.113.44\r\n"
    "a=sendonly\r\na=ssrc:1734923542 cname:rtp/audio/22588500-fdb3-11e8-bddf-9b115426f01b\r\n"
    "m=video 31248 RTP/SAVPF 102 104 96\r\nc=IN IP4 203.0.113.44\r\na=mid:video\r\n"
    "a=rtpmap:102 H264/90000\r\na=fmtp:102 " H264_FMTP(
        "1",
        "42001f") "\r\n"
                  "a=rtpmap:104 H264/90000\r\na=fmtp:104 " H264_FMTP(
                      "0",
                      "42001f") "\r\n"
                                "a=rtpmap:96 VP8/90000\r\n"
                                "a=rtcp-fb:* ccm fir\r\na=rtcp-fb:* nack\r\na=rtcp-fb:* nack "
                                "pli\r\n"
                                "a=rtcp-fb:* goog-remb\r\n" ANSWER_TRANSPORT
                                "a=candidate:1 1 udp 2130706431 203.0.113.44 31248 typ host\r\n"
                                "a=candidate:1 2 udp 2130706431 203.0.113.44 31248 typ host\r\n"
                                "a=end-of-candidates\r\na=rtcp-mux\r\na=rtcp:31248 IN IP4 "
                                "203.0.113.44\r\n"
                                "a=sendonly\r\na=ssrc:1329233369 "
                                "cname:rtp/video/22588500-fdb3-11e8-bddf-9b115426f01b\r\n";

static struct sl_sdp *own_offer(bool publishing)
{
    static const struct sl_sdp_offer_config receive = {.audio = true,
                                                       .video = true,
                                                       .ufrag = "oooo",
                                                       .pwd = "oooooooooooooooooooooo",
                                                       .fingerprint = FINGERPRINT,
                                                       .audio_ssrc = 11,
                                                       .video_ssrc = 22,
                                                       .video_rtx_ssrc = 33,
                                                       .cname = "load"};
    struct sl_sdp_offer_config config = receive;
    char text[8192];

    config.direction = publishing ? SL_SDP_SENDONLY : SL_SDP_RECVONLY;
    assert_true(sl_sdp_build_offer(&config, text, sizeof(text)) > 0);
    return parsed(text);
}

/* websocket-api.md section 15 */
static void understands_an_answer_of_the_original_server(void **state)
{
    (void)state;
    static struct sl_negotiation n;
    struct sl_error error = {""};
    struct sl_sdp *offer = own_offer(false), *answer = parsed(original_answer);

    assert_int_equal(sl_sdp_accept_answer(offer, answer, &n, &error), 0);
    assert_false(n.bundle);
    assert_int_equal(n.transport_count, 2);
    assert_int_equal(n.media[1].transport, 1);
    assert_int_equal(n.transports[0].remote_setup, SL_SDP_ACTIVE); /* none said */
    assert_string_equal(n.transports[0].fingerprint_hash, "sha-256");
    assert_string_equal(n.media[0].mid, "0");
    assert_string_equal(list_of(&n.media[0]), "111 8 9");
    assert_string_equal(list_of(&n.media[1]), "102 104 96");
    assert_string_equal(n.media[1].codecs[0].fmtp, H264_FMTP("1", "42001f"));
    assert_true(n.media[1].codecs[0].nack && n.media[1].codecs[2].pli);
    assert_false(n.media[1].codecs[0].transport_cc);
    assert_int_equal(n.media[0].remote_ssrc, 1734923542);
    assert_int_equal(n.media[1].remote_ssrc, 1329233369);
    assert_true(sl_sdp_media_flows(&n.media[0]) && sl_sdp_media_flows(&n.media[1]));
    assert_int_equal(answer->sections[1].candidates[0].port, 31248);
    assert_int_equal(n.media[1].sprop.len, 0);
    answer->sections[1].sprop_count = 1;
    answer->sections[1].sprops[0].payload_type = 104;
    answer->sections[1].sprops[0].sets = (struct sl_h264_sprop){3, {0, 1, 0x68}};
    assert_int_equal(sl_sdp_accept_answer(offer, answer, &n, &error), 0);
    assert_int_equal(n.media[1].sprop.len, 3); /* who answers is who sends */
    sl_sdp_free(answer);
    sl_sdp_free(offer);
}

static void reads_what_an_answer_changes(void **state)
{
    (void)state;
    static const struct {
        const char *why, *from, *to, *audio, *video;
        int err;
        const char *words;
    } cases[] = {
        {"video refused", "m=video 31248", "m=video 0", "111 8 9", "-", 0, ""},
        {"all refused", " RTP/SAVPF", " RTP/AVPF", "", "", -ENOMSG, "answer refuses every m-line"},
        {"nothing flows", "a=sendonly", "a=inactive", "", "", -ENOMSG, "answer lets nothing flow"},
        {"the other way round", "a=sendonly", "a=recvonly", "", "", -ENOMSG,
         "answer lets nothing flow"},
        {"sections missing", "m=video", "x=video", "", "", -EBADMSG,
         "answer has 1 m-lines, the offer 2"},
        {"sections swapped", "m=video", "m=audio", "", "", -EBADMSG,
         "m-line 2: kind differs from the offer's"},
        {"actpass", "a=rtcp-mux", "a=rtcp-mux\r\na=setup:actpass", "", "", -EBADMSG,
         "answer has setup actpass"},
        {"no rtcp-mux", "a=rtcp-mux", "a=x", "", "", -EBADMSG, "m-line 1: no rtcp-mux"},
        {"types that were not offered", "SAVPF 102 104 96", "SAVPF 77 102 76", "111 8 9", "102", 0,
         ""},
        {"a type with another codec", "rtpmap:102 H264", "rtpmap:102 VP8", "111 8 9", "104 96", 0,
         ""},
        {"rtpmaps left out", "a=rtpmap:", "a=x:", "111 8 9", "102 104 96", 0, ""},
        {"rtx", "SAVPF 102 104 96\r\n",
         "SAVPF 102 104 96 103 97\r\na=rtpmap:103 rtx/90000\r\na=fmtp:103 apt=102\r\n"
         "a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=104\r\n",
         "111 8 9", "102/103 104 96", 0, ""},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        static struct sl_negotiation n;
        struct sl_error error = {""};
        struct sl_sdp *offer = own_offer(false);
        struct sl_sdp *answer = parsed_with(original_answer, cases[i].from, cases[i].to);
        int err = sl_sdp_accept_answer(offer, answer, &n, &error);
        if (err != cases[i].err || strcmp(error.text, cases[i].words) != 0)
            fail_msg("%s: got %d \"%s\"", cases[i].why, err, error.text);
        if (err == 0) {
            assert_string_equal(list_of(&n.media[0]), cases[i].audio);
            assert_string_equal(n.media[1].accepted ? list_of(&n.media[1]) : "-", cases[i].video);
        }
        sl_sdp_free(answer);
        sl_sdp_free(offer);
    }
}

/* Both ways where both sides are ready for it, else what is left. */
static void each_section_flows_as_both_sides_are_ready_for(void **state)
{
    (void)state;
    static const struct sl_source_codec pcmu[] = {{.codec = SL_CODEC_PCMU, .fmtp = ""}};
    static const struct sl_source_codec unknown[] = {
        {.codec = SL_CODEC_VP9, .fmtp = "profile-id=3"}};
    static const struct sl_negotiate_config call = {.allow_bundle = true,
                                                    .codecs = default_codecs,
                                                    .codec_count = SL_ARRAY_LEN(default_codecs),
                                                    .audio = pcmu,
                                                    .audio_count = 1,
                                                    .video = h264,
                                                    .video_count = 1};
    static const struct sl_negotiate_config cannot_send_video = {.allow_bundle = true,
                                                                 .codecs = default_codecs,
                                                                 .codec_count =
                                                                     SL_ARRAY_LEN(default_codecs),
                                                                 .audio = pcmu,
                                                                 .audio_count = 1,
                                                                 .video = unknown,
                                                                 .video_count = 1};
    static const struct {
        const char *why, *offered;
        const struct sl_negotiate_config *config;
        enum sl_sdp_direction audio, video;
    } cases[] = {
        {"a call", "a=sendrecv", &call, SL_SDP_SENDRECV, SL_SDP_SENDRECV},
        {"a caller who only speaks", "a=sendonly", &call, SL_SDP_RECVONLY, SL_SDP_RECVONLY},
        {"a caller who only listens", "a=recvonly", &call, SL_SDP_SENDONLY, SL_SDP_SENDONLY},
        {"held", "a=inactive", &call, SL_SDP_INACTIVE, SL_SDP_INACTIVE},
        {"we only take", "a=sendrecv", &publisher, SL_SDP_RECVONLY, SL_SDP_RECVONLY},
        {"nobody takes our video", "a=sendrecv", &cannot_send_video, SL_SDP_SENDRECV,
         SL_SDP_RECVONLY},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_sdp *sdp = parsed_with(chromium_publish, "a=sendonly", cases[i].offered);
        const struct sl_negotiation *n = negotiated(sdp, cases[i].config);
        if (n->media[0].direction != cases[i].audio || n->media[1].direction != cases[i].video)
            fail_msg("%s: %d %d", cases[i].why, n->media[0].direction, n->media[1].direction);
        sl_sdp_free(sdp);
    }
    /* What is sent comes first, what else is taken behind it. */
    struct sl_sdp *sdp = parsed_with(chromium_publish, "a=sendonly", "a=sendrecv");
    const struct sl_negotiation *n = negotiated(sdp, &call);
    assert_int_equal(n->media[0].codecs[0].codec, SL_CODEC_PCMU);
    assert_int_equal(n->media[0].codecs[1].codec, SL_CODEC_OPUS);
    assert_int_equal(n->media[0].remote_ssrc, 3852055522U);
    sl_sdp_free(sdp);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_a_publisher_in_the_configured_order),
        cmocka_unit_test(takes_ssrcs_fmtp_and_mid_from_a_publishers_offer),
        cmocka_unit_test(the_parameter_sets_are_those_of_the_first_chosen_codec_with_some),
        cmocka_unit_test(answers_no_rtx_unless_configured),
        cmocka_unit_test(answers_bandwidth_feedback_and_extensions_to_publishers_only),
        cmocka_unit_test(asks_by_pli_also_where_no_feedback_was_offered),
        cmocka_unit_test(answers_a_player_that_can_be_repaired_with_transport_cc),
        cmocka_unit_test(answers_a_player_without_transport_cc_with_its_own_word),
        cmocka_unit_test(answers_a_players_redundant_sound),
        cmocka_unit_test(answers_transport_cc_only_with_its_extension),
        cmocka_unit_test(gives_a_player_what_fits_the_source_best),
        cmocka_unit_test(what_a_player_cannot_take_is_to_be_made),
        cmocka_unit_test(refuses_or_deactivates_what_has_nothing_in_common),
        cmocka_unit_test(each_section_flows_as_both_sides_are_ready_for),
        cmocka_unit_test(lists_known_codecs_in_an_inactive_section),
        cmocka_unit_test(lets_media_flow_only_where_the_offer_allows),
        cmocka_unit_test(uses_one_transport_for_a_bundle_and_one_per_section_without),
        cmocka_unit_test(takes_bundle_only_sections_on_the_shared_transport),
        cmocka_unit_test(names_what_an_offer_lacks),
        cmocka_unit_test(a_section_that_lacks_something_costs_no_other),
        cmocka_unit_test(understands_an_answer_of_the_original_server),
        cmocka_unit_test(reads_what_an_answer_changes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
