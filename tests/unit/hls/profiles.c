/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hls/profiles.h"

#include "base/error.h"
#include "base/mem.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const char three[] = "# sizes for players to choose from\n"
                            "---\n"
                            "profiles:\n"
                            " -240p:\n"
                            "  audio:\n"
                            "   codec : mpeg4-generic\n"
                            "   bitrate : 1\n"
                            "  video:\n"
                            "   height : 240   # small\n"
                            "   bitrate : 300\n"
                            "   gop : 60\n"
                            "   fps : 30\n"
                            "   codec : h264\n"
                            "\n"
                            " -480p:\n"
                            "  video:\n"
                            "   height : 480\n"
                            " wide.720:\n"
                            "  video:\n"
                            "   width: 1280\n"
                            "   height: 720\n"
                            "   bitrate: 1500\n";

static struct sl_hls_profiles parsed(const char *text)
{
    struct sl_hls_profiles profiles;
    struct sl_error error = {""};

    if (sl_hls_profiles_parse(text, strlen(text), &profiles, &error) < 0)
        fail_msg("%s", error.text);
    return profiles;
}

static void a_file_says_what_pictures_become(void **state)
{
    (void)state;
    struct sl_hls_profiles profiles = parsed(three);

    assert_int_equal(profiles.count, 3);
    assert_string_equal(profiles.rows[0].name, "240p"); /* the dash is no part of it */
    assert_int_equal(profiles.rows[0].height, 240);
    assert_int_equal(profiles.rows[0].width, 0);
    assert_int_equal(profiles.rows[0].bitrate_kbps, 300); /* not that of the sound */
    assert_int_equal(profiles.rows[0].gop, 60);
    assert_int_equal(profiles.rows[0].fps, 30);
    assert_string_equal(profiles.rows[1].name, "480p");
    assert_int_equal(profiles.rows[1].bitrate_kbps, 0);
    assert_string_equal(profiles.rows[2].name, "wide.720");
    assert_int_equal(profiles.rows[2].width, 1280);
    assert_int_equal(profiles.rows[2].height, 720);
}

static void what_is_odd_is_refused_with_its_line(void **state)
{
    (void)state;
#define UP_TO_VIDEO "profiles:\n a:\n  video:\n"
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"", "there are no profiles"},
        {"profiles:\n", "there are no profiles"},
        {"a:\n b:\n", "line 1: expected profiles:"},
        {"profiles:\n a:\n", "profile a has no height"},
        {UP_TO_VIDEO "   height\n", "line 4: expected KEY: or KEY: VALUE"},
        {UP_TO_VIDEO "\theight: 3\n", "line 4: lines are indented with blanks"},
        {UP_TO_VIDEO "   height: 12\n", "line 4: height is 16 to 4096"},
        {UP_TO_VIDEO "   height: 99999\n", "line 4: height is 16 to 4096"},
        {UP_TO_VIDEO "   height: 2e2\n", "line 4: height is 16 to 4096"},
        {UP_TO_VIDEO "   height: -240\n", "line 4: height is 16 to 4096"},
        {UP_TO_VIDEO "   height: 240\n   bitrate: 9999999999\n", "line 5: bitrate is 32 to 20000"},
        {UP_TO_VIDEO "   height:\n", "line 4: height is 16 to 4096"},
        {UP_TO_VIDEO "   height: 240\n    deeper: 1\n", "line 5: nested too deeply"},
        {"profiles:\n a/b:\n", "line 2: a profile's name is of letters"},
        {"profiles:\n -:\n", "line 2: a profile's name has 1 to 32 characters"},
        {UP_TO_VIDEO "   height: 240\n a:\n", "line 5: this profile is there already"},
        {"profiles:\n a:\n b:\n c:\n d:\n e:\n f:\n g:\n h:\n i:\n", "line 10: at most 8 profiles"},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_hls_profiles profiles = {.count = 7};
        struct sl_error error = {""};
        int err = sl_hls_profiles_parse(cases[i].text, strlen(cases[i].text), &profiles, &error);
        if (err != -EBADMSG || strncmp(error.text, cases[i].words, strlen(cases[i].words)) != 0)
            fail_msg("case %zu: %d, %s", i, err, error.text);
        assert_int_equal(profiles.count, 7); /* unchanged */
    }
}

/* HLS-25: none is larger than the source, but for the smallest, which always is there. */
static void a_source_is_shown_in_what_is_no_larger(void **state)
{
    (void)state;
    const struct sl_hls_profiles profiles = parsed(three);
    static const struct {
        uint16_t height;
        bool suits[3];
    } cases[] = {
        {0, {true, false, false}},   {1080, {true, true, true}}, {720, {true, true, true}},
        {719, {true, true, false}},  {480, {true, true, false}}, {240, {true, false, false}},
        {120, {true, false, false}},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        for (size_t level = 0; level < profiles.count; level++)
            assert_int_equal(sl_hls_profiles_suits(&profiles, level, cases[i].height),
                             cases[i].suits[level]);
    }
}

static void a_level_has_an_address_of_its_own(void **state)
{
    (void)state;
    const struct sl_hls_profiles profiles = parsed(three);
    char name[SL_STREAM_NAME_MAX + 1], source[SL_STREAM_NAME_MAX + 1],
        longest[SL_STREAM_NAME_MAX + 1];

    assert_true(sl_hls_level_name("a/b", &profiles.rows[2], name));
    assert_string_equal(name, "a/b-wide.720");
    assert_ptr_equal(sl_hls_level_of(&profiles, name, source), &profiles.rows[2]);
    assert_string_equal(source, "a/b");
    assert_ptr_equal(sl_hls_level_of(&profiles, "x-480p-240p", source), &profiles.rows[0]);
    assert_string_equal(source, "x-480p");
    static const char *const none[] = {"", "240p", "-240p", "x240p", "x-240", "x-240p-"};
    for (size_t i = 0; i < SL_ARRAY_LEN(none); i++)
        assert_null(sl_hls_level_of(&profiles, none[i], source));

    memset(longest, 'x', SL_STREAM_NAME_MAX);
    longest[SL_STREAM_NAME_MAX - 5] = '\0';
    assert_true(sl_hls_level_name(longest, &profiles.rows[0], name));
    assert_int_equal(strlen(name), SL_STREAM_NAME_MAX);
    longest[SL_STREAM_NAME_MAX - 5] = 'x';
    longest[SL_STREAM_NAME_MAX - 4] = '\0';
    assert_false(sl_hls_level_name(longest, &profiles.rows[0], name));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_says_what_pictures_become),
        cmocka_unit_test(what_is_odd_is_refused_with_its_line),
        cmocka_unit_test(a_source_is_shown_in_what_is_no_larger),
        cmocka_unit_test(a_level_has_an_address_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
