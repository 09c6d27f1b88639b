/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which of a player's offers is taken, and what is answered. */
#include "rtsp/transport.h"

#include "base/mem.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct sl_addr peer;

static int make_peer(void **state)
{
    (void)state;
    return sl_addr_parse_ip("10.0.0.7", 40000, &peer);
}

static void takes_the_first_that_fits(void **state)
{
    (void)state;
    static const struct {
        const char *header, *answer;
    } cases[] = {
        {"RTP/AVP;unicast;client_port=5000-5001",
         "RTP/AVP;unicast;client_port=5000-5001;server_port=7000-7001;ssrc=0000ABCD;mode=\"PLAY\""},
        {"RTP/AVP/UDP; unicast; client_port=5000; mode=play",
         "RTP/AVP;unicast;client_port=5000-5001;server_port=7000-7001;ssrc=0000ABCD;mode=\"PLAY\""},
        {"RTP/AVP/TCP;unicast;interleaved=4-5",
         "RTP/AVP/TCP;unicast;interleaved=4-5;ssrc=0000ABCD;mode=\"PLAY\""},
        {"RTP/AVP/TCP", "RTP/AVP/TCP;unicast;interleaved=0-1;ssrc=0000ABCD;mode=\"PLAY\""},
        {"RTP/SAVP;unicast;client_port=1-2,RTP/AVP;multicast,RTP/AVP/TCP;interleaved=0-1",
         "RTP/AVP/TCP;unicast;interleaved=0-1;ssrc=0000ABCD;mode=\"PLAY\""},
        {"RTP/AVP;destination=10.0.0.7;client_port=5000-5001",
         "RTP/AVP;unicast;client_port=5000-5001;server_port=7000-7001;ssrc=0000ABCD;mode=\"PLAY\""},
    };
    const struct sl_rtsp_transport_wish wish = {.peer = &peer};

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        char text[SL_RTSP_TRANSPORT_TEXT_MAX];
        struct sl_rtsp_transport transport;
        int err = sl_rtsp_transport_choose(cases[i].header, &wish, &transport);
        if (err < 0)
            fail_msg("%s: %d", cases[i].header, err);
        assert_string_equal(sl_rtsp_transport_build(&transport, 7000, 0xabcd, text),
                            cases[i].answer);
    }
}

static void refuses_others(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        int err;
    } cases[] = {
        {"", -EBADMSG},
        {";;", -EBADMSG},
        {"RTP/AVP;multicast;client_port=5000-5001", -EPROTONOSUPPORT},
        {"RTP/AVP;unicast;destination=10.0.0.8;client_port=5000-5001", -EPROTONOSUPPORT},
        {"RTP/AVP;unicast;destination=victim.example;client_port=5000-5001", -EPROTONOSUPPORT},
        {"RTP/AVP;unicast", -EPROTONOSUPPORT},
        {"RTP/SAVP;unicast;client_port=5000-5001", -EPROTONOSUPPORT},
        {"RTP/AVP;unicast;client_port=5000-5001;mode=record", -EPROTONOSUPPORT},
        {"RTP/AVP;unicast;client_port=0-1", -EBADMSG},
        {"RTP/AVP;unicast;client_port=65535", -EBADMSG},
        {"RTP/AVP;unicast;client_port=5000-99999", -EBADMSG},
        {"RTP/AVP/TCP;interleaved=255-256", -EBADMSG},
        {"RTP/AVP/TCP;interleaved=1-1", -EBADMSG},
        {"RTP/AVP/TCP;interleaved=a", -EBADMSG},
    };
    const struct sl_rtsp_transport_wish wish = {.peer = &peer};

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_rtsp_transport transport;
        int err = sl_rtsp_transport_choose(cases[i].header, &wish, &transport);
        if (err != cases[i].err)
            fail_msg("%s: got %d", cases[i].header, err);
    }
}

static void keeps_tracks_apart_and_together(void **state)
{
    (void)state;
    const struct sl_rtsp_transport other = {.lower = SL_RTSP_TCP, .channel = 0, .rtcp_channel = 1};
    const struct sl_rtsp_transport_wish wish = {
        .peer = &peer, .lower = SL_RTSP_TCP, .other = &other};
    struct sl_rtsp_transport transport;

    assert_int_equal(sl_rtsp_transport_choose("RTP/AVP/TCP;interleaved=1-2", &wish, &transport), 0);
    assert_int_equal(transport.channel, 2); /* 1 is taken */
    assert_int_equal(transport.rtcp_channel, 3);
    assert_int_equal(sl_rtsp_transport_choose("RTP/AVP;client_port=5000-5001", &wish, &transport),
                     -EPROTONOSUPPORT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_the_first_that_fits),
        cmocka_unit_test(refuses_others),
        cmocka_unit_test(keeps_tracks_apart_and_together),
    };
    return cmocka_run_group_tests(tests, make_peer, NULL);
}
