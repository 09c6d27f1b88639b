/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Applications and their methods (cli.md 4.1, 4.2). */
#include "base/mem.h"
#include "fixture.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define URL "http://h"

/* ---- The first start ---- */

static void the_first_start_makes_two_applications_and_admin(void **state)
{
    struct fixture *f = *state;
    char names[LINES_LEN] = "", methods[LINES_LEN] = "";

    assert_int_equal(apps_start(f), 0);
    sl_apps_each(f->apps, append_app, names);
    assert_string_equal(names, "defaultApp\nroomApp\n");
    const struct sl_app *app = sl_apps_find_by_key(f->apps, "defaultApp");
    assert_non_null(app);
    assert_string_equal(app->url, ECHO_URL); /* CLI-3 */
    assert_string_equal(app->owner, "admin");
    assert_string_equal(app->rest_password, "");
    for (enum sl_hook_method i = 0; i < SL_HOOK_METHOD_COUNT; i++) {
        const char *name = sl_app_method(app, i);
        if (i == SL_HOOK_STREAM_KEEP_ALIVE_EVENT)
            assert_null(name); /* rest-hooks.md 1.1 */
        else
            assert_string_equal(name, sl_hook_method_name(i));
    }
    sl_app_each_method(app, append_line, methods);
    assert_null(strstr(methods, "sendDtmf"));
    assert_null(strstr(methods, "sendData"));
    assert_true(sl_apps_user_is_active(f->apps, "admin"));
}

