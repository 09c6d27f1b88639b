/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writing answers and offers: line by line as websocket-api.md 6.2 shows them, and back again. */
#include "offers.h"

#include "base/addr.h"
#include "base/mem.h"
#include "sdp/format.h"

#include <errno.h>
#include <stdio.h>

static const enum sl_codec default_codecs[] = {
    SL_CODEC_OPUS, SL_CODEC_PCMA, SL_CODEC_PCMU, SL_CODEC_G722, SL_CODEC_H264, SL_CODEC_VP8,
};

static const struct sl_negotiate_config publisher = {.direction = SL_SDP_RECVONLY,
                                                     .allow_bundle = true,
                                                     .codecs = default_codecs,
                                                     .codec_count = SL_ARRAY_LEN(default_codecs)};

static const struct sl_source_codec opus[] = {{.codec = SL_CODEC_OPUS, .fmtp = ""}};
static const struct sl_source_codec vp8[] = {{.codec = SL_CODEC_VP8, .fmtp = ""}};

static const struct sl_negotiate_config player = {.direction = SL_SDP_SENDONLY,
                                                  .allow_bundle = true,
                                                  .rtx = true,
                                                  .audio = opus,
                                                  .audio_count = 1,
                                                  .video = vp8,
                                                  .video_count = 1};

static struct sl_addr addr_of(const char *ip, uint16_t port)
{
    struct sl_addr addr;

    assert_int_equal(sl_addr_parse_ip(ip, port, &addr), 0);
    return addr;
}

/* Two transports on one address, ports 31000 and 31002. */
static struct sl_sdp_answer_config answer_config(void)
{
    static struct sl_addr addrs[2];
    struct sl_sdp_answer_config config = {
        .product = "Sluice",
        .version = "0.1",
        .session_id_ms = 1544579813187,
        .fingerprint = FINGERPRINT,
        .setup = SL_SDP_PASSIVE,
        .cname_id = "90e14ad0-fdb2-11e8-bce2-a3f72476fb49",
    };

    for (size_t i = 0; i < 2; i++) {
        struct sl_sdp_local_transport *transport = &config.transports[i];
        addrs[i] = addr_of("203.0.113.44", (uint16_t)(31000 + 2 * i));
        (void)snprintf(transport->ufrag, sizeof(transport->ufrag), "abcdefgh");
        (void)snprintf(transport->pwd, sizeof(transport->pwd), "40u9aoieitv0u62tol3pr1g3h4");
        transport->candidates = &addrs[i];
        transport->candidate_count = 1;
        transport->udp = true;
    }
    return config;
}

/* The answer to an offer; the negotiation's ssrcs are 1, 2 ... per section when playing, their
 * retransmissions 101, 102 ... Static: valid until the next call. */
static const char *answer_to(const char *offer_text, const struct sl_negotiate_config *negotiate,
                             const struct sl_sdp_answer_config *config)
{
    static struct sl_negotiation n;
    static char text[SL_SDP_TEXT_MAX];
    struct sl_error error = {""};
    struct sl_sdp *offer = parsed(offer_text);
    int err = sl_sdp_negotiate(offer, negotiate, &n, &error);

    if (err != 0)
        fail_msg("%d: %s", err, error.text);
    for (size_t i = 0; i < n.media_count && negotiate->direction != SL_SDP_RECVONLY; i++) {
        if (!n.media[i].accepted || n.media[i].direction == SL_SDP_INACTIVE)
            continue;
        n.media[i].local_ssrc = (uint32_t)(1 + i);
        if (n.media[i].codecs[0].rtx_payload_type >= 0)
            n.media[i].local_rtx_ssrc = (uint32_t)(101 + i);
    }
    int len = sl_sdp_build_answer(offer, &n, config, text, sizeof(text));
    if (len < 0 || (size_t)len != strlen(text))
        fail_msg("built %d", len);
    sl_sdp_free(offer);
    return text;
}

static void expect_same_lines(const char *got, const char *expected)
{
    for (size_t line = 1; *got || *expected; line++) {
        size_t got_len = strcspn(got, "\n"), expected_len = strcspn(expected, "\n");
        if (got_len != expected_len || memcmp(got, expected, got_len) != 0)
            fail_msg("line %zu: got \"%.*s\", expected \"%.*s\"", line, (int)got_len, got,
                     (int)expected_len, expected);
        got += got_len + (got[got_len] != '\0');
        expected += expected_len + (expected[expected_len] != '\0');
    }
}

