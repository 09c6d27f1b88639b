/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Users and their passwords (cli.md 4.3). */
#include "apps/internal.h"
#include "base/mem.h"
#include "fixture.h"
#include "net/net.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SECRET "canary-of-a-password"

static void only_the_right_password_of_an_active_user_is_right(void **state) /* CLI-2, CLI-13 */
{
    struct fixture *f = *state;

    assert_int_equal(apps_start(f), 0);
    assert_int_equal(add_user(f, "eve", SECRET), 0);
    for (int i = 0; i < 2; i++) { /* hashed, then remembered */
        assert_int_equal(check_password(f, "eve", SECRET), 0);
        assert_int_equal(check_password(f, "eve", SECRET "x"), -EACCES);
        assert_int_equal(check_password(f, "eve", ""), -EACCES);
        assert_int_equal(check_password(f, "Eve", SECRET), -EACCES);
        assert_int_equal(check_password(f, "nobody", SECRET), -EACCES);
        assert_int_equal(check_password(f, "", ""), -EACCES);
    }
    assert_int_equal(sl_apps_set_user_active(f->apps, "eve", false, &f->error), 0);
    assert_false(sl_apps_user_is_active(f->apps, "eve"));
    assert_int_equal(check_password(f, "eve", SECRET), -EACCES);
    assert_int_equal(sl_apps_set_user_active(f->apps, "eve", true, &f->error), 0);
    assert_int_equal(check_password(f, "eve", SECRET), 0);
    assert_int_equal(sl_apps_remove_user(f->apps, "eve", &f->error), 0);
    assert_int_equal(check_password(f, "eve", SECRET), -EACCES);
    assert_int_equal(sl_apps_remove_user(f->apps, "eve", &f->error), -ENOENT);
}

static void a_changed_password_replaces_the_old_one(void **state) /* CLI-12 */
{
    struct fixture *f = *state;

    assert_int_equal(apps_start(f), 0);
    assert_int_equal(set_password(f, "admin", "first"), 0);
    assert_int_equal(check_password(f, "admin", "first"), 0);
    assert_int_equal(set_password(f, "admin", "second"), 0);
    assert_int_equal(check_password(f, "admin", "first"), -EACCES);
    assert_int_equal(check_password(f, "admin", "second"), 0);
    assert_int_equal(set_password(f, "nobody", "x"), -ENOENT);
    assert_int_equal(set_password(f, "admin", ""), -EINVAL);
    apps_restart(f); /* CLI-15 */
    assert_int_equal(check_password(f, "admin", "first"), -EACCES);
    assert_int_equal(check_password(f, "admin", "second"), 0);
}

static void of_two_changes_under_way_the_later_one_counts(void **state)
{
    enum { COUNT = 6 };
    struct fixture *f = *state;
    struct answer answers[COUNT] = {0};
    char password[16];

    assert_int_equal(apps_start(f), 0);
    for (int i = 0; i < COUNT; i++) {
        (void)snprintf(password, sizeof(password), "number %d", i);
        sl_apps_set_password(f->apps, "admin", password, on_answer, &answers[i]);
    }
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(wait_answer(f, &answers[i]), 0);
    assert_int_equal(check_password(f, "admin", password), 0);
}

static void a_check_under_way_notices_what_has_changed_meanwhile(void **state)
{
    struct fixture *f = *state;
    struct answer deactivated = {0}, removed = {0}, replaced = {0};

    assert_int_equal(apps_start(f), 0);
    assert_int_equal(add_user(f, "eve", SECRET), 0);
    sl_apps_check_password(f->apps, "eve", SECRET, on_answer, &deactivated);
    assert_int_equal(sl_apps_set_user_active(f->apps, "eve", false, &f->error), 0);
    assert_int_equal(wait_answer(f, &deactivated), -EACCES);

    assert_int_equal(sl_apps_set_user_active(f->apps, "eve", true, &f->error), 0);
    sl_apps_check_password(f->apps, "eve", SECRET, on_answer, &removed);
    assert_int_equal(sl_apps_remove_user(f->apps, "eve", &f->error), 0);
    assert_int_equal(wait_answer(f, &removed), -EACCES);

    struct answer added = {0};
    sl_apps_add_user(f->apps, "eve", "another", on_answer, &added);
    sl_apps_check_password(f->apps, "eve", "another", on_answer, &replaced);
    assert_int_equal(wait_answer(f, &replaced), -EACCES); /* not yet a user when asked */
    assert_int_equal(wait_answer(f, &added), 0);
}

