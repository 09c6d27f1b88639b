/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The file that keeps applications and users: restarts, damage, failing writes (cli.md section 5).
 */
#include "apps/internal.h"
#include "base/mem.h"
#include "fixture.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define URL "http://h"

static void changes_survive_a_restart(void **state) /* CLI-15 */
{
    struct fixture *f = *state;
    const struct sl_app_fields fields = {.name = "My \"App\" \xc3\xa9",
                                         .key = "k\\ey",
                                         .url = "https://h:8/x/",
                                         .owner = "admin",
                                         .main_class = "M",
                                         .callback_class = "C",
                                         .rest_username = "u",
                                         .rest_password = "p"};
    const struct sl_app_fields changed = {.url = "http://my-web-server.com/MyAPI"};

    assert_int_equal(apps_start(f), 0);
    assert_int_equal(sl_apps_add(f->apps, &fields, &f->error), 0);
    assert_int_equal(sl_apps_enable_method(f->apps, "k\\ey", "sendDtmf", true, &f->error), 0);
    assert_int_equal(save(f), 0);
    assert_int_equal(sl_apps_update(f->apps, "defaultApp", &changed, &f->error), 0);
    assert_int_equal(
        sl_apps_enable_method(f->apps, "defaultApp", "StreamKeepAliveEvent", true, &f->error), 0);
    assert_int_equal(sl_apps_remove(f->apps, "roomApp", &f->error), 0);
    apps_restart(f); /* writes what nobody asked to save */

    char names[LINES_LEN] = "";
    sl_apps_each(f->apps, append_app, names);
    assert_string_equal(names, "defaultApp\nMy \"App\" \xc3\xa9\n");
    const struct sl_app *app = sl_apps_find_by_key(f->apps, "k\\ey");
    assert_non_null(app);
    assert_string_equal(app->url, "https://h:8/x");
    assert_string_equal(app->owner, "admin");
    assert_string_equal(app->main_class, "M");
    assert_string_equal(app->callback_class, "C");
    assert_string_equal(app->rest_username, "u");
    assert_string_equal(app->rest_password, "p");
    assert_string_equal(sl_app_method(app, SL_HOOK_SEND_DTMF), "sendDtmf");
    assert_null(sl_app_method(app, SL_HOOK_CONNECT));
    app = sl_apps_find(f->apps, "defaultApp");
    assert_string_equal(app->url, "http://my-web-server.com/MyAPI");
    assert_non_null(sl_app_method(app, SL_HOOK_STREAM_KEEP_ALIVE_EVENT));
}

static void a_corrupt_file_is_left_as_it_is(void **state) /* cli.md section 5 */
{
    struct fixture *f = *state;

    assert_int_equal(apps_start(f), 0);
    apps_stop(f);
    char *good = read_file(path_of(f, "apps.json"));
    for (size_t len = 0; len < strlen(good) - 1; len += 97) { /* cut anywhere */
        write_file(path_of(f, "apps.json"), good, len);
        assert_int_equal(apps_start(f), -EBADMSG);
        assert_non_null(strstr(f->error.text, "/apps.json: line "));
        assert_null(f->apps);
        char *after = read_file(path_of(f, "apps.json"));
        assert_int_equal(strlen(after), len);
        free(after);
    }
    free(good);
    assert_int_equal(unlink(path_of(f, "apps.json")), 0);
    assert_int_equal(mkdir(path_of(f, "apps.json"), 0700), 0);
    assert_int_equal(apps_start(f), -EBADMSG);
    assert_int_equal(rmdir(path_of(f, "apps.json")), 0);
    assert_int_equal(mkfifo(path_of(f, "apps.json"), 0600), 0);
    assert_int_equal(apps_start(f), -EBADMSG);
}

static void a_file_that_is_too_long_is_not_read(void **state)
{
    struct fixture *f = *state;

    write_file(path_of(f, "apps.json"), "{", 1);
    assert_int_equal(truncate(path_of(f, "apps.json"), (8 << 20) + 1), 0);
    assert_int_equal(apps_start(f), -EBADMSG);
    assert_non_null(strstr(f->error.text, "at most 8388608 bytes"));
}

static void a_missing_directory_is_told(void **state)
{
    struct fixture *f = *state;
    struct sl_apps_config config = {
        .loop = f->loop, .state_dir = "/nowhere/at/all", .echo_url = ECHO_URL};

    assert_int_equal(sl_apps_create(&config, &f->apps, &f->error), -ENOENT);
    assert_null(f->apps);
    assert_non_null(strstr(f->error.text, "/nowhere/at/all/"));
}

static void a_failed_write_is_told_and_the_next_one_tries_again(void **state)
{
    struct fixture *f = *state;
    const struct sl_app_fields one = {.name = "one", .key = "one", .url = URL};
    const struct sl_app_fields two = {.name = "two", .key = "two", .url = URL};
    struct answer answer = {0};

    assert_int_equal(apps_start(f), 0);
    char *before = read_file(path_of(f, "apps.json"));
    /* in the way of the temporary file; permissions would not stop root */
    assert_int_equal(mkdir(path_of(f, ".apps.json.new"), 0700), 0);
    assert_int_equal(sl_apps_add(f->apps, &one, &f->error), 0);
    sl_apps_save(f->apps, on_answer, &answer);
    assert_true(wait_answer(f, &answer) < 0);
    assert_non_null(strstr(answer.words, "apps.json"));
    char *after = read_file(path_of(f, "apps.json"));
    assert_string_equal(before, after);
    free(before);
    free(after);
    char *log = read_file(f->log);
    assert_non_null(strstr(log, "error"));
    free(log);

    assert_int_equal(rmdir(path_of(f, ".apps.json.new")), 0);
    assert_int_equal(sl_apps_add(f->apps, &two, &f->error), 0);
    assert_int_equal(save(f), 0);
    after = read_file(path_of(f, "apps.json"));
    assert_non_null(strstr(after, "\"one\""));
    assert_non_null(strstr(after, "\"two\""));
    free(after);
    assert_int_equal(access(path_of(f, ".apps.json.new"), F_OK), -1);
}

