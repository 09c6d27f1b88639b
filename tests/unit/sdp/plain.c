/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Descriptions without ICE and DTLS: addresses, ports, keys of a=crypto, what may flow there. */
#include "offers.h"

#include "base/addr.h"
#include "base/mem.h"

#include <errno.h>
#include <stdio.h>

#define KEY_1       "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj"                     /* 30 bytes */
#define KEY_GCM     "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGw=="                     /* 0 to 27 */
#define KEY_GCM_256 "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKis=" /* 0 to 43 */

/* A telephone with two laws of G.711, digits and nothing else. */
static const char telephone[] = "v=0\r\n"
                                "o=- 20518 0 IN IP4 203.0.113.1\r\n"
                                "s= \r\n"
                                "c=IN IP4 203.0.113.1\r\n"
                                "t=0 0\r\n"
                                "m=audio 54400 RTP/AVP 8 0 96 101\r\n"
                                "a=rtpmap:96 telephone-event/48000\r\n"
                                "a=rtpmap:101 telephone-event/8000\r\n"
                                "a=fmtp:101 0-15\r\n"
                                "a=ptime:20\r\n";

static const enum sl_codec telephony[] = {SL_CODEC_OPUS, SL_CODEC_PCMU, SL_CODEC_PCMA,
                                          SL_CODEC_TELEPHONE_EVENT};
static const struct sl_source_codec pcma[] = {{.codec = SL_CODEC_PCMA},
                                              {.codec = SL_CODEC_TELEPHONE_EVENT}};
static const struct sl_negotiate_config call = {.plain = true,
                                                .codecs = telephony,
                                                .codec_count = SL_ARRAY_LEN(telephony),
                                                .audio = pcma,
                                                .audio_count = SL_ARRAY_LEN(pcma)};

static const struct sl_negotiation *negotiated(struct sl_sdp *offer)
{
    static struct sl_negotiation n;
    struct sl_error error = {""};
    int err = sl_sdp_negotiate(offer, &call, &n, &error);

    if (err != 0)
        fail_msg("%d: %s", err, error.text);
    return &n;
}

static const char *answer_to(struct sl_sdp *offer, const struct sl_negotiation *n,
                             uint16_t rtcp_port, const struct sl_sdp_crypto *crypto)
{
    static char text[4096];
    struct sl_addr here;
    struct sl_sdp_answer_config config = {.product = "Sluice", .version = "1", .cname_id = "call"};

    assert_int_equal(sl_addr_parse_ip("198.51.100.9", 31000, &here), 0);
    config.transports[0] = (struct sl_sdp_local_transport){
        .candidates = &here, .candidate_count = 1, .rtcp_port = rtcp_port, .crypto = crypto};
    assert_true(sl_sdp_build_answer(offer, n, &config, text, sizeof(text)) > 0);
    return text;
}

static void a_telephone_is_answered_in_clear_and_in_both_directions(void **state)
{
    (void)state;
    struct sl_sdp *offer = parsed(telephone);
    const struct sl_negotiation *n = negotiated(offer);
    const struct sl_media *audio = &n->media[0];

    assert_true(n->plain && audio->accepted);
    assert_int_equal(audio->direction, SL_SDP_SENDRECV);
    assert_string_equal(n->transports[0].address, "203.0.113.1");
    assert_int_equal(n->transports[0].port, 54400);
    assert_int_equal(n->transports[0].rtcp_port, 54401);
    assert_int_equal(n->transports[0].crypto.suite, SL_SDP_NO_SUITE);
    /* What we send first; digits of the sound's own clock. */
    assert_int_equal(audio->codec_count, 3);
    assert_int_equal(audio->codecs[0].payload_type, 8);
    assert_int_equal(audio->codecs[1].payload_type, 101);
    assert_int_equal(audio->codecs[2].payload_type, 0);
    assert_string_equal(answer_to(offer, n, 31001, NULL), "v=0\r\n"
                                                          "o=Sluice 0 0 IN IP4 198.51.100.9\r\n"
                                                          "s=Sluice/1\r\n"
                                                          "c=IN IP4 198.51.100.9\r\n"
                                                          "t=0 0\r\n"
                                                          "m=audio 31000 RTP/AVP 8 101 0\r\n"
                                                          "c=IN IP4 198.51.100.9\r\n"
                                                          "a=rtpmap:8 PCMA/8000\r\n"
                                                          "a=rtpmap:101 telephone-event/8000\r\n"
                                                          "a=fmtp:101 0-15\r\n"
                                                          "a=rtpmap:0 PCMU/8000\r\n"
                                                          "a=ptime:20\r\n"
                                                          "a=rtcp:31001\r\n"
                                                          "a=sendrecv\r\n");
    sl_sdp_free(offer);
}

