/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RTMP URLs: the table of rest-api.md 5.5, other spellings, and what is refused. */
#include "base/error.h"
#include "base/mem.h"
#include "push/push.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct row {
    bool full_url;
    const char *prefix, *stream, *url;
    const char *tc_url, *app, *publish;
};

static int parse(const struct row *row, struct sl_push_target *out, struct sl_error *error)
{
    struct sl_push_naming naming = {row->stream, row->prefix, row->full_url};

    return sl_push_target_parse(row->url, &naming, out, error);
}

static void check(const struct row *row)
{
    struct sl_push_target target;
    struct sl_error error;

    if (parse(row, &target, &error) < 0)
        fail_msg("%s: %s", row->url, error.text);
    if (strcmp(target.tc_url, row->tc_url) != 0 || strcmp(target.app, row->app) != 0 ||
        strcmp(target.publish, row->publish) != 0)
        fail_msg("%s: tcUrl %s app %s publish %s", row->url, target.tc_url, target.app,
                 target.publish);
}

static void the_twelve_rows_hold(void **state) /* REST-29, REST-31 */
{
    (void)state;
    static const struct row rows[] = {
        {false, "rtmp_", "s", "rtmp://h:1935/live", "rtmp://h:1935/live", "live", "rtmp_s"},
        {false, "", "s", "rtmp://h:1935/live", "rtmp://h:1935/live", "live", "s"},
        {false, "rtmp_", "s", "rtmp://h:1935/live/testStream", "rtmp://h:1935/live/testStream",
         "live/testStream", "rtmp_s"},
        {false, "rtmp_", "s", "rtmp://h:1935/live/?user=u&pass=p", "rtmp://h:1935/live/", "live/",
         "rtmp_s"},
        {true, "rtmp_", "stream1", "rtmp://h:1935/live/?user1&pass1",
         "rtmp://h:1935/live/?user1&pass1", "live/?user1&pass1", "rtmp_stream1"},
        {true, "rtmp_", "s", "rtmp://h:1935/app/inst/?user=u&pass=p",
         "rtmp://h:1935/app/inst/?user=u&pass=p", "app/inst/?user=u&pass=p", "rtmp_s"},
        {true, "any", "s", "rtmp://h:1935/app/name1", "rtmp://h:1935/app", "app", "name1"},
        {true, "any", "s", "rtmp://h:1935/app/inst/name1", "rtmp://h:1935/app/inst", "app/inst",
         "name1"},
        {true, "rtmp_", "s", "rtmp://h:1935/live", "rtmp://h:1935/live", "live", "rtmp_s"},
        {true, "any", "s", "rtmp://h/rtmp/KEY?ds=1&a=b", "rtmp://h:1935/rtmp", "rtmp",
         "KEY?ds=1&a=b"},
        {false, "rtmp_", "s", "rtmp://u:p@h:1935/live", "rtmp://h:1935/live", "live", "rtmp_s"},
        {false, "rtmp_", "s", "rtmp://rtmp.server.com:1935/", "rtmp://rtmp.server.com:1935/", "",
         "rtmp_s"},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(rows); i++)
        check(&rows[i]);
}

static void other_spellings_follow_the_same_rules(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {false, NULL, "s", "RTMP://Host/live", "rtmp://Host:1935/live", "live", "s"},
        {false, NULL, "s", "rtmp://h", "rtmp://h:1935/", "", "s"},
        {false, NULL, "s", "rtmp://h?x=1", "rtmp://h:1935/", "", "s"},
        {false, NULL, "s", "rtmp://h:/live", "rtmp://h:1935/live", "live", "s"},
        {false, NULL, "s", "rtmps://h/live", "rtmps://h:443/live", "live", "s"},
        {false, NULL, "s", "rtmps://h:1936/live", "rtmps://h:1936/live", "live", "s"},
        {false, NULL, "s", "rtmp://[::1]/live", "rtmp://[::1]:1935/live", "live", "s"},
        {false, NULL, "s", "rtmp://[2001:db8::1]:19350/live", "rtmp://[2001:db8::1]:19350/live",
         "live", "s"},
        {true, NULL, "s", "rtmp://h/live?x=1", "rtmp://h:1935/live?x=1", "live?x=1", "s"},
        {true, NULL, "s", "rtmp://h//name", "rtmp://h:1935//name", "/name", "s"},
        {true, NULL, "s", "rtmp://h/a//name", "rtmp://h:1935/a/", "a/", "name"},
        {true, NULL, "s", "rtmp://h/?x=/a/b", "rtmp://h:1935/?x=/a/b", "?x=/a/b", "s"},
        {true, "p_", "s", "rtmp://h/a/b/c/", "rtmp://h:1935/a/b/c/", "a/b/c/", "p_s"},
        {true, NULL, "s", "rtmp://h/a/k#1?q", "rtmp://h:1935/a", "a", "k#1?q"},
        {false, "p_", "s\xc3\xa4 %20", "rtmp://h/a", "rtmp://h:1935/a", "a", "p_s\xc3\xa4 %20"},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(rows); i++)
        check(&rows[i]);
}

