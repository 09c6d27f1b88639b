/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A telephone that goes on in other formats in the middle of a call: what both come to then. */
#include "calls/describe.h"
#include "calls/formats.h"

#include "base/error.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define HEAD          "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
#define EVENTS(pt)    "a=rtpmap:" #pt " telephone-event/8000\r\n"
#define OPUS(pt)      "a=rtpmap:" #pt " opus/48000/2\r\n"
#define KEY(tag, key) "a=crypto:" #tag " AES_CM_128_HMAC_SHA1_80 inline:" key "\r\n"
#define SENDRECV      "a=sendrecv\n"
#define RECVONLY      "a=recvonly\n"
#define KEY_A         "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define KEY_B         "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"

struct fixture {
    struct sl_config config;
    char *codecs[7];
    struct sl_call_telephone telephone;
    struct sl_call_taste browser;
    char text[SL_SDP_TEXT_MAX], *rest;
};

static int set_up(void **state)
{
    static char names[][16] = {"opus", "alaw", "ulaw", "g722", "telephone-event", "H264", "VP8"};
    static char srtp[] = "optional";
    struct fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    for (size_t i = 0; i < 7; i++)
        f->codecs[i] = names[i];
    f->config = (struct sl_config){
        .codecs = {.items = f->codecs, .count = 7}, .sip_srtp = srtp, .video_enabled = true};
    for (size_t kind = 0; kind < 2; kind++)
        assert_int_equal(
            sl_addr_parse_ip("192.0.2.9", (uint16_t)(4000 + 2 * kind), &f->telephone.addrs[kind]),
            0);
    f->browser.of[SL_AUDIO] = (struct sl_call_codecs){
        .items = {{.codec = SL_CODEC_OPUS}, {.codec = SL_CODEC_PCMU}}, .count = 2};
    f->browser.of[SL_VIDEO] =
        (struct sl_call_codecs){.items = {{.codec = SL_CODEC_VP8}}, .count = 1};
    sl_call_telephone_init(&f->telephone);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    sl_call_leg_deinit(&f->telephone.leg);
    free(f);
    return 0;
}

static void hear(struct fixture *f, const char *sections)
{
    char text[2048];

    (void)snprintf(text, sizeof(text), HEAD "%s", sections);
    assert_int_equal(sl_call_leg_hear(&f->telephone.leg, text, NULL), 0);
}

/* Our offer, which they answer so. */
static void settle(struct fixture *f, const char *sections)
{
    assert_int_equal(sl_call_telephone_offer(&f->telephone, &f->config, &f->browser, f->text, NULL),
                     0);
    hear(f, sections);
    assert_int_equal(sl_call_telephone_settle(&f->telephone, NULL), 0);
}

/* Theirs, of which we take so much that no more is said. */
static void answer(struct fixture *f, const char *sections)
{
    hear(f, sections);
    assert_int_equal(
        sl_call_telephone_answer(&f->telephone, &f->config, &f->browser, f->text, NULL), 0);
}

static const char *section(struct fixture *f, const char *kind)
{
    char *at = strstr(f->text, kind);

    assert_non_null(at);
    at[strcspn(at, "\r")] = '\0';
    return at;
}

static void is_answered_in_what_is_in_use_where_that_is_offered(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *why, *offer, *answer;
    } cases[] = {
        {"the same", "m=audio 5000 RTP/AVP 8 101\r\n" EVENTS(101), "m=audio 4000 RTP/AVP 8 101"},
        {"another first", "m=audio 5000 RTP/AVP 0 8\r\n", "m=audio 4000 RTP/AVP 8"},
        {"another first, in a hold", "m=audio 5000 RTP/AVP 0 8\r\na=inactive\r\n",
         "m=audio 4000 RTP/AVP 8"},
        {"another only", "m=audio 5000 RTP/AVP 0 101\r\n" EVENTS(101),
         "m=audio 4000 RTP/AVP 0 101"},
        {"two others: what the browser has, not what has to be made",
         "m=audio 5000 RTP/AVP 9 97\r\n" OPUS(97), "m=audio 4000 RTP/AVP 97"},
        {"digits by another number", "m=audio 5000 RTP/AVP 97 98\r\n" OPUS(97) EVENTS(98),
         "m=audio 4000 RTP/AVP 97 98"},
        {"its number is another now", "m=audio 5000 RTP/AVP 120\r\n" OPUS(120),
         "m=audio 4000 RTP/AVP 120"},
    };

    settle(f, "m=audio 5000 RTP/AVP 8\r\nm=video 0 RTP/AVP 96\r\n");
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct sl_error error = {.text = ""};
        hear(f, cases[i].offer);
        if (sl_call_telephone_answer_again(&f->telephone, &f->config, &f->browser, f->text,
                                           &error) < 0)
            fail_msg("%s: %s", cases[i].why, error.text);
        const char *answered = section(f, "m=audio");
        if (strcmp(answered, cases[i].answer) != 0)
            fail_msg("%s: %s", cases[i].why, answered);
    }
}