static void expect_line(const char *text, const char *line)
{
    char whole[512];

    (void)snprintf(whole, sizeof(whole), "\r\n%s\r\n", line);
    if (!strstr(text, whole))
        fail_msg("no line \"%s\" in:\n%s", line, text);
}

static void expect_nothing_like(const char *text, const char *part)
{
    if (strstr(text, part))
        fail_msg("\"%s\" in:\n%s", part, text);
}

#define ANSWER_SESSION                                                                             \
    "v=0\r\n"                                                                                      \
    "o=Sluice 0 1544579813187 IN IP4 203.0.113.44\r\n"                                             \
    "s=Sluice/0.1\r\n"                                                                             \
    "c=IN IP4 203.0.113.44\r\n"                                                                    \
    "t=0 0\r\n"                                                                                    \
    "a=ice-lite\r\n"

#define ANSWER_KEYS                                                                                \
    "a=ice-pwd:40u9aoieitv0u62tol3pr1g3h4\r\n"                                                     \
    "a=ice-ufrag:abcdefgh\r\n"                                                                     \
    "a=fingerprint:sha-256 " FINGERPRINT "\r\n"                                                    \
    "a=setup:passive\r\n"

#define ANSWER_TRANSPORT(port)                                                                     \
    ANSWER_KEYS                                                                                    \
    "a=candidate:1 1 udp 2130706431 203.0.113.44 " port " typ host\r\n"                            \
    "a=end-of-candidates\r\n"                                                                      \
    "a=rtcp-mux\r\n"                                                                               \
    "a=rtcp:" port " IN IP4 203.0.113.44\r\n"

/* An offer of 2018's features: no extensions, no reduced-size RTCP, no transport-cc. */
static char *plain_offer(void)
{
    static const char *const gone[] = {
        AUDIO_EXTENSIONS,
        VIDEO_EXTENSIONS,
        "a=rtcp-rsize\r\n",
        H264("116", "117", "1", "4d001f"),
        H264("39", "40", "0", "4d001f"),
        "a=rtcp-fb:111 transport-cc\r\n",
    };
    char *text = replaced(chromium_publish, " 116 117 39 40 45 ", " 45 ");

    for (size_t i = 0; i < SL_ARRAY_LEN(gone); i++) {
        char *less = replaced(text, gone[i], "");
        free(text);
        text = less;
    }
    return text;
}

#define VIDEO_FEEDBACK(pt)                                                                         \
    "a=rtcp-fb:" pt " ccm fir\r\n"                                                                 \
    "a=rtcp-fb:" pt " nack\r\n"                                                                    \
    "a=rtcp-fb:" pt " nack pli\r\n"                                                                \
    "a=rtcp-fb:" pt " goog-remb\r\n"

#define ANSWERED_H264(pt, mode, profile)                                                           \
    "a=rtpmap:" pt " H264/90000\r\na=fmtp:" pt " " H264_FMTP(mode, profile) "\r\n"

/* websocket-api.md 6.2, the complete example: WS-24 to WS-28 */
static void answers_a_publication_as_the_specification_shows(void **state)
{
    (void)state;
    static const char expected[] = ANSWER_SESSION
        "a=group:BUNDLE 0 1\r\n"
        "m=audio 31000 UDP/TLS/RTP/SAVPF 111 8 9\r\n"
        "c=IN IP4 203.0.113.44\r\n"
        "a=mid:0\r\n"
        "a=rtpmap:111 opus/48000/2\r\n"
        "a=fmtp:111 minptime=10;useinbandfec=1\r\n"
        "a=rtpmap:8 PCMA/8000\r\n"
        "a=rtpmap:9 G722/8000\r\n"
        "a=ptime:20\r\n" ANSWER_TRANSPORT(
            "31000") "a=recvonly\r\n"
                     "m=video 31000 UDP/TLS/RTP/SAVPF 102 108 104 114 96\r\n"
                     "c=IN IP4 203.0.113.44\r\n"
                     "a=mid:1\r\n" ANSWERED_H264("102", "1", "42001f") ANSWERED_H264(
                         "108", "1", "42e01f") ANSWERED_H264("104", "0", "42001f")
                         ANSWERED_H264("114", "0",
                                       "42e01f") "a=rtpmap:96 VP8/90000\r\n" VIDEO_FEEDBACK("102")
                             VIDEO_FEEDBACK("108") VIDEO_FEEDBACK("104") VIDEO_FEEDBACK("114")
                                 VIDEO_FEEDBACK("96") ANSWER_TRANSPORT("31000") "a=recvonly\r\n";
    struct sl_sdp_answer_config config = answer_config();
    char *offer = plain_offer();

    char *without_cc = replaced(offer, " transport-cc\r\n", " x\r\n");
    expect_same_lines(answer_to(without_cc, &publisher, &config), expected);
    free(without_cc);
    free(offer);
}