static void what_is_cut_to_fit_is_never_right(void **state)
{
    struct fixture *f = *state;
    char name[66], password[257];
    struct answer answers[40] = {0};

    memset(name, 'n', 65);
    memset(password, 'p', 256);
    name[65] = password[256] = '\0';
    assert_int_equal(apps_start(f), 0);
    assert_int_equal(add_user(f, name + 1, password + 1), 0);
    for (size_t i = 0; i < SL_ARRAY_LEN(answers); i += 2) { /* some of them wait for the pool */
        sl_apps_check_password(f->apps, name + 1, password, on_answer, &answers[i]);
        sl_apps_check_password(f->apps, name, password + 1, on_answer, &answers[i + 1]);
        if (i == 10)
            assert_int_equal(check_password(f, name + 1, password + 1), 0);
    }
    for (size_t i = 0; i < SL_ARRAY_LEN(answers); i++)
        assert_int_equal(wait_answer(f, &answers[i]), -EACCES);
}

static void refuses_bad_names_and_passwords(void **state)
{
    struct fixture *f = *state;
    char name[66], password[257];
    memset(name, 'n', 65);
    memset(password, 'p', 256);
    name[65] = password[256] = '\0';
    const struct {
        const char *why, *name, *password;
        int err;
    } cases[] = {
        {"taken", "admin", "x", -EEXIST},           {"empty name", "", "x", -EINVAL},
        {"long name", name, "x", -EINVAL},          {"blank in the name", "a b", "x", -EINVAL},
        {"tab in the name", "a\tb", "x", -EINVAL},  {"C1 in the name", "a\xc2\x9b", "x", -EINVAL},
        {"colon in the name", "a:b", "x", -EINVAL}, {"name not UTF-8", "\xc0\x80", "x", -EINVAL},
        {"empty password", "eve", "", -EINVAL},     {"long password", "eve", password, -EINVAL},
        {"longest", name + 1, password + 1, 0},     {"any bytes", "\xc3\xa9ve", "\x01\xff", 0},
    };

    assert_int_equal(apps_start(f), 0);
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        int err = add_user(f, cases[i].name, cases[i].password);
        if (err != cases[i].err)
            fail_msg("%s: got %d", cases[i].why, err);
        if (err == 0)
            assert_int_equal(check_password(f, cases[i].name, cases[i].password), 0);
    }
}

static void of_two_users_of_one_name_one_is_added(void **state)
{
    struct fixture *f = *state;
    struct answer one = {0}, two = {0};

    assert_int_equal(apps_start(f), 0);
    sl_apps_add_user(f->apps, "eve", "one", on_answer, &one);
    sl_apps_add_user(f->apps, "eve", "two", on_answer, &two);
    int first = wait_answer(f, &one), second = wait_answer(f, &two);
    assert_int_equal(first + second, -EEXIST);
    assert_int_equal(check_password(f, "eve", first == 0 ? "one" : "two"), 0);
}

