/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Descriptions, a line after the other. */
#include "rtsp/describe.h"

#include "base/mem.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define HEAD                                                                                       \
    "v=0\r\no=- 5 1 IN IP4 10.0.0.1\r\ns=cam \xd0\xba\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n"            \
    "a=range:npt=now-\r\na=control:rtsp://h/cam\r\n"

static void check(struct sl_rtsp_track tracks[2], const char *sections)
{
    char text[SL_RTSP_SDP_MAX], expected[2048] = HEAD;
    struct sl_addr ours;

    assert_int_equal(sl_addr_parse_ip("10.0.0.1", 8554, &ours), 0);
    const struct sl_rtsp_description description = {.name = "cam \xd0\xba",
                                                    .base = "rtsp://h/cam",
                                                    .ours = &ours,
                                                    .session_id = 5,
                                                    .tracks = tracks};
    int len = sl_rtsp_describe(&description, text, sizeof(text));
    memcpy(expected + strlen(HEAD), sections, strlen(sections) + 1);
    assert_string_equal(text, expected);
    assert_int_equal(len, strlen(expected));
    assert_int_equal(sl_rtsp_describe(&description, text, (size_t)len), -ENOBUFS);
}

static void describes_h264_and_aac(void **state)
{
    (void)state;
    static const uint8_t sets[] = "\0\0\0\1\x67\x42\xe0\x1f\xff\0\0\0\1\x68\xce\x3c\x80";
    static const uint8_t config[] = {0x11, 0x90}; /* LC, 48000 Hz, stereo */
    struct sl_rtsp_track tracks[2];

    assert_int_equal(sl_rtsp_track_init(SL_CODEC_AAC, 0, &tracks[SL_AUDIO]), 0);
    assert_int_equal(sl_rtsp_track_init(SL_CODEC_H264, 0, &tracks[SL_VIDEO]), 0);
    tracks[SL_AUDIO].config = sl_codec_config_create(SL_CODEC_AAC, config, sizeof(config));
    tracks[SL_VIDEO].config = sl_codec_config_create(SL_CODEC_H264, sets, sizeof(sets) - 1);
    check(tracks, "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
                  "a=fmtp:96 packetization-mode=1;profile-level-id=42e01f;"
                  "sprop-parameter-sets=Z0LgH/8=,aM48gA==\r\n"
                  "a=control:rtsp://h/cam/trackID=1\r\n"
                  "m=audio 0 RTP/AVP 97\r\na=rtpmap:97 mpeg4-generic/48000/2\r\n"
                  "a=fmtp:97 streamtype=5;profile-level-id=1;mode=AAC-hbr;sizelength=13;"
                  "indexlength=3;indexdeltalength=3;config=1190\r\n"
                  "a=control:rtsp://h/cam/trackID=0\r\n");
    sl_codec_config_unref(tracks[SL_AUDIO].config);
    sl_codec_config_unref(tracks[SL_VIDEO].config);
}

static void describes_what_needs_no_configuration(void **state)
{
    (void)state;
    struct sl_rtsp_track tracks[2];

    assert_int_equal(sl_rtsp_track_init(SL_CODEC_PCMA, 0, &tracks[SL_AUDIO]), 0);
    assert_int_equal(sl_rtsp_track_init(SL_CODEC_VP8, 0, &tracks[SL_VIDEO]), 0);
    check(tracks, "m=video 0 RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\n"
                  "a=control:rtsp://h/cam/trackID=1\r\n"
                  "m=audio 0 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"
                  "a=control:rtsp://h/cam/trackID=0\r\n");
}

static void leaves_out_what_players_are_not_sent(void **state)
{
    (void)state;
    struct sl_rtsp_track tracks[2];

    assert_int_equal(sl_rtsp_track_init(SL_CODEC_OPUS, 0, &tracks[SL_AUDIO]), 0);
    assert_int_equal(sl_rtsp_track_init(SL_CODEC_AV1, 0, &tracks[SL_VIDEO]), -ENOTSUP);
    check(tracks, "m=audio 0 RTP/AVP 97\r\na=rtpmap:97 opus/48000/2\r\n"
                  "a=control:rtsp://h/cam/trackID=0\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(describes_h264_and_aac),
        cmocka_unit_test(describes_what_needs_no_configuration),
        cmocka_unit_test(leaves_out_what_players_are_not_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