static void answers_everything_a_publisher_offers_that_we_can(void **state)
{
    (void)state;
    struct sl_sdp_answer_config config = answer_config();
    struct sl_negotiate_config negotiate = publisher;
    negotiate.rtx = true;
    negotiate.video_orientation = true;
    config.max_bitrate_kbps = 1500;
    const char *answer = answer_to(chromium_publish, &negotiate, &config);

    expect_line(answer, "m=video 31000 UDP/TLS/RTP/SAVPF 102 108 116 104 114 39 96 "
                        "103 109 117 107 115 40 97");
    expect_line(answer, "a=rtpmap:103 rtx/90000\r\na=fmtp:103 apt=102");
    expect_line(answer, "a=rtcp-fb:102 transport-cc");
    expect_line(answer, "a=rtcp-fb:111 transport-cc");
    expect_line(answer, "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n"
                        "a=extmap:3 http://www.ietf.org/id/"
                        "draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n"
                        "a=extmap:13 urn:3gpp:video-orientation");
    expect_line(answer, "a=rtcp:31000 IN IP4 203.0.113.44\r\na=rtcp-rsize\r\na=recvonly");
    expect_line(answer, "c=IN IP4 203.0.113.44\r\nb=AS:1500\r\na=mid:1");
    expect_nothing_like(answer, "abs-send-time");
    expect_nothing_like(answer, " red/");
    expect_nothing_like(answer, "telephone-event");
    expect_nothing_like(answer, "VP9");
    expect_nothing_like(answer, "a=ssrc");
    assert_ptr_equal(strstr(strstr(answer, "b=AS:") + 1, "b=AS:"), NULL); /* video only */
}

/* WS-45, websocket-api.md 6.3 */
static void answers_a_player_with_one_stream_for_both_kinds(void **state)
{
    (void)state;
#define ID "90e14ad0-fdb2-11e8-bce2-a3f72476fb49"
    static const char expected[] = ANSWER_SESSION
        "a=group:BUNDLE 0 1\r\n"
        "m=audio 31000 UDP/TLS/RTP/SAVPF 111\r\n"
        "c=IN IP4 203.0.113.44\r\n"
        "a=mid:0\r\n"
        "a=rtpmap:111 opus/48000/2\r\n"
        "a=fmtp:111 minptime=10;useinbandfec=1\r\n"
        "a=ptime:20\r\n" ANSWER_TRANSPORT("31000") "a=rtcp-rsize\r\n"
                                                   "a=sendonly\r\n"
                                                   "a=msid:" ID " " ID "-audio\r\n"
                                                   "a=ssrc:1 cname:rtp/audio/" ID "\r\n"
                                                   "m=video 31000 UDP/TLS/RTP/SAVPF 96 97\r\n"
                                                   "c=IN IP4 203.0.113.44\r\n"
                                                   "a=mid:1\r\n"
                                                   "a=rtpmap:96 VP8/90000\r\n"
                                                   "a=rtpmap:97 rtx/90000\r\n"
                                                   "a=fmtp:97 apt=96\r\n"
                                                   "a=rtcp-fb:96 ccm fir\r\n"
                                                   "a=rtcp-fb:96 nack\r\n"
                                                   "a=rtcp-fb:96 nack pli\r\n" ANSWER_TRANSPORT(
                                                       "31000") "a=rtcp-rsize\r\n"
                                                                "a=sendonly\r\n"
                                                                "a=msid:" ID " " ID "-video\r\n"
                                                                "a=ssrc-group:FID 2 102\r\n"
                                                                "a=ssrc:2 cname:rtp/video/" ID
                                                                "\r\n"
                                                                "a=ssrc:102 cname:rtp/video/" ID
                                                                "\r\n";
    struct sl_sdp_answer_config config = answer_config();
    config.max_bitrate_kbps = 1500; /* for publishers */

    expect_same_lines(answer_to(chromium_play, &player, &config), expected);
}

