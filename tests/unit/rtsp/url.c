/* SPDX-License-Identifier: GPL-3.0-or-later */
/* URLs as players write them, and as they should not. */
#include "rtsp/url.h"

#include "base/mem.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void names_streams_and_tracks(void **state)
{
    (void)state;
    static const struct {
        const char *url, *name, *base;
        int track;
    } cases[] = {
        {"rtsp://host:8554/cam1", "cam1", "rtsp://host:8554/cam1", -1},
        {"RTSP://host/cam1/", "cam1", "rtsp://host/cam1", -1},
        {"rtsp://host/cam1/trackID=1", "cam1", "rtsp://host/cam1", 1},
        {"rtsp://host/cam1/?token=x/trackID=0", "cam1", "rtsp://host/cam1", 0},
        {"rtsp://host/cam1?token=x/trackID=0", "cam1", "rtsp://host/cam1", 0},
        {"rtsp://user:pass@[::1]:554/a%20b", "a b", "rtsp://[::1]:554/a%20b", -1},
        {"rtsp://h/a/b", "a/b", "rtsp://h/a%2Fb", -1},
        {"rtsp://h/a%2Fb+c", "a/b+c", "rtsp://h/a%2Fb%2Bc", -1},
        {"rtsp://h/%D0%BA", "\xd0\xba", "rtsp://h/%D0%BA", -1},
        {"rtsp://h/trackID=12", "trackID=12", "rtsp://h/trackID%3D12", -1},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_rtsp_url url;
        int err = sl_rtsp_url_parse(cases[i].url, &url);
        if (err < 0)
            fail_msg("%s: %d", cases[i].url, err);
        assert_string_equal(url.name, cases[i].name);
        assert_string_equal(url.base, cases[i].base);
        assert_int_equal(url.track, cases[i].track);
        sl_rtsp_url_deinit(&url);
    }
}

static void decodes_the_query(void **state)
{
    (void)state;
    struct sl_rtsp_url url;

    assert_int_equal(sl_rtsp_url_parse("rtsp://h/n?appKey=a%26b&t=1+2&&flag&t=3", &url), 0);
    assert_string_equal(sl_rtsp_url_param(&url, "appKey"), "a&b");
    assert_string_equal(sl_rtsp_url_param(&url, "t"), "3");
    assert_string_equal(sl_rtsp_url_param(&url, "flag"), "");
    assert_null(sl_rtsp_url_param(&url, "other"));
    sl_rtsp_url_deinit(&url);
}

static void refuses_what_names_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        int err;
    } cases[] = {
        {"", -EBADMSG},
        {"*", -EBADMSG},
        {"http://h/n", -EBADMSG},
        {"rtsp:///n", -EBADMSG},
        {"rtsp://trackID=1", -EBADMSG},
        {"rtsp://h\"x/n", -EBADMSG},
        {"rtsp://h/%00", -EBADMSG},
        {"rtsp://h/a%0Ab", -EBADMSG},
        {"rtsp://h/%ff", -EBADMSG},
        {"rtsp://h/%4", -EBADMSG},
        {"rtsp://h/n?a=%zz", -EBADMSG},
        {"rtsp://h", -ENOENT},
        {"rtsp://h/", -ENOENT},
        {"rtsp://h/.", -ENOENT},
        {"rtsp://h/%2E%2e", -ENOENT},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_rtsp_url url;
        int err = sl_rtsp_url_parse(cases[i].url, &url);
        if (err != cases[i].err)
            fail_msg("%s: got %d", cases[i].url, err);
    }
}

static void takes_names_up_to_their_bound(void **state)
{
    (void)state;
    char text[16 + SL_STREAM_NAME_MAX + 2] = "rtsp://h/";
    struct sl_rtsp_url url;

    memset(text + 9, '!', SL_STREAM_NAME_MAX);
    assert_int_equal(sl_rtsp_url_parse(text, &url), 0);
    assert_int_equal(strlen(url.base), 9 + 3 * SL_STREAM_NAME_MAX);
    sl_rtsp_url_deinit(&url);
    text[9 + SL_STREAM_NAME_MAX] = '!';
    assert_int_equal(sl_rtsp_url_parse(text, &url), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_streams_and_tracks),
        cmocka_unit_test(decodes_the_query),
        cmocka_unit_test(refuses_what_names_nothing),
        cmocka_unit_test(takes_names_up_to_their_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