static void has_no_call_without_sound(void **state)
{
    struct fixture *f = *state;
    struct sl_error error = {.text = ""};

    settle(f, "m=audio 5000 RTP/AVP 8\r\nm=video 0 RTP/AVP 96\r\n");
    hear(f, "m=audio 5000 RTP/AVP 3 101\r\n" EVENTS(101));
    assert_int_equal(
        sl_call_telephone_answer_again(&f->telephone, &f->config, &f->browser, f->text, &error),
        -ENOMSG);
}

/* A provisional response has named one, the final one another (sip.md 14.4). */
static void goes_on_in_what_is_answered_later(void **state)
{
    struct fixture *f = *state;
    struct sl_error error = {.text = ""};

    settle(f, "m=audio 5000 RTP/AVP 8\r\nm=video 0 RTP/AVP 96\r\n");
    assert_int_equal(f->telephone.codecs[SL_AUDIO].codec, SL_CODEC_PCMA);
    hear(f, "m=audio 5000 RTP/AVP 0\r\nm=video 0 RTP/AVP 96\r\n");
    assert_int_equal(sl_call_telephone_settle_again(&f->telephone, &error), 0);
    assert_int_equal(f->telephone.codecs[SL_AUDIO].codec, SL_CODEC_PCMU);
}

static void pictures_stay_in_their_codec_or_go(void **state)
{
    struct fixture *f = *state;
    struct sl_error error = {.text = ""};

    answer(f, "m=audio 5000 RTP/AVP 0\r\nm=video 5002 RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\n");
    assert_string_equal(section(f, "m=video"), "m=video 4002 RTP/AVP 96");
    hear(f, "m=audio 5000 RTP/AVP 0\r\nm=video 5002 RTP/AVP 98\r\na=rtpmap:98 VP8/90000\r\n");
    assert_int_equal(
        sl_call_telephone_answer_again(&f->telephone, &f->config, &f->browser, f->text, &error), 0);
    assert_string_equal(section(f, "m=video"), "m=video 4002 RTP/AVP 98");
    hear(f, "m=audio 5000 RTP/AVP 0\r\nm=video 5002 RTP/AVP 97\r\na=rtpmap:97 H264/90000\r\n");
    assert_int_equal(
        sl_call_telephone_answer_again(&f->telephone, &f->config, &f->browser, f->text, &error), 0);
    assert_string_equal(section(f, "m=video"), "m=video 0 RTP/AVP 97");
    assert_null(sl_call_leg_media(&f->telephone.leg, SL_VIDEO));
}

/* A call of an operator's, whose pictures are watched only. */
static void offers_what_the_call_is_to_have(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *why, *offer;
        bool no_sound, to_rtmp;
    } cases[] = {
        {"both",
         "m=audio 4000 RTP/AVP 111 0 8 9 101 110\n" SENDRECV
         "m=video 4002 RTP/AVP 102 96\n" RECVONLY,
         false, false},
        {"pictures", "m=video 4002 RTP/AVP 102 96\n" RECVONLY, true, false},
        {"for RTMP",
         "m=audio 4000 RTP/AVP 0 8 101\n" SENDRECV "m=video 4002 RTP/AVP 102\n" RECVONLY, false,
         true},
    };
    char *excluded[] = {(char[]){"opus"}, (char[]){"g722"}, (char[]){"vp8"}};

    f->config.codecs_exclude_sip_rtmp = (struct sl_string_list){.items = excluded, .count = 3};
    f->browser.of[SL_VIDEO].count = 0;
    sl_call_taste_add_pictures(&f->browser.of[SL_VIDEO]);
    f->telephone.watches = true;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char seen[512] = "";
        f->telephone.leg.no_sound = cases[i].no_sound;
        f->telephone.to_rtmp = cases[i].to_rtmp;
        assert_int_equal(
            sl_call_telephone_offer(&f->telephone, &f->config, &f->browser, f->text, NULL), 0);
        for (char *line = strtok_r(f->text, "\r\n", &f->rest); line;
             line = strtok_r(NULL, "\r\n", &f->rest)) {
            size_t len = strlen(seen);
            if (line[0] == 'm' || strncmp(line, "a=sendrecv", 10) == 0 ||
                strncmp(line, "a=recvonly", 10) == 0)
                (void)snprintf(seen + len, sizeof(seen) - len, "%s\n", line);
        }
        if (strcmp(seen, cases[i].offer) != 0)
            fail_msg("%s: %s", cases[i].why, seen);
    }
}

