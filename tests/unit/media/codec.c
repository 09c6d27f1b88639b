/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The codecs' names, kinds and clocks. */
#include "media/media.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void knows_codecs_by_name_in_any_case(void **state)
{
    (void)state;
    for (int codec = SL_CODEC_NONE; codec < SL_CODECS; codec++)
        assert_int_equal(sl_codec_from_name(sl_codec_name((enum sl_codec)codec)), codec);
    assert_int_equal(sl_codec_from_name("OPUS"), SL_CODEC_OPUS);
    assert_int_equal(sl_codec_from_name("h264"), SL_CODEC_H264);
    assert_int_equal(sl_codec_from_name("vp8"), SL_CODEC_VP8);
    assert_int_equal(sl_codec_from_name("H265"), SL_CODEC_NONE);
    assert_int_equal(sl_codec_from_name(""), SL_CODEC_NONE);
    assert_int_equal(sl_codec_kind(SL_CODEC_G722), SL_AUDIO);
    assert_int_equal(sl_codec_kind(SL_CODEC_AV1), SL_VIDEO);
    assert_int_equal(sl_codec_clock_hz(SL_CODEC_OPUS), 48000);
    assert_int_equal(sl_codec_clock_hz(SL_CODEC_G722), 8000);
    assert_int_equal(sl_codec_clock_hz(SL_CODEC_VP9), 90000);
}

static void keeps_what_browsers_never_speak_out_of_webrtc(void **state)
{
    (void)state;
    for (int codec = SL_CODEC_NONE; codec < SL_CODECS; codec++) {
        bool never = codec == SL_CODEC_NONE || codec == SL_CODEC_AAC || codec == SL_CODEC_L16 ||
                     codec == SL_CODEC_MPEG1 || codec == SL_CODEC_TELEPHONE_EVENT;
        assert_int_equal(sl_codec_is_for_webrtc((enum sl_codec)codec), !never);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_codecs_by_name_in_any_case),
        cmocka_unit_test(keeps_what_browsers_never_speak_out_of_webrtc),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