static void admin_stays_and_owners_stay(void **state) /* CLI-14 */
{
    struct fixture *f = *state;
    const struct sl_app_fields fields = {
        .name = "MyApp", .key = "myKey", .url = "http://h", .owner = "eve"};

    assert_int_equal(apps_start(f), 0);
    assert_int_equal(sl_apps_remove_user(f->apps, "admin", &f->error), -EPERM);
    assert_int_equal(sl_apps_set_user_active(f->apps, "admin", false, &f->error), -EPERM);
    assert_int_equal(sl_apps_set_user_active(f->apps, "admin", true, &f->error), 0);
    assert_int_equal(sl_apps_set_user_active(f->apps, "eve", true, &f->error), -ENOENT);
    assert_int_equal(add_user(f, "eve", SECRET), 0);
    assert_int_equal(sl_apps_add(f->apps, &fields, &f->error), 0);
    assert_int_equal(sl_apps_remove_user(f->apps, "eve", &f->error), -EBUSY);
    assert_non_null(strstr(f->error.text, "MyApp"));
    assert_int_equal(sl_apps_remove(f->apps, "MyApp", &f->error), 0);
    assert_int_equal(sl_apps_remove_user(f->apps, "eve", &f->error), 0);
}

static void append_user(const struct sl_user *user, void *arg)
{
    char *out = arg;
    size_t len = strlen(out);

    (void)snprintf(out + len, 256 - len, "%s %d\n", user->name, user->active);
}

static void passwords_are_kept_as_hashes_only(void **state) /* CLI-17, hardening class 24 */
{
    struct fixture *f = *state;
    char users[256] = "";

    assert_int_equal(apps_start(f), 0);
    assert_int_equal(add_user(f, "eve", SECRET), 0);
    assert_int_equal(check_password(f, "eve", SECRET), 0);
    assert_int_equal(check_password(f, "eve", SECRET "2"), -EACCES);
    assert_int_equal(set_password(f, "admin", SECRET), 0);
    assert_int_equal(sl_apps_set_user_active(f->apps, "eve", false, &f->error), 0);
    assert_int_equal(save(f), 0);
    char *file = read_file(path_of(f, "apps.json")), *log = read_file(f->log);
    assert_null(strstr(file, "canary"));
    assert_null(strstr(log, "canary"));
    free(file);
    free(log);
    apps_restart(f); /* CLI-15 */
    sl_apps_each_user(f->apps, append_user, users);
    assert_string_equal(users, "admin 1\neve 0\n");
    assert_int_equal(check_password(f, "eve", SECRET), -EACCES);
    assert_int_equal(sl_apps_set_user_active(f->apps, "eve", true, &f->error), 0);
    assert_int_equal(check_password(f, "eve", SECRET), 0);
}

/* How many hashes a check costs. */
static size_t hashes_of_check(struct fixture *f, const char *name, const char *password)
{
    struct answer answer = {0};

    sl_apps_check_password(f->apps, name, password, on_answer, &answer);
    size_t count = f->apps->jobs.running_count;
    (void)wait_answer(f, &answer);
    return count;
}

static void an_unknown_user_costs_a_hash_and_a_remembered_password_none(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(apps_start(f), 0);
    assert_int_equal(add_user(f, "eve", SECRET), 0);
    assert_int_equal(hashes_of_check(f, "eve", SECRET), 1);
    assert_int_equal(hashes_of_check(f, "eve", SECRET), 0);
    assert_int_equal(hashes_of_check(f, "eve", "wrong"), 1);
    assert_int_equal(hashes_of_check(f, "nobody", SECRET), 1);
    assert_int_equal(hashes_of_check(f, "nobody", SECRET), 1);
    assert_int_equal(hashes_of_check(f, "eve", SECRET), 0);
    const char *hash = sl_registry_find_user(f->apps->registry, "eve")->hash;
    assert_memory_equal(f->apps->decoy, hash, strcspn(hash, "$"));

    assert_int_equal(sl_apps_set_user_active(f->apps, "eve", false, &f->error), 0);
    assert_int_equal(hashes_of_check(f, "eve", SECRET), 1);
    assert_int_equal(sl_apps_set_user_active(f->apps, "eve", true, &f->error), 0);
    assert_int_equal(hashes_of_check(f, "eve", SECRET), 1); /* forgotten */
    assert_int_equal(set_password(f, "eve", SECRET), 0);
    assert_int_equal(hashes_of_check(f, "eve", SECRET), 1); /* again */
}

