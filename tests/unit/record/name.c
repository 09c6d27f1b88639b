/* SPDX-License-Identifier: GPL-3.0-or-later */
/* media-outputs.md 3.2 and 3.3, and what strangers may call their streams (1.1). */
#include "record/name.h"
#include "base/error.h"
#include "base/mem.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct sl_record_facts known(void)
{
    struct sl_record_facts facts;

    sl_record_facts_init(&facts);
    facts.stream_name = "cam1";
    facts.session_id = "/1.2.3.4:5/6.7.8.9:10";
    facts.media_session_id = "90e14ad0-fdb2-11e8-bce2-a3f72476fb49";
    facts.login = "";
    facts.start_ms = 5;
    facts.start_wall_ms = 1544579813186;
    facts.audio_codec = "opus";
    facts.video_codec = "VP8";
    return facts;
}

static void builds_names_of_all_elements(void **state)
{
    static const struct {
        const char *template, *name;
    } cases[] = {
        {"stream-{mediaSessionId}-{login}", "stream-90e14ad0-fdb2-11e8-bce2-a3f72476fb49-"},
        {"{streamName}", "cam1"},
        {"{streamName}-{startTime}-{endTime}", "cam1-5-{endTime}"},
        {"{startTimeMillis}_{endTimeMillis}", "1544579813186_{endTimeMillis}"},
        {"{sessionId}", "LzEuMi4zLjQ6NS82LjcuOC45OjEw"},
        {"{audioCodec}.{videoCodec}", "opus.VP8"},
        {"{login}", "recording"},
        {"a b{duration}", "a~20b{duration}"},
        {"-x", "~2Dx"},
    };
    const struct sl_record_facts facts = known();
    char name[SL_RECORD_NAME_MAX];

    (void)state;
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        assert_int_equal(sl_record_template_check(cases[i].template, NULL), 0);
        sl_record_name_build(cases[i].template, &facts, name);
        assert_string_equal(name, cases[i].name);
    }
}

static void knows_the_rest_at_the_end(void **state)
{
    struct sl_record_facts facts;
    char name[SL_RECORD_NAME_MAX];

    (void)state;
    sl_record_facts_init(&facts);
    facts.end_ms = 7;
    facts.end_wall_ms = 8;
    facts.duration_ms = 2000;
    sl_record_name_resolve("a~20b-{endTime}-{endTimeMillis}-{duration}", &facts, name);
    assert_string_equal(name, "a~20b-7-8-2000");
    facts.has_duration = false;
    sl_record_name_resolve("x-{duration}", &facts, name);
    assert_string_equal(name, "x-");
}

static void lets_no_name_out_of_the_directory(void **state)
{
    static const struct {
        const char *stream, *name;
    } cases[] = {
        {"../../x", "~2E.~2F..~2Fx"},
        {"a/b", "a~2Fb"},
        {"-rf", "~2Drf"},
        {";id", "~3Bid"},
        {"{endTime}", "~7BendTime~7D"},
        {"~41", "~7E41"},
        {"q?&=%41\"'<b>", "q~3F~26~3D~2541~22~27~3Cb~3E"},
        {"\xc3\xa4", "~C3~A4"},
        {".", "~2E"},
        {"..", "~2E."},
    };
    char name[SL_RECORD_NAME_MAX];

    (void)state;
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_record_facts facts = known();
        facts.stream_name = cases[i].stream;
        sl_record_name_build("{streamName}", &facts, name);
        assert_string_equal(name, cases[i].name);
        facts.media_session_id = cases[i].stream;
        sl_record_name_build("{mediaSessionId}", &facts, name);
        assert_string_equal(name, cases[i].name);
    }
}

static void cuts_long_names_between_characters(void **state)
{
    struct sl_record_facts facts = known();
    char name[SL_RECORD_NAME_MAX], whole[SL_RECORD_NAME_MAX], stream[257];

    (void)state;
    for (size_t i = 0; i < 128; i++)
        memcpy(stream + 2 * i, "\xc3\xa4", 3);
    facts.stream_name = stream;
    sl_record_name_build("{streamName}-{endTime}", &facts, name);
    assert_int_equal(strlen(name) % 6, 0);
    sl_record_name_finish(name, 999999999, SL_WEBM, whole);
    assert_true(strlen(whole) + strlen(SL_RECORD_PART) <= 255);
    assert_string_equal(whole + strlen(name), "_999999999.webm");
}

static void refuses_templates_that_are_none(void **state)
{
    static const char *const bad[] = {"", "a/b", "{nonsense}", "{", "}", "{streamName", "a{}b"};
    struct sl_error error;

    (void)state;
    for (size_t i = 0; i < SL_ARRAY_LEN(bad); i++)
        assert_int_equal(sl_record_template_check(bad[i], &error), -EINVAL);
    assert_true(sl_record_template_has_time("x{endTimeMillis}"));
    assert_false(sl_record_template_has_time("x{duration}{streamName}"));
}

static void reads_formats_and_rotations(void **state)
{
    struct sl_record_formats formats;
    struct sl_record_rotation rotation;

    (void)state;
    assert_int_equal(sl_record_formats_parse("", &formats, NULL), 0);
    assert_true(formats.h264 == SL_MP4 && formats.vp8 == SL_WEBM);
    assert_int_equal(sl_record_formats_parse("h264-mkv, vp8-mkv", &formats, NULL), 0);
    assert_true(formats.h264 == SL_MATROSKA && formats.vp8 == SL_MATROSKA);
    assert_int_equal(sl_record_formats_parse("vp8-mp4", &formats, NULL), -EINVAL);
    assert_int_equal(sl_record_rotation_parse("disabled", &rotation, NULL), 0);
    assert_true(rotation.us == 0 && rotation.bytes == 0);
    assert_int_equal(sl_record_rotation_parse("3", &rotation, NULL), 0);
    assert_true(rotation.us == 3000000 && rotation.bytes == 0);
    assert_int_equal(sl_record_rotation_parse("100M", &rotation, NULL), 0);
    assert_true(rotation.us == 0 && rotation.bytes == 100u << 20);
    static const char *const bad[] = {"", "0", "86401", "0M", "100001M", "3s", "-1", "M", "1MM"};
    for (size_t i = 0; i < SL_ARRAY_LEN(bad); i++)
        assert_int_equal(sl_record_rotation_parse(bad[i], &rotation, NULL), -EINVAL);
}

static void serves_only_whole_recordings(void **state)
{
    static const char *const refused[] = {"a.mp4.part", ".mp4",  "../a.mp4", "a/b.mp4", ".a.mp4",
                                          "-a.mp4",     "a.txt", "",         "mp4"};

    (void)state;
    assert_true(sl_record_name_is_served("stream-1-.mp4"));
    assert_true(sl_record_name_is_served("a~2Fb_2.webm"));
    for (size_t i = 0; i < SL_ARRAY_LEN(refused); i++)
        assert_false(sl_record_name_is_served(refused[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(builds_names_of_all_elements),
        cmocka_unit_test(knows_the_rest_at_the_end),
        cmocka_unit_test(lets_no_name_out_of_the_directory),
        cmocka_unit_test(cuts_long_names_between_characters),
        cmocka_unit_test(refuses_templates_that_are_none),
        cmocka_unit_test(reads_formats_and_rotations),
        cmocka_unit_test(serves_only_whole_recordings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