/* WS-29 */
static void answers_each_section_on_its_own_port_without_bundle(void **state)
{
    (void)state;
    struct sl_sdp_answer_config config = answer_config();
    struct sl_negotiate_config negotiate = publisher;
    negotiate.allow_bundle = false;
    const char *answer = answer_to(chromium_publish, &negotiate, &config);

    expect_nothing_like(answer, "BUNDLE");
    expect_line(answer, "m=audio 31000 UDP/TLS/RTP/SAVPF 111 8 9");
    expect_line(answer, "m=video 31002 UDP/TLS/RTP/SAVPF 102 108 116 104 114 39 96");
    expect_line(answer, "a=candidate:1 1 udp 2130706431 203.0.113.44 31002 typ host");
    expect_line(answer, "a=rtcp:31002 IN IP4 203.0.113.44");
}

/* WS-24, WS-30: refused sections keep their m-line and mid. */
static void keeps_refused_sections_in_place(void **state)
{
    (void)state;
    static const char offer[] = SESSION("0 1 2") PUBLISH_AUDIO
        "m=video 9 UDP/TLS/RTP/SAVPF 45 98\r\n" TRANSPORT "a=mid:1\r\na=sendonly\r\n"
        "a=rtcp-mux\r\na=rtpmap:45 AV1/90000\r\na=fmtp:45 profile=0\r\na=rtpmap:98 VP9/90000\r\n"
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n" TRANSPORT "a=mid:2\r\n";
    struct sl_sdp_answer_config config = answer_config();
    const char *answer = answer_to(offer, &publisher, &config);

    expect_line(answer, "a=group:BUNDLE 0");
    const char *tail = strstr(answer, "m=video");
    assert_non_null(tail);
    expect_same_lines(tail, "m=video 0 UDP/TLS/RTP/SAVPF 45\r\n"
                            "c=IN IP4 203.0.113.44\r\n"
                            "a=mid:1\r\n"
                            "a=rtpmap:45 AV1/90000\r\n" ANSWER_KEYS "a=inactive\r\n"
                            "m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n"
                            "c=IN IP4 203.0.113.44\r\n"
                            "a=mid:2\r\n" ANSWER_KEYS "a=inactive\r\n");
}

/* webrtcbin goes by the order of sections whose port is not 0. */
static void shows_a_port_that_is_never_used_where_nobody_bundles(void **state)
{
    (void)state;
    static const char offer[] =
        "v=0\r\n"
        "m=video 9 UDP/TLS/RTP/SAVPF 98\r\n" TRANSPORT "a=mid:1\r\na=sendonly\r\n"
        "a=rtcp-mux\r\na=rtpmap:98 VP9/90000\r\n"
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n" TRANSPORT
        "a=mid:2\r\n" PUBLISH_AUDIO;
    struct sl_sdp_answer_config config = answer_config();
    const char *answer = answer_to(offer, &publisher, &config);

    expect_line(answer, "m=video 9 UDP/TLS/RTP/SAVPF 98\r\nc=IN IP4 203.0.113.44\r\na=mid:1\r\n"
                        "a=rtpmap:98 VP9/90000\r\n" ANSWER_KEYS "a=rtcp-mux\r\na=inactive\r\n"
                        "m=application 0 UDP/DTLS/SCTP webrtc-datachannel");
    expect_line(answer, "m=audio 31000 UDP/TLS/RTP/SAVPF 111 8 9");
}

static void refuses_sections_beyond_those_it_looks_into(void **state)
{
    (void)state;
    char offer[16384];
    int len = snprintf(offer, sizeof(offer), "%s%s", SESSION("0 8"), PUBLISH_AUDIO);

    for (unsigned i = 1; i <= SL_SDP_MEDIA_MAX; i++)
        len += snprintf(offer + len, sizeof(offer) - (size_t)len,
                        "m=video 9 UDP/TLS/RTP/SAVPF 33 34\r\na=mid:%u\r\n", i);
    struct sl_sdp_answer_config config = answer_config();
    struct sl_sdp *answer = parsed(answer_to(offer, &publisher, &config));

    assert_int_equal(answer->section_count, SL_SDP_MEDIA_MAX + 1);
    for (size_t i = 1; i < answer->section_count; i++) {
        assert_int_equal(answer->sections[i].port, 0);
        assert_int_equal(answer->sections[i].mid[0], '0' + (int)i);
        assert_string_equal(answer->sections[i].first_format, "33");
    }
    sl_sdp_free(answer);
}