static void credentials_are_decoded_and_shown_nowhere(void **state) /* REST-33 */
{
    (void)state;
    static const struct {
        const char *url, *user, *password, *shown;
    } cases[] = {
        {"rtmp://h/live", "", "", "rtmp://h/live"},
        {"rtmp://joe@h/live", "joe", "", "rtmp://joe@h/live"},
        {"rtmp://joe:secret@h/live", "joe", "secret", "rtmp://joe:***@h/live"},
        {"rtmp://joe:@h/live", "joe", "", "rtmp://joe:***@h/live"},
        {"rtmp://:secret@h/live", "", "secret", "rtmp://:***@h/live"},
        {"rtmp://j%6fe:se%2Fcr%40et@h/live", "joe", "se/cr@et", "rtmp://j%6fe:***@h/live"},
        {"rtmp://joe:a@b:c@h/live", "joe", "a@b:c", "rtmp://joe:***@h/live"},
        {"rtmp://joe:100%@h:1/x@y", "joe", "100%", "rtmp://joe:***@h:1/x@y"},
        {"rtmp://joe:%zz%4@h/live", "joe", "%zz%4", "rtmp://joe:***@h/live"},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct row row = {false, "", "s", cases[i].url, NULL, NULL, NULL};
        struct sl_push_target target;
        struct sl_error error;
        if (parse(&row, &target, &error) < 0)
            fail_msg("%s: %s", cases[i].url, error.text);
        assert_string_equal(target.user, cases[i].user);
        assert_string_equal(target.password, cases[i].password);
        assert_string_equal(target.shown, cases[i].shown);
        assert_null(strstr(target.tc_url, "secret"));
        assert_string_equal(target.host, "h");
    }
}

static void refuses_what_leads_nowhere_without_telling_the_password(void **state) /* REST-21 */
{
    (void)state;
    static const char *const urls[] = {
        "",
        "rtmp:",
        "rtmp:/secret/live",
        "http://u:secret@h/live",
        "rtmpt://u:secret@h/live",
        "rtmp://",
        "rtmp:///live",
        "rtmp://u:secret@/live",
        "rtmp://u:secret@:1935/live",
        "rtmp://u:secret@h:0/live",
        "rtmp://u:secret@h:65536/live",
        "rtmp://u:secret@h:19 35/live",
        "rtmp://u:secret@h:+1/live",
        "rtmp://u:secret@h:123456/live",
        "rtmp://u:secret@[::1/live",
        "rtmp://u:secret@[::1]x/live",
        "rtmp://u:secret@[1.2.3.4]/live",
        "rtmp://u:secret@[fe80::1%25eth0]/live",
        "rtmp://u:secret@[]/live",
        "rtmp://u:secret@a b/live",
        "rtmp://u:secret@a;b/live",
        "rtmp://u:secret@h\\x/live",
        "rtmp://u:secret@h\r\n/live",
        "rtmp://u:secret@h/li\tve",
        "rtmp://u:secret%00@h/live",
        "rtmp://u:secret%0a@h/live",
        "rtmp://%7fu:secret@h/live",
        "rtmp://\xc3\xa4/live",
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(urls); i++) {
        struct row row = {false, "", "s", urls[i], NULL, NULL, NULL};
        struct sl_push_target target;
        struct sl_error error = {""};
        if (parse(&row, &target, &error) != -EINVAL)
            fail_msg("accepted: %s", urls[i]);
        assert_true(error.text[0] != '\0');
        assert_null(strstr(error.text, "secret"));
    }
}

static void refuses_what_is_too_long_and_names_with_control_characters(void **state)
{
    (void)state;
    struct sl_push_target target;
    char url[4096] = "rtmp://", name[2048];
    struct row row = {false, "", "s", url, NULL, NULL, NULL};

    memset(url + 7, 'h', 256);
    assert_int_equal(parse(&row, &target, NULL), -EINVAL);
    (void)strcpy(url + 7 + 255, "/live");
    assert_int_equal(parse(&row, &target, NULL), 0);
    (void)strcpy(url, "rtmp://h/");
    memset(url + 9, 'a', 1024);
    assert_int_equal(parse(&row, &target, NULL), -EINVAL);
    (void)strcpy(url, "rtmp://h/live");
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    row.stream = name;
    assert_int_equal(parse(&row, &target, NULL), -EINVAL);
    row.stream = "a\nb";
    assert_int_equal(parse(&row, &target, NULL), -EINVAL);
    row.stream = "";
    assert_int_equal(parse(&row, &target, NULL), -EINVAL);
    row.stream = "s";
    row.prefix = "\x7f";
    assert_int_equal(parse(&row, &target, NULL), -EINVAL);
}

/* ---- Redirects ---- */

static struct sl_push_target target_of(const char *url)
{
    struct row row = {false, "", "s", url, NULL, NULL, NULL};
    struct sl_push_target target;