static void too_many_checks_are_refused_at_once(void **state)
{
    enum { LIMIT = 8 + 64, COUNT = LIMIT + 10 };
    struct fixture *f = *state;
    static struct answer answers[COUNT];

    memset(answers, 0, sizeof(answers));
    assert_int_equal(apps_start(f), 0);
    assert_int_equal(set_password(f, "admin", SECRET), 0);
    for (int i = 0; i < COUNT; i++)
        sl_apps_check_password(f->apps, "admin", SECRET, on_answer, &answers[i]);
    for (int i = LIMIT; i < COUNT; i++) {
        assert_int_equal(wait_answer(f, &answers[i]), -EBUSY);
        assert_string_not_equal(answers[i].words, "");
    }
    for (int i = 0; i < LIMIT; i++) /* those that waited have been spared the hash */
        assert_int_equal(wait_answer(f, &answers[i]), 0);
    assert_int_equal(check_password(f, "admin", SECRET), 0);
}

static void the_end_answers_nobody(void **state)
{
    struct fixture *f = *state;
    static struct answer answers[30];

    memset(answers, 0, sizeof(answers));
    assert_int_equal(apps_start(f), 0);
    for (size_t i = 0; i < SL_ARRAY_LEN(answers); i++) {
        if (i % 3 == 0)
            sl_apps_check_password(f->apps, "admin", SECRET, on_answer, &answers[i]);
        else if (i % 3 == 1)
            sl_apps_add_user(f->apps, "eve", SECRET, on_answer, &answers[i]);
        else
            sl_apps_add_user(f->apps, "", SECRET, on_answer, &answers[i]);
    }
    apps_restart(f);
    assert_int_equal(check_password(f, "admin", SECRET), -EACCES);
    for (size_t i = 0; i < SL_ARRAY_LEN(answers); i++)
        assert_int_equal(answers[i].count, 0);
}

static void end_it(void *owner, int err, const char *words)
{
    struct fixture *f = owner;

    (void)err;
    (void)words;
    apps_stop(f);
}

static void an_answer_may_end_everything(void **state)
{
    struct fixture *f = *state;
    static const char *const passwords[] = {"", SECRET}; /* refused at once, after a job */

    for (size_t i = 0; i < SL_ARRAY_LEN(passwords); i++) {
        assert_int_equal(apps_start(f), 0);
        sl_apps_set_password(f->apps, "admin", passwords[i], end_it, f);
        while (f->apps)
            (void)uv_run(sl_loop_uv(f->loop), UV_RUN_ONCE);
    }
    assert_int_equal(apps_start(f), 0);
    assert_int_equal(check_password(f, "admin", SECRET), 0); /* it was written at the end */
    assert_int_equal(sl_apps_remove(f->apps, "roomApp", &f->error), 0);
    sl_apps_save(f->apps, end_it, f);
    while (f->apps)
        (void)uv_run(sl_loop_uv(f->loop), UV_RUN_ONCE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(only_the_right_password_of_an_active_user_is_right),
        TEST(a_changed_password_replaces_the_old_one),
        TEST(of_two_changes_under_way_the_later_one_counts),
        TEST(a_check_under_way_notices_what_has_changed_meanwhile),
        TEST(what_is_cut_to_fit_is_never_right),
        TEST(refuses_bad_names_and_passwords),
        TEST(of_two_users_of_one_name_one_is_added),
        TEST(admin_stays_and_owners_stay),
        TEST(passwords_are_kept_as_hashes_only),
        TEST(an_unknown_user_costs_a_hash_and_a_remembered_password_none),
        TEST(too_many_checks_are_refused_at_once),
        TEST(the_end_answers_nobody),
        TEST(an_answer_may_end_everything),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