static void keys_of_theirs_may_change_and_ours_stay(void **state)
{
    struct fixture *f = *state;
    struct sl_error error = {.text = ""};

    answer(f, "m=audio 5000 RTP/SAVP 0\r\n" KEY(1, KEY_A));
    const struct sl_sdp_crypto ours = f->telephone.crypto[SL_AUDIO];
    assert_true(f->telephone.encrypts);
    hear(f, "m=audio 5000 RTP/SAVP 8\r\n" KEY(2, KEY_B));
    assert_int_equal(
        sl_call_telephone_answer_again(&f->telephone, &f->config, &f->browser, f->text, &error), 0);
    assert_memory_equal(f->telephone.crypto[SL_AUDIO].key, ours.key, sizeof(ours.key));
    assert_int_equal(f->telephone.crypto[SL_AUDIO].tag, 2);
    assert_non_null(strstr(f->text, "a=crypto:2 AES_CM_128_HMAC_SHA1_80 "));
    const struct sl_negotiation *negotiation = f->telephone.leg.negotiation;
    assert_int_equal(negotiation->transports[0].crypto.key[0], 0x04); /* base64: BBBB */
    f->config.sip_srtp = (char[]){"mandatory"};
    hear(f, "m=audio 5000 RTP/AVP 8\r\n");
    assert_int_equal(
        sl_call_telephone_answer_again(&f->telephone, &f->config, &f->browser, f->text, &error),
        -ENOMSG);
}

static void what_goes_on_in_clear_has_no_keys_any_more(void **state)
{
    struct fixture *f = *state;
    struct sl_error error = {.text = ""};

    answer(f,
           "m=audio 5000 RTP/SAVP 0\r\n" KEY(1, KEY_A) "m=video 5002 RTP/SAVP 96\r\n"
                                                       "a=rtpmap:96 VP8/90000\r\n" KEY(1, KEY_B));
    assert_int_equal(f->telephone.crypto[SL_VIDEO].suite, SL_SDP_AES_CM_128_HMAC_SHA1_80);
    hear(f, "m=audio 5000 RTP/SAVP 0\r\n" KEY(1, KEY_A) "m=video 5002 RTP/AVP 96\r\n"
                                                        "a=rtpmap:96 VP8/90000\r\n");
    assert_int_equal(
        sl_call_telephone_answer_again(&f->telephone, &f->config, &f->browser, f->text, &error), 0);
    assert_true(f->telephone.encrypts);
    assert_int_equal(f->telephone.crypto[SL_AUDIO].suite, SL_SDP_AES_CM_128_HMAC_SHA1_80);
    assert_int_equal(f->telephone.crypto[SL_VIDEO].suite, SL_SDP_NO_SUITE);
    const char *pictures = strstr(f->text, "m=video 4002 RTP/AVP 96");
    assert_non_null(pictures);
    assert_null(strstr(pictures, "a=crypto"));
}

static void digits_have_the_clock_of_the_sound(void **state)
{
    (void)state;
    struct sl_media sound = {
        .codec_count = 3,
        .codecs = {{.codec = SL_CODEC_OPUS, .payload_type = 111, .clock_hz = 48000},
                   {.codec = SL_CODEC_TELEPHONE_EVENT, .payload_type = 101, .clock_hz = 8000},
                   {.codec = SL_CODEC_TELEPHONE_EVENT, .payload_type = 64, .clock_hz = 48000}},
    };
    struct sl_call_formats formats;

    sl_call_formats_read(&sound, &formats);
    assert_int_equal(formats.sound, 111);
    assert_int_equal(formats.event, 64);
    assert_int_equal(formats.event_clock_hz, 48000);
    assert_int_equal(formats.fillers[0], 1 << SL_CALL_COMFORT_NOISE);
    assert_int_equal(formats.fillers[1], UINT64_C(1) << (101 - 64) | 1);
    sound.codec_count = 2;
    sl_call_formats_read(&sound, &formats);
    assert_int_equal(formats.event, 101);
    assert_int_equal(formats.event_clock_hz, 8000);
    sound.codec_count = 1;
    sound.codecs[0].payload_type = SL_CALL_COMFORT_NOISE;
    sl_call_formats_read(&sound, &formats);
    assert_int_equal(formats.event, SL_CALL_NO_PAYLOAD_TYPE);
    assert_int_equal(formats.fillers[0] | formats.fillers[1], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(is_answered_in_what_is_in_use_where_that_is_offered, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(has_no_call_without_sound, set_up, tear_down),
        cmocka_unit_test_setup_teardown(goes_on_in_what_is_answered_later, set_up, tear_down),
        cmocka_unit_test_setup_teardown(pictures_stay_in_their_codec_or_go, set_up, tear_down),
        cmocka_unit_test_setup_teardown(offers_what_the_call_is_to_have, set_up, tear_down),
        cmocka_unit_test_setup_teardown(keys_of_theirs_may_change_and_ours_stay, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_goes_on_in_clear_has_no_keys_any_more, set_up,
                                        tear_down),
        cmocka_unit_test(digits_have_the_clock_of_the_sound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