/* spec/README.md decision 11 */
static void keeps_the_first_section_of_the_bundle_inactive(void **state)
{
    (void)state;
    struct sl_sdp_answer_config config = answer_config();
    struct sl_negotiate_config negotiate = player;
    negotiate.audio_count = 0;
    const char *answer = answer_to(chromium_play, &negotiate, &config);

    expect_line(answer, "a=group:BUNDLE 0 1");
    expect_line(answer, "m=audio 31000 UDP/TLS/RTP/SAVPF 111 9 0 8");
    expect_line(answer, "a=rtcp-rsize\r\na=inactive\r\nm=video 31000 UDP/TLS/RTP/SAVPF 96 97");
    expect_nothing_like(answer, "-audio");

    /* No codec we even know: the offer's first payload type stands for all. */
    char *offer = replaced(chromium_play, "SAVPF 111 63 9 0 8 13 110 126", "SAVPF 63 13");
    answer = answer_to(offer, &player, &config);
    expect_line(answer, "m=audio 31000 UDP/TLS/RTP/SAVPF 63");
    expect_line(answer, "a=mid:0\r\na=rtpmap:63 red/48000/2");
    free(offer);
}

/* WS-28, WS-70 */
static void writes_candidates_for_every_address_and_transport(void **state)
{
    (void)state;
    const struct sl_addr addrs[] = {addr_of("203.0.113.44", 31000), addr_of("2001:db8::1", 31000)};
    struct sl_sdp_answer_config config = answer_config();
    config.transports[0].candidates = addrs;
    config.transports[0].candidate_count = 2;
    config.transports[0].tcp = true;
    const char *answer = answer_to(chromium_publish, &publisher, &config);

    expect_line(answer,
                "a=candidate:1 1 udp 2130706431 203.0.113.44 31000 typ host\r\n"
                "a=candidate:2 1 udp 2130706175 2001:db8::1 31000 typ host\r\n"
                "a=candidate:3 1 tcp 2130705919 203.0.113.44 31000 typ host tcptype passive\r\n"
                "a=candidate:4 1 tcp 2130705663 2001:db8::1 31000 typ host tcptype passive\r\n"
                "a=end-of-candidates");

    config.transports[0].udp = false;
    config.transports[0].candidates = addrs + 1;
    config.transports[0].candidate_count = 1;
    answer = answer_to(chromium_publish, &publisher, &config);
    expect_line(answer, "o=Sluice 0 1544579813187 IN IP6 2001:db8::1");
    expect_line(answer, "c=IN IP6 2001:db8::1\r\na=mid:0");
    expect_line(answer,
                "a=setup:passive\r\n"
                "a=candidate:1 1 tcp 2130706431 2001:db8::1 31000 typ host tcptype passive\r\n"
                "a=end-of-candidates");
    expect_line(answer, "a=rtcp:31000 IN IP6 2001:db8::1");
    expect_nothing_like(answer, " udp ");
}

/* hardening.md class 7: ids come from clients. */
static void writes_no_line_that_a_client_made_up(void **state)
{
    (void)state;
    static const struct {
        const char *id, *stream;
    } cases[] = {
        {"x\r\na=injected:1", "x__a_injected_1"},
        {"a b", "a_b"},
        {"\xc3\xa4", "__"},
        {"", "_"},
        {"-", "_"},
        {"0123456789012345678901234567890123456789012345678901234567890123456789",
         "01234567890123456789012345678901234567890123456789"},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_sdp_answer_config config = answer_config();
        const char *stream = cases[i].stream;
        char line[256];
        config.cname_id = cases[i].id;
        const char *answer = answer_to(chromium_play, &player, &config);
        (void)snprintf(line, sizeof(line), "a=msid:%s %s-audio", stream, stream);
        expect_line(answer, line);
        (void)snprintf(line, sizeof(line), "a=ssrc:2 cname:rtp/video/%s", stream);
        expect_line(answer, line);
        expect_nothing_like(answer, "\na=injected");
    }
}

static void says_active_when_asked(void **state)
{
    (void)state;
    struct sl_sdp_answer_config config = answer_config();
    config.setup = SL_SDP_ACTIVE;

    expect_line(answer_to(chromium_play, &player, &config), "a=setup:active");
}

static void stays_inside_the_buffer(void **state)
{
    (void)state;
    static struct sl_negotiation n;
    struct sl_sdp_answer_config config = answer_config();
    struct sl_sdp *offer = parsed(chromium_publish);
    char whole[8192];

    assert_int_equal(sl_sdp_negotiate(offer, &publisher, &n, NULL), 0);
    int len = sl_sdp_build_answer(offer, &n, &config, whole, sizeof(whole));
    assert_true(len > 0);
    for (size_t size = 0; size <= (size_t)len; size += 37) {
        char *out = malloc(size ? size : 1); /* exact: the sanitizer sees one byte too many */
        assert_int_equal(sl_sdp_build_answer(offer, &n, &config, out, size), -ENOBUFS);
        free(out);
    }
    assert_int_equal(sl_sdp_build_answer(offer, &n, &config, whole, (size_t)len), -ENOBUFS);
    assert_int_equal(sl_sdp_build_answer(offer, &n, &config, whole, (size_t)len + 1), len);
    sl_sdp_free(offer);
}