static void the_other_sides_rtcp_goes_where_it_says(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        uint16_t port;
    } cases[] = {
        {"a=ptime:20", 54401},
        {"a=rtcp:60000 IN IP4 203.0.113.1", 60000},
        {"a=rtcp-mux", 54400},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_sdp *offer = parsed_with(telephone, "a=ptime:20", cases[i].line);
        assert_int_equal(negotiated(offer)->transports[0].rtcp_port, cases[i].port);
        sl_sdp_free(offer);
    }
}

static void sections_that_cannot_be_reached_or_read_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *why, *from, *to;
    } cases[] = {
        {"no address", "c=IN IP4 203.0.113.1", "i=x"},
        {"a name", "c=IN IP4 203.0.113.1", "c=IN IP4 phone.example"},
        {"secured without a key", "RTP/AVP", "RTP/SAVP"},
        {"DTLS", "RTP/AVP", "UDP/TLS/RTP/SAVP"},
        {"another transport", "RTP/AVP", "TCP/RTP/AVP"},
        {"no port", "m=audio 54400", "m=audio 0"},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        static struct sl_negotiation n;
        struct sl_error error = {""};
        struct sl_sdp *offer = parsed_with(telephone, cases[i].from, cases[i].to);
        if (sl_sdp_negotiate(offer, &call, &n, &error) != -EBADMSG)
            fail_msg("%s: taken", cases[i].why);
        assert_string_equal(error.text, "no m-line for audio or video over RTP");
        sl_sdp_free(offer);
    }
}

static void keys_that_we_can_use_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        enum sl_sdp_suite suite;
        size_t odd;
    } cases[] = {
        {"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" KEY_1, SL_SDP_AES_CM_128_HMAC_SHA1_80, 0},
        {"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" KEY_1 "|2^20", SL_SDP_AES_CM_128_HMAC_SHA1_80,
         0},
        {"a=crypto:1 AEAD_AES_128_GCM inline:" KEY_GCM, SL_SDP_AEAD_AES_128_GCM, 0},
        {"a=crypto:1 AES_CM_128_HMAC_SHA1_32 inline:" KEY_1, SL_SDP_AES_CM_128_HMAC_SHA1_32, 0},
        {"a=crypto:1 AEAD_AES_256_GCM inline:" KEY_GCM_256, SL_SDP_AEAD_AES_256_GCM, 0},
        {"a=crypto:1 F8_128_HMAC_SHA1_80 inline:" KEY_1, SL_SDP_NO_SUITE, 0},
        {"a=crypto:1 AEAD_AES_256_GCM inline:" KEY_GCM, SL_SDP_NO_SUITE, 1},
        {"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" KEY_1 "|2^20|1:4", SL_SDP_NO_SUITE, 0},
        {"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" KEY_1 " UNENCRYPTED_SRTP", SL_SDP_NO_SUITE,
         0},
        {"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" KEY_GCM, SL_SDP_NO_SUITE, 1},
        {"a=crypto:1 AEAD_AES_128_GCM inline:" KEY_1, SL_SDP_NO_SUITE, 1},
        {"a=crypto:x AES_CM_128_HMAC_SHA1_80 inline:" KEY_1, SL_SDP_NO_SUITE, 1},
        {"a=crypto:1 AES_CM_128_HMAC_SHA1_80 " KEY_1, SL_SDP_NO_SUITE, 1},
        {"a=crypto:1 AES_CM_128_HMAC_SHA1_80", SL_SDP_NO_SUITE, 1},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_sdp *sdp = parsed_with(telephone, "a=ptime:20", cases[i].line);
        const struct sl_sdp_section *section = &sdp->sections[0];
        bool taken = cases[i].suite != SL_SDP_NO_SUITE;
        if (section->crypto_count != taken || sdp->odd_count != cases[i].odd)
            fail_msg("%s: %zu taken, %zu odd", cases[i].line, section->crypto_count,
                     sdp->odd_count);
        if (taken) {
            assert_int_equal(section->cryptos[0].suite, cases[i].suite);
            assert_int_equal(section->cryptos[0].tag, 1);
        }
        if (strstr(cases[i].line, "GCM"))
            for (uint8_t k = 0; k < sl_sdp_suite_key_len(cases[i].suite); k++)
                assert_int_equal(section->cryptos[0].key[k], k);
        sl_sdp_free(sdp);
    }
}

