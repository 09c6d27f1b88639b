/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names that join, and names that are made (MIX-6). */
#include "mixer/names.h"
#include "mixer/mixer.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void only_one_hash_between_two_names_joins(void **state)
{
    static const char *const bad[] = {"a#b#c", "#r", "a#", "a#b/c",
                                      "a#b c", "#",  "##", "a#\303\244"};
    char longest[80] = "a#", *at = longest + 2;
    const char *mixer = "";

    (void)state;
    assert_int_equal(sl_mixer_name_split("plain", &mixer), 0);
    assert_null(mixer);
    assert_int_equal(sl_mixer_name_split("anna#room-1.x_Y", &mixer), 0);
    assert_string_equal(mixer, "room-1.x_Y");
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        if (sl_mixer_name_split(bad[i], &mixer) != -EINVAL)
            fail_msg("%s joins", bad[i]);
    }
    memset(at, 'x', SL_MIXER_NAME_MAX);
    assert_int_equal(sl_mixer_name_split(longest, &mixer), 0);
    at[SL_MIXER_NAME_MAX] = 'x';
    assert_int_equal(sl_mixer_name_split(longest, &mixer), -EINVAL);
}

static void an_inputs_own_stream_is_called_by_both(void **state)
{
    char name[SL_STREAM_NAME_MAX + 1], input[SL_STREAM_NAME_MAX + 1];

    (void)state;
    assert_int_equal(sl_mixer_name_alone("room", "login#room", name), 0);
    assert_string_equal(name, "room-loginroom");
    assert_int_equal(sl_mixer_name_alone("mixer", "toStream", name), 0);
    assert_string_equal(name, "mixer-toStream");
    memset(input, 'x', sizeof(input));
    input[SL_STREAM_NAME_MAX - 2] = '\0';
    assert_int_equal(sl_mixer_name_alone("r", input, name), 0);
    assert_int_equal(strlen(name), SL_STREAM_NAME_MAX);
    assert_int_equal(sl_mixer_name_alone("rr", input, name), -EINVAL);
}

static void words_are_looked_for_anywhere(void **state)
{
    (void)state;
    assert_true(sl_mixer_name_has("x-screen#m", "desktop,-screen"));
    assert_true(sl_mixer_name_has("mydesktop", "desktop, -screen"));
    assert_true(sl_mixer_name_has("mydesktop", "desktop , -screen"));
    assert_true(sl_mixer_name_has("a-screen", "desktop, -screen"));
    assert_false(sl_mixer_name_has("screen", "desktop,-screen"));
    assert_false(sl_mixer_name_has("anything", ""));
    assert_false(sl_mixer_name_has("anything", ",,"));
}

static void words_of_settings_are_known(void **state)
{
    enum sl_mixer_layout layout;
    enum sl_mixer_align align;
    enum sl_codec codec;

    (void)state;
    assert_true(sl_mixer_layout_find("a.b.CenterNoPaddingGridLayout", &layout));
    assert_int_equal(layout, SL_MIXER_GRID_NO_PADDING);
    assert_true(sl_mixer_layout_find("GridLayout", &layout));
    assert_int_equal(layout, SL_MIXER_GRID);
    assert_false(sl_mixer_layout_find("a.MadeUpLayout", &layout));
    for (int i = SL_MIXER_TOP; i <= SL_MIXER_RIGHT; i++) {
        assert_true(sl_mixer_align_find(sl_mixer_align_name((enum sl_mixer_align)i), &align));
        assert_int_equal(align, i);
    }
    assert_true(sl_mixer_align_find("CENTER", &align));
    assert_int_equal(align, SL_MIXER_TOP);
    assert_true(sl_mixer_codec_find("PCMA", &codec));
    assert_int_equal(codec, SL_CODEC_PCMA);
    assert_false(sl_mixer_codec_find("aac", &codec));
}

static void files_are_named_without_a_way_to_them(void **state) /* MIX-24 */
{
    static const char *const bad[] = {"",   "../x.png", "a/b.png", "/x.png",     ".x.png",
                                      "..", "a\\b",     "a\n.png", "http://x/y", "a\177b"};
    char longest[300];

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        if (sl_mixer_image_name_is_valid(bad[i]))
            fail_msg("%s is taken", bad[i]);
    }
    assert_true(sl_mixer_image_name_is_valid("logo of ours.png"));
    assert_true(sl_mixer_image_name_is_valid("a..png"));
    memset(longest, 'x', sizeof(longest));
    longest[255] = '\0';
    assert_true(sl_mixer_image_name_is_valid(longest));
    longest[255] = 'x';
    longest[256] = '\0';
    assert_false(sl_mixer_image_name_is_valid(longest));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_one_hash_between_two_names_joins),
        cmocka_unit_test(an_inputs_own_stream_is_called_by_both),
        cmocka_unit_test(words_are_looked_for_anywhere),
        cmocka_unit_test(files_are_named_without_a_way_to_them),
        cmocka_unit_test(words_of_settings_are_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