/* Our own offer, answered by us, read by us: both directions, with and without bundle. */
static void understands_its_own_offers_and_answers(void **state)
{
    (void)state;
    static const struct {
        bool publishing, bundle, audio, video;
    } cases[] = {
        {true, true, true, true},   {true, false, true, true},  {false, true, true, true},
        {false, false, true, true}, {true, true, true, false},  {true, true, false, true},
        {false, true, true, false}, {false, true, false, true},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_sdp_offer_config offer_config = {
            .audio = cases[i].audio,
            .video = cases[i].video,
            .direction = cases[i].publishing ? SL_SDP_SENDONLY : SL_SDP_RECVONLY,
            .ufrag = "oooo",
            .pwd = "oooooooooooooooooooooo",
            .fingerprint = FINGERPRINT,
            .audio_ssrc = 11,
            .video_ssrc = 22,
            .video_rtx_ssrc = 33,
            .cname = "load client"};
        struct sl_negotiate_config negotiate = cases[i].publishing ? publisher : player;
        struct sl_sdp_answer_config config = answer_config();
        static struct sl_negotiation n;
        struct sl_error error = {""};
        char text[8192];
        negotiate.allow_bundle = cases[i].bundle;
        negotiate.rtx = true;
        int len = sl_sdp_build_offer(&offer_config, text, sizeof(text));
        assert_int_equal(len, strlen(text));
        assert_int_equal(sl_sdp_build_offer(&offer_config, text, (size_t)len), -ENOBUFS);
        assert_int_equal(sl_sdp_build_offer(&offer_config, text, (size_t)len + 1), len);

        struct sl_sdp *offer = parsed(text), *answer = parsed(answer_to(text, &negotiate, &config));
        int err = sl_sdp_accept_answer(offer, answer, &n, &error);
        if (err != 0)
            fail_msg("case %zu: %s", i, error.text);
        bool both = cases[i].audio && cases[i].video;
        assert_int_equal(n.transport_count, both && !cases[i].bundle ? 2 : 1);
        assert_int_equal(n.bundle, cases[i].bundle);
        assert_int_equal(n.transports[0].remote_setup, SL_SDP_PASSIVE);
        assert_true(answer->ice_lite);
        assert_int_equal(answer->sections[0].candidates[0].port, 31000);
        for (size_t j = 0; j < n.media_count; j++) {
            const struct sl_media *m = &n.media[j];
            bool video = m->kind == SL_VIDEO;
            assert_true(sl_sdp_media_flows(m));
            if (cases[i].publishing)
                assert_int_equal(m->local_ssrc, video ? 22 : 11);
            else
                assert_int_equal(m->remote_ssrc, 1 + j);
            assert_int_equal(m->local_rtx_ssrc, video && cases[i].publishing ? 33 : 0);
            assert_int_equal(m->remote_rtx_ssrc, video && !cases[i].publishing ? 101 + j : 0);
            if (video)
                assert_int_equal(m->codecs[0].rtx_payload_type, cases[i].publishing ? 103 : 97);
        }
        sl_sdp_free(answer);
        sl_sdp_free(offer);
    }
}

/* ---- Offers of what a source has ---- */

#define H264_SOURCE(mode, profile) "packetization-mode=" mode ";profile-level-id=" profile

/* To be filled with what a source has. */
static struct sl_sdp_offer_config source_offer(void)
{
    return (struct sl_sdp_offer_config){.audio = true,
                                        .video = true,
                                        .direction = SL_SDP_SENDONLY,
                                        .ufrag = "oooo",
                                        .pwd = "oooooooooooooooooooooo",
                                        .fingerprint = FINGERPRINT,
                                        .audio_ssrc = 11,
                                        .video_ssrc = 22,
                                        .video_rtx_ssrc = 33,
                                        .cname = "pull"};
}