static void how_much_is_wanted_in_a_packet_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        uint16_t ms;
    } cases[] = {
        {"a=ptime:20", 20},   {"a=ptime:30", 30}, {"a=ptime:2.5", 0},
        {"a=ptime:99999", 0}, {"a=ptime:", 0},    {"a=maxptime:40", 0},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_sdp *sdp = parsed_with(telephone, "a=ptime:20", cases[i].line);
        const struct sl_negotiation *n = negotiated(sdp);
        if (n->media[0].ptime_ms != cases[i].ms)
            fail_msg("%s: %u", cases[i].line, n->media[0].ptime_ms);
        sl_sdp_free(sdp);
    }
}

/* Our offer, the other side's answer to it made by ourselves, and what we make of that. */
static void keys_and_ports_survive_an_offer_and_its_answer(void **state)
{
    (void)state;
    static const struct {
        const char *plain;
        enum sl_sdp_suite suite;
    } cases[] = {
        {"RTP/AVP", SL_SDP_NO_SUITE},
        {"RTP/AVPF", SL_SDP_NO_SUITE},
        {"RTP/SAVP", SL_SDP_AES_CM_128_HMAC_SHA1_80},
        {"RTP/SAVP", SL_SDP_AES_CM_128_HMAC_SHA1_32},
        {"RTP/SAVPF", SL_SDP_AEAD_AES_128_GCM},
        {"RTP/SAVPF", SL_SDP_AEAD_AES_256_GCM},
    };
    struct sl_addr ours;

    assert_int_equal(sl_addr_parse_ip("192.0.2.7", 40000, &ours), 0);
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_sdp_crypto mine = {cases[i].suite, 1,
                                     "mine mine mine mine mine mine mine mine mine"};
        struct sl_sdp_crypto theirs = {cases[i].suite, 1,
                                       "theirs theirs theirs theirs theirs theirs th"};
        struct sl_sdp_offer_config config = {
            .audio = true, .plain = cases[i].plain, .direction = SL_SDP_SENDRECV};
        static struct sl_negotiation n;
        struct sl_error error = {""};
        char text[4096];
        config.transports[SL_AUDIO] = (struct sl_sdp_local_transport){
            .candidates = &ours, .candidate_count = 1, .rtcp_port = 40001, .crypto = &mine};
        assert_true(sl_sdp_build_offer(&config, text, sizeof(text)) > 0);
        struct sl_sdp *offer = parsed(text);
        const struct sl_negotiation *far = negotiated(offer);
        assert_int_equal(far->transports[0].port, 40000);
        assert_int_equal(far->transports[0].rtcp_port, 40001);
        assert_memory_equal(&far->transports[0].crypto.key, mine.key,
                            sl_sdp_suite_key_len(cases[i].suite));
        struct sl_sdp *answer = parsed(answer_to(offer, far, 0, &theirs));
        int err = sl_sdp_accept_answer(offer, answer, &n, &error);
        if (err != 0)
            fail_msg("%s: %d %s", cases[i].plain, err, error.text);
        assert_true(n.plain);
        assert_int_equal(n.media[0].direction, SL_SDP_SENDRECV);
        assert_int_equal(n.transports[0].port, 31000);
        assert_int_equal(n.transports[0].crypto.suite, cases[i].suite);
        assert_memory_equal(n.transports[0].crypto.key, theirs.key,
                            sl_sdp_suite_key_len(cases[i].suite));
        if (cases[i].suite != SL_SDP_NO_SUITE) {
            answer->sections[0].cryptos[0].tag = 2;
            assert_int_equal(sl_sdp_accept_answer(offer, answer, &n, &error), -EBADMSG);
            assert_string_equal(error.text, "m-line 1: no crypto that was offered");
        }
        sl_sdp_free(answer);
        sl_sdp_free(offer);
    }
}