static void the_drawn_password_is_in_its_file_only(void **state)
{
    struct fixture *f = *state;
    struct stat st;

    /* an old one, readable by all, of a state that somebody has removed */
    write_file(path_of(f, "admin-password"), "old\n", 4);
    assert_int_equal(chmod(path_of(f, "admin-password"), 0644), 0);
    assert_int_equal(apps_start(f), 0);

    char *password = read_file(path_of(f, "admin-password"));
    assert_int_equal(strlen(password), 21);
    assert_int_equal(password[20], '\n');
    password[20] = '\0';
    assert_int_equal(check_password(f, "admin", password), 0); /* CLI-1 with decision 3 */
    assert_int_equal(check_password(f, "admin", "admin"), -EACCES);
    assert_int_equal(stat(path_of(f, "admin-password"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(stat(path_of(f, "apps.json"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);

    char *file = read_file(path_of(f, "apps.json")), *log = read_file(f->log);
    assert_null(strstr(file, password));
    assert_null(strstr(log, password)); /* CLI-17, hardening class 24 */
    assert_non_null(strstr(log, "admin-password"));
    free(file);
    free(log);

    assert_int_equal(unlink(path_of(f, "admin-password")), 0);
    apps_restart(f);
    assert_int_equal(check_password(f, "admin", password), 0);
    assert_int_equal(access(path_of(f, "admin-password"), F_OK), -1); /* once */
    free(password);
}

/* ---- Fields ---- */

static char *repeated(char c, size_t count)
{
    char *text = sl_alloc(count + 1);

    memset(text, c, count);
    return text;
}

static void refuses_bad_fields_in_one_line_and_changes_nothing(void **state) /* CLI-11 */
{
    struct fixture *f = *state;
    char *name129 = repeated('x', 129), *text257 = repeated('x', 257);
    const struct {
        const char *why, *place;
        struct sl_app_fields fields;
        int err;
    } cases[] = {
        {"no name", "name", {.key = "k", .url = URL}, -EINVAL},
        {"empty name", "name", {.name = "", .key = "k", .url = URL}, -EINVAL},
        {"long name", "name", {.name = name129, .key = "k", .url = URL}, -EINVAL},
        {"C0 in the name", "name", {.name = "a\nb", .key = "k", .url = URL}, -EINVAL},
        {"DEL in the name", "name", {.name = "a\x7f", .key = "k", .url = URL}, -EINVAL},
        {"C1 in the name", "name", {.name = "a\xc2\x85", .key = "k", .url = URL}, -EINVAL},
        {"not UTF-8", "name", {.name = "a\xff", .key = "k", .url = URL}, -EINVAL},
        {"cut UTF-8", "name", {.name = "a\xc3", .key = "k", .url = URL}, -EINVAL},
        {"no key", "appKey", {.name = "n", .url = URL}, -EINVAL},
        {"long key", "appKey", {.name = "n", .key = name129, .url = URL}, -EINVAL},
        {"no URL", "url", {.name = "n", .key = "k"}, -EINVAL},
        {"long class",
         "mainClass",
         {.name = "n", .key = "k", .url = URL, .main_class = text257},
         -EINVAL},
        {"tab in a class",
         "callbackClass",
         {.name = "n", .key = "k", .url = URL, .callback_class = "\t"},
         -EINVAL},
        {"long user",
         "restUsername",
         {.name = "n", .key = "k", .url = URL, .rest_username = text257},
         -EINVAL},
        {"colon in the user of HTTP Basic",
         "restUsername",
         {.name = "n", .key = "k", .url = URL, .rest_username = "a:b"},
         -EINVAL},
        {"long password",
         "restPassword",
         {.name = "n", .key = "k", .url = URL, .rest_password = text257},
         -EINVAL},
        {"no such owner", "owner", {.name = "n", .key = "k", .url = URL, .owner = "x"}, -ENOENT},
        {"name taken", "name", {.name = "roomApp", .key = "k", .url = URL}, -EEXIST},
        {"key taken", "appKey", {.name = "n", .key = "roomApp", .url = URL}, -EEXIST},
    };

    assert_int_equal(apps_start(f), 0);
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        char names[LINES_LEN] = "";
        int err = sl_apps_add(f->apps, &cases[i].fields, &f->error);
        if (err != cases[i].err)
            fail_msg("%s: got %d", cases[i].why, err);
        if (strncmp(f->error.text, cases[i].place, strlen(cases[i].place)) != 0 ||
            strchr(f->error.text, '\n'))
            fail_msg("%s: words: %s", cases[i].why, f->error.text);
        sl_apps_each(f->apps, append_app, names);
        assert_string_equal(names, "defaultApp\nroomApp\n");
    }
    free(name129);
    free(text257);
}

static void takes_only_urls_to_which_a_method_can_be_added(void **state)
{
    struct fixture *f = *state;
    char *long_path = repeated('x', 1024 - strlen(URL "/")), url[2048];
    static const struct {
        const char *url, *kept; /* NULL: refused */
    } cases[] = {
        {"http://my-web-server.com/MyAPI", "http://my-web-server.com/MyAPI"},
        {"https://h", "https://h"},
        {"HTTPS://h/a", "HTTPS://h/a"},
        {"http://h/", "http://h"},
        {"http://h/a///", "http://h/a"},
        {"http://h:1", "http://h:1"},
        {"http://h:65535/", "http://h:65535"},
        {"http://[::1]:8081/x", "http://[::1]:8081/x"},
        {"http://127.0.0.1:8081/x%20y", "http://127.0.0.1:8081/x%20y"},
        {"http://h/m\xc3\xbc", "http://h/m\xc3\xbc"},
        {"http://h/a@b", "http://h/a@b"},
        {"", NULL},
        {"h", NULL},
        {"h/a", NULL},
        {"//h", NULL},
        {"ftp://h", NULL},
        {"file:///etc/passwd", NULL},
        {"ws://h", NULL},
        {"javascript:alert(1)", NULL},
        {"http:", NULL},
        {"http:h", NULL},
        {"http:/h", NULL},
        {"http://", NULL},
        {"http:///", NULL},
        {"http:///h", NULL},
        {"http://:80", NULL},
        {"http://h:0", NULL},
        {"http://h:00", NULL},
        {"http://h:65536", NULL},
        {"http://h:-1", NULL},
        {"http://h:x", NULL},
        {"http://h:80x/", NULL},
        {"http://u@h", NULL},
        {"http://u:p@h", NULL},
        {"http://@h", NULL},
        {"http://:@h", NULL},
        {"http://h?", NULL},
        {"http://h?a=b", NULL},
        {"http://h/a?b", NULL},
        {"http://h#", NULL},
        {"http://h/a#b", NULL},
        {"http://h /", NULL},
        {" http://h", NULL},
        {"http://h ", NULL},
        {"http://h/a b", NULL},
        {"http://h\\a", NULL},
        {"http://h/\\a", NULL},
        {"http://h/\r\nX: y", NULL},
        {"http://[::1", NULL},
        {"http://[x]", NULL},
        {"http://a%2fb/", NULL},
    };

    assert_int_equal(apps_start(f), 0);
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_app_fields fields = {.url = cases[i].url};
        int err = sl_apps_update(f->apps, "defaultApp", &fields, &f->error);
        const char *kept = sl_apps_find(f->apps, "defaultApp")->url;
        if (err != (cases[i].kept ? 0 : -EINVAL))
            fail_msg("%s: got %d", cases[i].url, err);
        if (cases[i].kept && strcmp(kept, cases[i].kept) != 0)
            fail_msg("%s: kept %s", cases[i].url, kept);
        if (err < 0 && strncmp(f->error.text, "url: ", 5) != 0)
            fail_msg("%s: words: %s", cases[i].url, f->error.text);
    }
    struct sl_app_fields fields = {.url = url};
    (void)snprintf(url, sizeof(url), URL "/%s", long_path);
    assert_int_equal(sl_apps_update(f->apps, "defaultApp", &fields, &f->error), 0);
    (void)snprintf(url, sizeof(url), URL "/%sx", long_path);
    assert_int_equal(sl_apps_update(f->apps, "defaultApp", &fields, &f->error), -EINVAL);
    free(long_path);
}

static void finds_by_name_then_by_key(void **state)
{
    struct fixture *f = *state;
    const struct sl_app_fields one = {.name = "one", .key = "two", .url = URL};
    const struct sl_app_fields two = {.name = "two", .key = "one", .url = URL};
    const struct sl_app_fields other_key = {.key = "key2"};

    assert_int_equal(apps_start(f), 0);
    assert_int_equal(sl_apps_add(f->apps, &one, &f->error), 0);
    assert_int_equal(sl_apps_add(f->apps, &two, &f->error), 0);
    assert_string_equal(sl_apps_find(f->apps, "one")->name, "one");
    assert_string_equal(sl_apps_find_by_key(f->apps, "one")->name, "two");
    assert_int_equal(sl_apps_update(f->apps, "two", &other_key, &f->error), 0);
    assert_null(sl_apps_find_by_key(f->apps, "one"));
    assert_string_equal(sl_apps_find_by_key(f->apps, "key2")->name, "two");
    assert_string_equal(sl_apps_find(f->apps, "key2")->name, "two");
    assert_null(sl_apps_find(f->apps, "Two"));
    assert_int_equal(sl_apps_update(f->apps, "three", &other_key, &f->error), -ENOENT);
    assert_int_equal(sl_apps_remove(f->apps, "three", &f->error), -ENOENT);
    assert_int_equal(sl_apps_remove(f->apps, "two", &f->error), 0);
    assert_null(sl_apps_find_by_key(f->apps, "key2"));
}

static void an_update_takes_the_applications_own_texts_too(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(apps_start(f), 0);
    const struct sl_app *app = sl_apps_find(f->apps, "roomApp");
    const struct sl_app_fields fields = {.name = app->key,
                                         .key = app->name,
                                         .url = app->url,
                                         .rest_username = app->owner,
                                         .owner = app->name};
    assert_int_equal(sl_apps_update(f->apps, "roomApp", &fields, &f->error), -ENOENT);
    const struct sl_app_fields good = {.name = app->key,
                                       .key = app->name,
                                       .url = app->url,
                                       .rest_username = app->owner,
                                       .owner = app->owner};
    assert_int_equal(sl_apps_update(f->apps, "roomApp", &good, &f->error), 0);
    assert_string_equal(sl_apps_find_by_key(f->apps, "roomApp")->rest_username, "admin");
}

static void default_app_stays(void **state)
{
    struct fixture *f = *state;
    const struct sl_app_fields name = {.name = "other"}, key = {.key = "newKey"};

    assert_int_equal(apps_start(f), 0);
    assert_int_equal(sl_apps_remove(f->apps, "defaultApp", &f->error), -EPERM);
    assert_int_equal(sl_apps_update(f->apps, "defaultApp", &name, &f->error), -EPERM);
    assert_int_equal(sl_apps_update(f->apps, "defaultApp", &key, &f->error), 0);
    assert_int_equal(sl_apps_remove(f->apps, "newKey", &f->error), -EPERM);
    assert_int_equal(sl_apps_remove(f->apps, "roomApp", &f->error), 0);
}

/* ---- Methods ---- */

static int enable(struct fixture *f, const char *app, const char *method)
{
    return sl_apps_enable_method(f->apps, app, method, true, &f->error);
}

static int disable(struct fixture *f, const char *app, const char *method)
{
    return sl_apps_enable_method(f->apps, app, method, false, &f->error);
}

static void methods_are_enabled_and_disabled_one_by_one(void **state) /* CLI-4, CLI-8, CLI-10 */
{
    struct fixture *f = *state;
    const struct sl_app_fields fields = {.name = "MyApp", .key = "myKey", .url = URL};

    assert_int_equal(apps_start(f), 0);
    assert_int_equal(sl_apps_add(f->apps, &fields, &f->error), 0);
    const struct sl_app *app = sl_apps_find(f->apps, "MyApp");
    assert_null(sl_app_method(app, SL_HOOK_CONNECT));
    assert_int_equal(enable(f, "myKey", "CONNECT"), 0);
    assert_int_equal(enable(f, "MyApp", "connect"), 0);
    assert_string_equal(sl_app_method(app, SL_HOOK_CONNECT), "connect");
    assert_null(sl_app_method(app, SL_HOOK_PUBLISH_STREAM));
    assert_int_equal(disable(f, "myKey", "connect"), 0);
    assert_int_equal(disable(f, "myKey", "connect"), 0);
    assert_null(sl_app_method(app, SL_HOOK_CONNECT));
    assert_int_equal(enable(f, "myKey", "dance"), -ENOENT);
    assert_int_equal(enable(f, "noKey", "connect"), -ENOENT);
    assert_int_equal(enable(f, "defaultApp", "StreamKeepAliveEvent"), 0);
    assert_int_equal(enable(f, "defaultApp", "StreamKeepAliveEvent"), 0);
    assert_string_equal(
        sl_app_method(sl_apps_find(f->apps, "defaultApp"), SL_HOOK_STREAM_KEEP_ALIVE_EVENT),
        "StreamKeepAliveEvent");
}

static void all_of_them_are_all_but_the_aliases(void **state) /* CLI-9, decision 7 */
{
    struct fixture *f = *state;
    const struct sl_app_fields fields = {.name = "MyApp", .key = "myKey", .url = URL};

    assert_int_equal(apps_start(f), 0);
    assert_int_equal(sl_apps_add(f->apps, &fields, &f->error), 0);
    const struct sl_app *app = sl_apps_find(f->apps, "MyApp");
    assert_int_equal(enable(f, "myKey", NULL), 0);
    for (enum sl_hook_method i = 0; i < SL_HOOK_METHOD_COUNT; i++)
        assert_string_equal(sl_app_method(app, i), sl_hook_method_name(i));
    assert_int_equal(disable(f, "myKey", "sendDTMF"), 0);
    assert_null(sl_app_method(app, SL_HOOK_SEND_DTMF));
    assert_int_equal(enable(f, "myKey", "sendData"), 0);
    assert_int_equal(disable(f, "myKey", NULL), 0);
    for (enum sl_hook_method i = 0; i < SL_HOOK_METHOD_COUNT; i++)
        assert_null(sl_app_method(app, i));
}

static void a_hook_goes_out_under_the_name_that_was_enabled(void **state) /* decision 7 */
{
    struct fixture *f = *state;
    const struct sl_app_fields fields = {.name = "MyApp", .key = "myKey", .url = URL};
    char names[LINES_LEN] = "";

    assert_int_equal(apps_start(f), 0);
    assert_int_equal(sl_apps_add(f->apps, &fields, &f->error), 0);
    const struct sl_app *app = sl_apps_find(f->apps, "MyApp");
    assert_int_equal(enable(f, "myKey", "sendDtmf"), 0);
    assert_int_equal(enable(f, "myKey", "sendData"), 0);
    assert_string_equal(sl_app_method(app, SL_HOOK_SEND_DTMF), "sendDtmf");
    assert_string_equal(sl_app_method(app, SL_HOOK_ON_DATA_EVENT), "sendData");
    assert_int_equal(enable(f, "myKey", "sendDTMF"), 0);
    assert_string_equal(sl_app_method(app, SL_HOOK_SEND_DTMF), "sendDTMF");
    sl_app_each_method(app, append_line, names);
    assert_string_equal(names, "sendData\nsendDTMF\nsendDtmf\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_first_start_makes_two_applications_and_admin),
        TEST(the_drawn_password_is_in_its_file_only),
        TEST(refuses_bad_fields_in_one_line_and_changes_nothing),
        TEST(takes_only_urls_to_which_a_method_can_be_added),
        TEST(finds_by_name_then_by_key),
        TEST(an_update_takes_the_applications_own_texts_too),
        TEST(default_app_stays),
        TEST(methods_are_enabled_and_disabled_one_by_one),
        TEST(all_of_them_are_all_but_the_aliases),
        TEST(a_hook_goes_out_under_the_name_that_was_enabled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