/* The audio or video section's formats, "111 opus minptime=10, 96 VP8 "; "" for no section. */
static void describe_formats(const struct sl_sdp *sdp, const char *kind, char *out, size_t out_len)
{
    out[0] = '\0';
    for (size_t i = 0; i < sdp->section_count; i++) {
        const struct sl_sdp_section *section = &sdp->sections[i];
        for (size_t f = 0; strcmp(section->kind, kind) == 0 && f < section->format_count; f++) {
            const struct sl_sdp_format *format = &section->formats[f];
            size_t len = strlen(out);
            assert_true(section->bundled);
            (void)snprintf(out + len, out_len - len, "%s%u %s %s", len > 0 ? ", " : "",
                           format->payload_type, format->name, format->fmtp);
        }
    }
}

static void offers_what_the_source_has_and_no_more(void **state)
{
    (void)state;
    static const struct sl_source_codec
        opus_stereo[] = {{.codec = SL_CODEC_OPUS, .fmtp = "stereo=1"}},
        laws[] = {{.codec = SL_CODEC_PCMU, .fmtp = ""}, {.codec = SL_CODEC_PCMA, .fmtp = ""}},
        mode1[] = {{.codec = SL_CODEC_H264, .fmtp = H264_SOURCE("1", "640028")}},
        mode0[] = {{.codec = SL_CODEC_H264, .fmtp = "profile-level-id=42001f"}},
        modes[] = {{.codec = SL_CODEC_H264, .fmtp = H264_SOURCE("0", "4d001f")},
                   {.codec = SL_CODEC_VP8, .fmtp = ""},
                   {.codec = SL_CODEC_H264, .fmtp = H264_SOURCE("1", "42e01f")},
                   {.codec = SL_CODEC_H264, .fmtp = H264_SOURCE("1", "640028")}};
    static const struct {
        const struct sl_source_codec *audio;
        size_t audio_count;
        const struct sl_source_codec *video;
        size_t video_count;
        const char *audio_formats, *video_formats;
    } cases[] = {
        {opus_stereo, 1, vp8, 1, "111 opus stereo=1", "96 VP8 , 97 rtx apt=96"},
        {laws, 2, NULL, 0, "0 PCMU , 8 PCMA ", ""},
        {NULL, 0, mode1, 1, "", "102 H264 " H264_SOURCE("1", "640028") ", 103 rtx apt=102"},
        {NULL, 0, mode0, 1, "", "104 H264 profile-level-id=42001f, 105 rtx apt=104"},
        {opus, 1, modes, 4, "111 opus ",
         "102 H264 " H264_SOURCE("1", "42e01f") ", 104 H264 " H264_SOURCE(
             "0", "4d001f") ", 96 VP8 "
                            ", 103 rtx apt=102, 105 rtx apt=104, 97 rtx apt=96"},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_sdp_offer_config config = source_offer();
        char text[8192], formats[512];
        config.audio = cases[i].audio_count > 0;
        config.video = cases[i].video_count > 0;
        config.audio_codecs = cases[i].audio;
        config.audio_codec_count = cases[i].audio_count;
        config.video_codecs = cases[i].video;
        config.video_codec_count = cases[i].video_count;
        assert_true(sl_sdp_build_offer(&config, text, sizeof(text)) > 0);
        struct sl_sdp *offer = parsed(text);
        assert_int_equal(offer->section_count, config.audio + config.video);
        describe_formats(offer, "audio", formats, sizeof(formats));
        assert_string_equal(formats, cases[i].audio_formats);
        describe_formats(offer, "video", formats, sizeof(formats));
        assert_string_equal(formats, cases[i].video_formats);
        sl_sdp_free(offer);
    }
}

static void offers_numbers_of_the_transport_for_what_it_measures(void **state)
{
    (void)state;
    static const struct {
        enum sl_sdp_direction direction;
        bool estimation, audio, video;
    } cases[] = {
        {SL_SDP_SENDONLY, false, false, false},
        {SL_SDP_SENDONLY, true, false, true},
        {SL_SDP_RECVONLY, false, true, true},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_sdp_offer_config config = source_offer();
        char text[8192];
        config.audio = config.video = true;
        config.audio_codecs = config.video_codecs = NULL;
        config.direction = cases[i].direction;
        config.downlink_estimation = cases[i].estimation;
        assert_true(sl_sdp_build_offer(&config, text, sizeof(text)) > 0);
        struct sl_sdp *offer = parsed(text);
        for (size_t j = 0; j < 2; j++) {
            const struct sl_sdp_section *section = &offer->sections[j];
            bool expected = j ? cases[i].video : cases[i].audio;
            assert_int_equal(sl_sdp_ext_id(section, SL_EXT_TRANSPORT_CC) != 0, expected);
            assert_int_equal(section->formats[0].transport_cc, expected);
        }
        sl_sdp_free(offer);
    }
}

