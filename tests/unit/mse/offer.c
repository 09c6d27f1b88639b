/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The SDK's offers, and the ports of the answers (websocket-api.md 14.1). */
#include "mse/offer.h"

#include "base/error.h"
#include "base/mem.h"
#include "sdp/sdp.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define HEAD "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\na=sdplang:en\r\n"
#define MSE_VIDEO                                                                                  \
    "m=video 0 RTP/AVP 112\r\na=rtpmap:112 H264/90000\r\n"                                         \
    "a=fmtp:112 packetization-mode=1; profile-level-id=420020\r\na=recvonly\r\n"
#define MSE_AUDIO                                                                                  \
    "m=audio 0 RTP/AVP 108 96\r\na=rtpmap:108 mpeg4-generic/48000/1\r\n"                           \
    "a=rtpmap:96 mpeg4-generic/8000/1\r\na=recvonly\r\n"
#define WSPLAYER                                                                                   \
    "m=video 0 RTP/AVP 32\r\na=rtpmap:32 MPV/90000\r\na=recvonly\r\n"                              \
    "m=audio 0 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=recvonly\r\n"

static void takes_what_its_player_is_sent(void **state)
{
    (void)state;
    static const struct {
        const char *why, *offer;
        enum sl_mse_player player;
        bool audio, video;
    } cases[] = {
        {"the SDK's MSE", HEAD MSE_VIDEO MSE_AUDIO, SL_MSE_MSE, true, true},
        {"the SDK's WSPlayer", HEAD WSPLAYER, SL_MSE_WSPLAYER, true, true},
        {"sound alone", HEAD MSE_AUDIO, SL_MSE_MSE, true, false},
        {"the other player's", HEAD WSPLAYER, SL_MSE_MSE, false, false},
        {"sends only", HEAD "m=audio 9 RTP/AVP 0\r\na=sendonly\r\n", SL_MSE_WSPLAYER, false, false},
        {"a static type", HEAD "m=audio 9 RTP/AVP 0\r\n", SL_MSE_WSPLAYER, true, false},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_error error = {.text = ""};
        struct sl_sdp *offer;
        bool takes[2];
        assert_int_equal(sl_mse_read_offer(cases[i].offer, cases[i].player, &offer, takes, &error),
                         0);
        if (takes[SL_AUDIO] != cases[i].audio || takes[SL_VIDEO] != cases[i].video)
            fail_msg("%s: got %d %d", cases[i].why, takes[SL_AUDIO], takes[SL_VIDEO]);
        sl_sdp_free(offer);
    }
}

static void refuses_what_is_no_description(void **state)
{
    (void)state;
    static const char *const offers[] = {NULL, "", "garbage"};

    for (size_t i = 0; i < SL_ARRAY_LEN(offers); i++) {
        struct sl_error error = {.text = ""};
        struct sl_sdp *offer;
        bool takes[2];
        assert_true(sl_mse_read_offer(offers[i], SL_MSE_MSE, &offer, takes, &error) < 0);
        assert_true(error.text[0] != '\0');
    }
}

static void answers_with_a_port_where_something_flows(void **state)
{
    (void)state;
    struct sl_error error = {.text = ""};
    struct sl_sdp *offer;
    bool takes[2];

    assert_int_equal(sl_mse_read_offer(HEAD MSE_VIDEO MSE_AUDIO "m=audio 9 RTP/AVP 108\r\n",
                                       SL_MSE_MSE, &offer, takes, &error),
                     0);
    static const bool flows[][2] = {
        {[SL_AUDIO] = true, [SL_VIDEO] = true}, {[SL_AUDIO] = true}, {[SL_VIDEO] = true}};
    static const char *const video[] = {"m=video 9 RTP/AVP 112\r\na=rtpmap:112 H264/90000\r\n",
                                        "m=video 0 RTP/AVP 112\r\nm=audio",
                                        "m=video 9 RTP/AVP 112\r\n"};
    static const char *const audio[] = {
        "m=audio 9 RTP/AVP 108\r\na=rtpmap:108 mpeg4-generic/48000\r\na=sendonly\r\nm=audio 0 ",
        "m=audio 9 RTP/AVP 108\r\n", "m=audio 0 RTP/AVP 108\r\nm=audio 0 RTP/AVP 108\r\n"};
    for (size_t i = 0; i < SL_ARRAY_LEN(flows); i++) {
        char *answer = sl_mse_build_answer(offer, SL_MSE_MSE, flows[i], 1);
        assert_non_null(strstr(answer, video[i]));
        assert_non_null(strstr(answer, audio[i]));
        free(answer);
    }
    sl_sdp_free(offer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_what_its_player_is_sent),
        cmocka_unit_test(refuses_what_is_no_description),
        cmocka_unit_test(answers_with_a_port_where_something_flows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