static void a_full_disk_leaves_the_old_file(void **state)
{
    struct fixture *f = *state;
    const struct sl_app_fields one = {.name = "one", .key = "one", .url = URL};
    struct rlimit before, few = {.rlim_cur = 100};

    assert_int_equal(apps_start(f), 0);
    char *old = read_file(path_of(f, "apps.json"));
    assert_int_equal(sl_apps_add(f->apps, &one, &f->error), 0);
    /* as a full disk: the first bytes are written, the others are not */
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    few.rlim_max = before.rlim_max;
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &few), 0);
    int err = save(f);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    (void)signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(err, -EFBIG);
    char *after = read_file(path_of(f, "apps.json"));
    assert_string_equal(old, after);
    assert_int_equal(access(path_of(f, ".apps.json.new"), F_OK), -1);
    free(old);
    free(after);
    apps_restart(f); /* has written what could not be written before */
    assert_non_null(sl_apps_find(f->apps, "one"));
}

static void a_first_start_that_failed_can_be_repeated(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(mkdir(path_of(f, ".apps.json.new"), 0700), 0);
    assert_true(apps_start(f) < 0);
    assert_int_equal(access(path_of(f, "apps.json"), F_OK), -1);
    assert_int_equal(rmdir(path_of(f, ".apps.json.new")), 0);
    assert_int_equal(apps_start(f), 0);
    char *password = read_file(path_of(f, "admin-password"));
    password[strcspn(password, "\n")] = '\0';
    assert_int_equal(check_password(f, "admin", password), 0);
    free(password);
}

static struct {
    char *(*build)(void *arg);
    int count;
} builds;

static char *count_build(void *arg)
{
    builds.count++;
    return builds.build(arg);
}

static void many_saves_become_few_writes_and_each_is_answered_after_its_change(void **state)
{
    enum { COUNT = 50 };
    struct fixture *f = *state;
    static struct answer answers[COUNT];
    char name[16], quoted[20];

    memset(answers, 0, sizeof(answers));
    assert_int_equal(apps_start(f), 0);
    builds.build = f->apps->saver.build;
    builds.count = 0;
    f->apps->saver.build = count_build;
    for (int i = 0; i < COUNT; i++) {
        const struct sl_app_fields fields = {.name = name, .key = name, .url = URL};
        (void)snprintf(name, sizeof(name), "app%d", i);
        assert_int_equal(sl_apps_add(f->apps, &fields, &f->error), 0);
        sl_apps_save(f->apps, on_answer, &answers[i]);
    }
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(wait_answer(f, &answers[i]), 0);
        char *file = read_file(path_of(f, "apps.json"));
        (void)snprintf(quoted, sizeof(quoted), "\"app%d\"", i);
        assert_non_null(strstr(file, quoted));
        free(file);
    }
    assert_int_equal(builds.count, 2);
    assert_int_equal(save(f), 0); /* nothing has changed */
    assert_int_equal(builds.count, 2);
}

static void the_end_waits_for_a_write_and_calls_nobody(void **state)
{
    struct fixture *f = *state;
    const struct sl_app_fields one = {.name = "one", .key = "one", .url = URL};
    const struct sl_app_fields two = {.name = "two", .key = "two", .url = URL};
    struct answer answer = {0};

    for (int run = 0; run < 20; run++) {
        assert_int_equal(apps_start(f), 0);
        assert_int_equal(sl_apps_add(f->apps, &one, &f->error), 0);
        sl_apps_save(f->apps, on_answer, &answer);
        if (run % 2) /* one begun, one pending */
            (void)uv_run(sl_loop_uv(f->loop), UV_RUN_NOWAIT);
        assert_int_equal(sl_apps_add(f->apps, &two, &f->error), 0);
        sl_apps_save(f->apps, on_answer, &answer);
        int answered = answer.count;
        apps_restart(f);
        (void)uv_run(sl_loop_uv(f->loop), UV_RUN_NOWAIT);
        assert_int_equal(answer.count, answered);
        assert_non_null(sl_apps_find(f->apps, "one"));
        assert_non_null(sl_apps_find(f->apps, "two"));
        assert_int_equal(sl_apps_remove(f->apps, "one", &f->error), 0);
        assert_int_equal(sl_apps_remove(f->apps, "two", &f->error), 0);
        apps_stop(f);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(changes_survive_a_restart),
        TEST(a_corrupt_file_is_left_as_it_is),
        TEST(a_file_that_is_too_long_is_not_read),
        TEST(a_missing_directory_is_told),
        TEST(a_failed_write_is_told_and_the_next_one_tries_again),
        TEST(a_full_disk_leaves_the_old_file),
        TEST(a_first_start_that_failed_can_be_repeated),
        TEST(many_saves_become_few_writes_and_each_is_answered_after_its_change),
        TEST(the_end_waits_for_a_write_and_calls_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