static void what_a_source_sends_is_described_with_its_own_clock(void **state)
{
    (void)state;
    static const struct sl_source_codec aac[] = {
        {.codec = SL_CODEC_AAC,
         .fmtp = "mode=AAC-hbr;config=1210;sizelength=13;indexlength=3;indexdeltalength=3",
         .clock_hz = 44100,
         .channels = 2}};
    static const struct sl_source_codec vp8[] = {{.codec = SL_CODEC_VP8}};
    struct sl_addr at[2];
    struct sl_sdp_offer_config config = {.audio = true,
                                         .video = true,
                                         .plain = "RTP/AVP",
                                         .direction = SL_SDP_SENDONLY,
                                         .audio_codecs = aac,
                                         .audio_codec_count = 1,
                                         .video_codecs = vp8,
                                         .video_codec_count = 1};
    char text[4096];

    for (size_t kind = 0; kind < 2; kind++) {
        assert_int_equal(sl_addr_parse_ip("::1", (uint16_t)(5000 + 2 * kind), &at[kind]), 0);
        config.transports[kind] =
            (struct sl_sdp_local_transport){.candidates = &at[kind], .candidate_count = 1};
    }
    assert_true(sl_sdp_build_offer(&config, text, sizeof(text)) > 0);
    assert_string_equal(
        text,
        "v=0\r\n"
        "o=- 1 1 IN IP6 ::1\r\n"
        "s=-\r\n"
        "t=0 0\r\n"
        "m=audio 5000 RTP/AVP 98\r\n"
        "c=IN IP6 ::1\r\n"
        "a=sendonly\r\n"
        "a=rtcp-mux\r\n"
        "a=rtpmap:98 mpeg4-generic/44100/2\r\n"
        "a=fmtp:98 mode=AAC-hbr;config=1210;sizelength=13;indexlength=3;indexdeltalength=3\r\n"
        "m=video 5002 RTP/AVP 96\r\n"
        "c=IN IP6 ::1\r\n"
        "a=sendonly\r\n"
        "a=rtcp-mux\r\n"
        "a=rtpmap:96 VP8/90000\r\n");
}

/* Browsers have no part in these, whatever an offer of theirs says. */
static void over_webrtc_there_is_neither_aac_nor_a_digit(void **state)
{
    (void)state;
    static const enum sl_codec codecs[] = {SL_CODEC_AAC, SL_CODEC_TELEPHONE_EVENT, SL_CODEC_OPUS};
    static const struct sl_negotiate_config config = {.direction = SL_SDP_RECVONLY,
                                                      .allow_bundle = true,
                                                      .codecs = codecs,
                                                      .codec_count = SL_ARRAY_LEN(codecs)};
    static struct sl_negotiation n;
    struct sl_sdp *offer = parsed(chromium_publish); /* offers telephone-event, too */

    assert_int_equal(sl_sdp_negotiate(offer, &config, &n, NULL), 0);
    assert_int_equal(n.media[0].codec_count, 1);
    assert_int_equal(n.media[0].codecs[0].codec, SL_CODEC_OPUS);
    sl_sdp_free(offer);
}