static void leaves_out_a_kind_that_it_has_no_format_for(void **state)
{
    (void)state;
    static const struct sl_source_codec vp9[] = {{.codec = SL_CODEC_VP9, .fmtp = ""},
                                                 {.codec = SL_CODEC_AV1, .fmtp = ""}},
                                        mode2[] = {{.codec = SL_CODEC_H264,
                                                    .fmtp = H264_SOURCE("2", "42e01f")}};
    static const struct {
        const char *why;
        const struct sl_source_codec *audio, *video;
        size_t video_count;
        const char *kind; /* the only section; NULL: no offer at all */
    } cases[] = {
        {"newer video codecs", opus, vp9, 2, "audio"},
        {"a packetization mode that we do not read", opus, mode2, 1, "audio"},
        {"video only, of which nothing", NULL, vp9, 2, NULL},
        {"no audio codec", vp8, vp8, 1, "video"}, /* not one of this kind */
        {"no codec at all", vp9, vp9, 2, NULL},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_sdp_offer_config config = source_offer();
        char text[8192];
        config.audio = cases[i].audio != NULL;
        config.audio_codecs = cases[i].audio;
        config.audio_codec_count = 1;
        config.video_codecs = cases[i].video;
        config.video_codec_count = cases[i].video_count;
        int len = sl_sdp_build_offer(&config, text, sizeof(text));
        if (!cases[i].kind) {
            if (len != -ENOMSG)
                fail_msg("%s: got %d", cases[i].why, len);
            continue;
        }
        assert_true(len > 0);
        struct sl_sdp *offer = parsed(text);
        if (offer->section_count != 1 || strcmp(offer->sections[0].kind, cases[i].kind) != 0)
            fail_msg("%s: got %s", cases[i].why, text);
        assert_true(offer->sections[0].format_count > 0 && offer->sections[0].bundled);
        assert_string_equal(offer->sections[0].mid, "0");
        sl_sdp_free(offer);
    }
}

static void parses_every_answer_it_writes_to_the_same(void **state)
{
    (void)state;
    struct sl_sdp_answer_config config = answer_config();
    struct sl_sdp *answer = parsed(answer_to(chromium_publish, &publisher, &config));
    const struct sl_sdp_section *video = &answer->sections[1];

    assert_int_equal(answer->section_count, 2);
    assert_string_equal(video->mid, "1");
    assert_true(video->bundled && video->rtcp_mux && video->end_of_candidates);
    assert_int_equal(video->setup, SL_SDP_PASSIVE);
    assert_int_equal(video->direction, SL_SDP_RECVONLY);
    assert_string_equal(video->ufrag, "abcdefgh");
    assert_string_equal(video->fingerprint, FINGERPRINT);
    assert_string_equal(video->formats[0].name, "H264");
    assert_string_equal(video->formats[0].fmtp, H264_FMTP("1", "42001f"));
    assert_true(video->formats[0].nack && video->formats[0].transport_cc);
    assert_int_equal(video->candidate_count, 1);
    assert_string_equal(video->candidates[0].ip, "203.0.113.44");
    sl_sdp_free(answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_a_publication_as_the_specification_shows),
        cmocka_unit_test(answers_everything_a_publisher_offers_that_we_can),
        cmocka_unit_test(answers_a_player_with_one_stream_for_both_kinds),
        cmocka_unit_test(answers_each_section_on_its_own_port_without_bundle),
        cmocka_unit_test(keeps_refused_sections_in_place),
        cmocka_unit_test(shows_a_port_that_is_never_used_where_nobody_bundles),
        cmocka_unit_test(refuses_sections_beyond_those_it_looks_into),
        cmocka_unit_test(keeps_the_first_section_of_the_bundle_inactive),
        cmocka_unit_test(writes_candidates_for_every_address_and_transport),
        cmocka_unit_test(writes_no_line_that_a_client_made_up),
        cmocka_unit_test(says_active_when_asked),
        cmocka_unit_test(stays_inside_the_buffer),
        cmocka_unit_test(understands_its_own_offers_and_answers),
        cmocka_unit_test(offers_what_the_source_has_and_no_more),
        cmocka_unit_test(offers_numbers_of_the_transport_for_what_it_measures),
        cmocka_unit_test(leaves_out_a_kind_that_it_has_no_format_for),
        cmocka_unit_test(parses_every_answer_it_writes_to_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