    assert_int_equal(parse(&row, &target, NULL), 0);
    return target;
}

static void a_redirect_names_host_and_application_and_keeps_the_name(void **state)
{
    (void)state;
    static const struct {
        const char *from, *url, *tc_url, *app;
    } cases[] = {
        {"rtmp://h/live", "rtmp://e:7/other", "rtmp://e:7/other", "other"},
        {"rtmp://h/live", "rtmp://e/other/s", "rtmp://e:1935/other", "other"},
        {"rtmp://h/live", "rtmp://e/s", "rtmp://e:1935/s", "s"},
        {"rtmp://h/live", "rtmp://e/a/b?t=1", "rtmp://e:1935/a/b?t=1", "a/b?t=1"},
        {"rtmp://h/live", "rtmp://e/a/s?t=1", "rtmp://e:1935/a?t=1", "a?t=1"},
        {"rtmp://h/live", "rtmp://[::1]:7/other", "rtmp://[::1]:7/other", "other"},
        {"rtmp://h/live", "rtmps://e/other", "rtmps://e:443/other", "other"},
        {"rtmps://h/live", "RTMPS://e/other", "rtmps://e:443/other", "other"},
        {"rtmp://h/live", "rtmp://e", "rtmp://e:1935/live", "live"},
        {"rtmp://h/live", "rtmp://e:7/", "rtmp://e:7/live", "live"},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_push_target from = target_of(cases[i].from), to;
        struct sl_error error;
        if (sl_push_target_redirect(&from, cases[i].url, &to, &error) < 0)
            fail_msg("%s: %s", cases[i].url, error.text);
        if (strcmp(to.tc_url, cases[i].tc_url) != 0 || strcmp(to.app, cases[i].app) != 0 ||
            strcmp(to.publish, "s") != 0)
            fail_msg("%s: tcUrl %s app %s publish %s", cases[i].url, to.tc_url, to.app, to.publish);
    }
}

static void a_redirect_takes_no_credentials_to_another_host(void **state)
{
    (void)state;
    struct sl_push_target from = target_of("rtmp://u:secret@h/live"), to;

    from.app[0] = '\0';
    (void)strcat(from.app, "live?key=secret");
    assert_int_equal(sl_push_target_redirect(&from, "rtmp://H:7/x", &to, NULL), 0);
    assert_string_equal(to.user, "u");
    assert_string_equal(to.password, "secret");
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(
            sl_push_target_redirect(&from, i == 0 ? "rtmp://h.e/x" : "rtmp://e", &to, NULL), 0);
        assert_string_equal(to.user, "");
        assert_string_equal(to.password, "");
        assert_null(strstr(to.app, "secret"));
        assert_null(strstr(to.tc_url, "secret"));
    }
    /* What the server says itself may go there. */
    assert_int_equal(sl_push_target_redirect(&from, "rtmp://a:b@e/x", &to, NULL), 0);
    assert_string_equal(to.user, "a");
    assert_string_equal(to.password, "b");
    assert_null(strstr(to.tc_url, "a:b"));
    assert_null(strstr(to.shown, "a:b"));
}

static void a_redirect_that_leads_nowhere_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *from, *url;
    } cases[] = {
        {"rtmps://h/live", "rtmp://e/x"}, /* what was to be hidden stays so */
        {"rtmp://h/live", ""},
        {"rtmp://h/live", "live2"},
        {"rtmp://h/live", "/live2"},
        {"rtmp://h/live", "//e/live2"},
        {"rtmp://h/live", "http://e/x"},
        {"rtmp://h/live", "rtmpt://e/x"},
        {"rtmp://h/live", "rtmp:///x"},
        {"rtmp://h/live", "rtmp://e:0/x"},
        {"rtmp://h/live", "rtmp://e:99999/x"},
        {"rtmp://h/live", "rtmp://e f/x"},
        {"rtmp://h/live", "rtmp://e/\x01"},
        {"rtmp://h/live", "(too long)"},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_push_target from = target_of(cases[i].from), to;
        struct sl_error error = {""};
        if (sl_push_target_redirect(&from, cases[i].url, &to, &error) != -EINVAL)
            fail_msg("accepted: %s", cases[i].url);
        assert_true(error.text[0] != '\0');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_twelve_rows_hold),
        cmocka_unit_test(other_spellings_follow_the_same_rules),
        cmocka_unit_test(credentials_are_decoded_and_shown_nowhere),
        cmocka_unit_test(refuses_what_leads_nowhere_without_telling_the_password),
        cmocka_unit_test(refuses_what_is_too_long_and_names_with_control_characters),
        cmocka_unit_test(a_redirect_names_host_and_application_and_keeps_the_name),
        cmocka_unit_test(a_redirect_takes_no_credentials_to_another_host),
        cmocka_unit_test(a_redirect_that_leads_nowhere_is_refused),
    };

    return cmocka_run_group_tests_name("push target", tests, NULL, NULL);
}