static void digits_have_the_clock_of_the_sound_where_there_are_such(void **state)
{
    (void)state;
    static const enum sl_codec codecs[] = {SL_CODEC_OPUS, SL_CODEC_PCMA, SL_CODEC_TELEPHONE_EVENT};
    static const struct sl_negotiate_config any = {
        .plain = true, .direction = SL_SDP_RECVONLY, .codecs = codecs, .codec_count = 3};
    static const struct {
        const char *why, *formats;
        uint8_t expected[3];
    } cases[] = {
        {"opus with both", "96 101 111", {111, 96}},
        {"opus with those of telephones only", "101 111", {111, 101}},
        {"G.711 with both", "8 96 101", {8, 101}},
        {"G.711 with those of opus only", "8 96", {8}},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        char text[512];
        struct sl_negotiation *n = sl_new(struct sl_negotiation);
        (void)snprintf(text, sizeof(text),
                       "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
                       "m=audio 4000 RTP/AVP %s\r\na=rtpmap:111 opus/48000/2\r\n"
                       "a=rtpmap:96 telephone-event/48000\r\na=rtpmap:101 telephone-event/8000\r\n",
                       cases[i].formats);
        struct sl_sdp *offer = parsed(text);
        assert_int_equal(sl_sdp_negotiate(offer, &any, n, NULL), 0);
        for (size_t j = 0; j < SL_ARRAY_LEN(cases[i].expected) && cases[i].expected[j]; j++) {
            if (j >= n->media[0].codec_count ||
                n->media[0].codecs[j].payload_type != cases[i].expected[j])
                fail_msg("%s: %zu codecs", cases[i].why, n->media[0].codec_count);
        }
        assert_int_equal(n->media[0].codec_count, cases[i].expected[1] ? 2 : 1);
        sl_sdp_free(offer);
        free(n);
    }
}

static void telephones_are_told_that_key_frames_may_be_asked_for(void **state)
{
    (void)state;
    static const struct sl_source_codec events[] = {
        {.codec = SL_CODEC_OPUS},
        {.codec = SL_CODEC_TELEPHONE_EVENT, .clock_hz = 8000},
        {.codec = SL_CODEC_TELEPHONE_EVENT, .clock_hz = 48000}};
    static const struct sl_source_codec vp8[] = {{.codec = SL_CODEC_VP8}};
    struct sl_sdp_offer_config config = {.audio = true,
                                         .video = true,
                                         .plain = "RTP/AVP",
                                         .keyframe_requests = true,
                                         .audio_codecs = events,
                                         .audio_codec_count = 3,
                                         .video_codecs = vp8,
                                         .video_codec_count = 1};
    struct sl_negotiate_config choice = {
        .plain = true, .any_feedback = true, .video = vp8, .video_count = 1};
    struct sl_negotiation *n = sl_new(struct sl_negotiation);
    struct sl_addr here;
    char text[2048];

    assert_int_equal(sl_addr_parse_ip("192.0.2.1", 4000, &here), 0);
    for (size_t kind = 0; kind < 2; kind++)
        config.transports[kind] = (struct sl_sdp_local_transport){
            .candidates = &here, .candidate_count = 1, .rtcp_port = 4001};
    assert_true(sl_sdp_build_offer(&config, text, sizeof(text)) > 0);
    assert_non_null(strstr(text, "m=audio 4000 RTP/AVP 111 101 110\r\n"));
    assert_non_null(strstr(text, "a=rtpmap:101 telephone-event/8000\r\n"));
    assert_non_null(strstr(text, "a=rtpmap:110 telephone-event/48000\r\n"));
    assert_non_null(strstr(text, "a=rtcp-fb:* nack pli\r\na=rtcp-fb:* ccm fir\r\n"));
    struct sl_sdp *offer = parsed(text);
    assert_int_equal(sl_sdp_negotiate(offer, &choice, n, NULL), 0);
    assert_true(n->media[1].codecs[0].pli && n->media[1].codecs[0].fir);
    assert_false(n->media[1].codecs[0].nack);
    choice.any_feedback = false;
    assert_int_equal(sl_sdp_negotiate(offer, &choice, n, NULL), 0);
    assert_false(n->media[1].codecs[0].pli || n->media[1].codecs[0].fir);
    sl_sdp_free(offer);
    free(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_telephone_is_answered_in_clear_and_in_both_directions),
        cmocka_unit_test(the_other_sides_rtcp_goes_where_it_says),
        cmocka_unit_test(sections_that_cannot_be_reached_or_read_are_refused),
        cmocka_unit_test(keys_that_we_can_use_are_read),
        cmocka_unit_test(how_much_is_wanted_in_a_packet_is_read),
        cmocka_unit_test(keys_and_ports_survive_an_offer_and_its_answer),
        cmocka_unit_test(what_a_source_sends_is_described_with_its_own_clock),
        cmocka_unit_test(over_webrtc_there_is_neither_aac_nor_a_digit),
        cmocka_unit_test(digits_have_the_clock_of_the_sound_where_there_are_such),
        cmocka_unit_test(telephones_are_told_that_key_frames_may_be_asked_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
