/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which users of the machine are taken for its operators: hardening.md class 17. */
#include "http/local_users.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { OWN = 997, OVERFLOW = 65534 };

static const char passwd[] = "root:x:0:0:root:/root:/bin/bash\n"
                             "daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n"
                             "sync:x:4:65534:sync:/bin:/bin/sync\n"
                             "www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin\n"
                             "postgres:x:110:110::/var/lib/postgresql:/bin/bash\n"
                             "alice:x:1000:1000:Alice,,,:/home/alice:/bin/bash\n"
                             "plain:x:1001:1001::/home/plain:\n"
                             "app:x:1002:1002::/srv/app:/usr/sbin/nologin\n"
                             "blocked:x:1003:1003::/home/blocked:/bin/false\n"
                             "\n# no entry\n+::::::\nshort:x:1004:1004\n"
                             "long:x:1005:1005::/home/long:/bin/sh:more\n"
                             "odd:x:-2:1::/:/bin/sh\nlarge:x:4294967296:1::/:/bin/sh\n"
                             ":x:1006:1006::/:/bin/sh\n"
                             "twin:x:33:33::/:/bin/sh\n"
                             "far:x:60001:1::/:/bin/sh\n"
                             "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
                             "last:x:1010:1010::/home/last:/usr/bin/fish";
#define WHOLE "         0          0 4294967295\n"

static char unknown[200]; /* names that on_unknown was told */

static void note_unknown(const char *name)
{
    size_t used = strlen(unknown);

    (void)snprintf(unknown + used, sizeof(unknown) - used, "%s ", name);
}

static struct sl_local_users *users_of(const char *login_defs, const char *uid_map,
                                       const char *const *names, size_t count)
{
    const struct sl_local_users_texts texts = {.passwd = passwd,
                                               .login_defs = login_defs,
                                               .uid_map = uid_map,
                                               .own = OWN,
                                               .overflow = OVERFLOW};

    unknown[0] = '\0';
    return sl_local_users_parse(&texts, names, count, note_unknown);
}

static void assert_local(const struct sl_local_users *users, const uid_t *expected, size_t count)
{
    static const uid_t asked[] = {0,    1,    4,     33,       34,        110,      500,
                                  OWN,  1000, 1001,  1002,     1003,      1004,     1005,
                                  1006, 1010, 60001, OVERFLOW, (uid_t)-2, (uid_t)-1};

    for (size_t i = 0; i < SL_ARRAY_LEN(asked); i++) {
        bool wanted = false;
        for (size_t k = 0; k < count; k++)
            wanted |= expected[k] == asked[i];
        if (sl_local_users_has(users, asked[i]) != wanted)
            fail_msg("uid %u is %s", (unsigned)asked[i], wanted ? "a stranger" : "an operator");
    }
}
#define ASSERT_LOCAL(users, ...)                                                                   \
    assert_local(users, (const uid_t[]){__VA_ARGS__},                                              \
                 sizeof((const uid_t[]){__VA_ARGS__}) / sizeof(uid_t))

static void operators_are_root_the_servers_user_and_who_logs_in(void **state)
{
    (void)state;
    struct sl_local_users *users = users_of(NULL, WHOLE, NULL, 0);

    ASSERT_LOCAL(users, 0, OWN, 1000, 1001, 1010);
    sl_local_users_destroy(users);
    sl_local_users_destroy(NULL);
}

static void login_defs_tell_where_the_numbers_of_people_begin(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool daemon_range, far; /* are uids 110 and 60001 among them? */
    } cases[] = {
        {"", false, false},
        {"UID_MIN 100\n", true, false},
        {"# UID_MIN 100\n#UID_MIN 100\n", false, false},
        {"\tUID_MIN\t\t100\nUID_MAX  70000", true, true},
        {"SYS_UID_MIN 100\nUID_MINIMUM 5\nUID_MIN\n", false, false},
        {"UID_MIN abc\nUID_MAX 99999999999\n", false, false},
        {"UID_MIN 100\nUID_MIN 1000 # the last one\n", false, false},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_local_users *users = users_of(cases[i].text, WHOLE, NULL, 0);
        if (sl_local_users_has(users, 110) != cases[i].daemon_range ||
            sl_local_users_has(users, 60001) != cases[i].far)
            fail_msg("%s", cases[i].text);
        assert_true(sl_local_users_has(users, 1000));
        assert_false(sl_local_users_has(users, 1002));
        sl_local_users_destroy(users);
    }
}

static void services_are_let_in_by_name_or_number(void **state)
{
    (void)state;
    static const char *const names[] = {"www-data", "postgres", "500", "nosuch", "4294967295"};
    struct sl_local_users *users = users_of(NULL, WHOLE, names, SL_ARRAY_LEN(names));

    ASSERT_LOCAL(users, 0, OWN, 33, 110, 500, 1000, 1001, 1010);
    assert_string_equal(unknown, "nosuch 4294967295 ");
    sl_local_users_destroy(users);
}

/* In a user namespace the kernel calls everybody whom it does not map by one number. */
static void users_that_cannot_be_told_apart_are_strangers(void **state)
{
    (void)state;
    static const char *const names[] = {"nobody"};
    static const struct {
        const char *uid_map;
        bool whole;
    } cases[] = {
        {WHOLE, true},
        {NULL, false}, /* not known */
        {"", false},
        {"0 100000 65536\n", false},
        {"0 0 1\n997 997 1\n", false},
        {"0 1000 4294967295\n", false},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_local_users *users = users_of(NULL, cases[i].uid_map, names, 1);
        if (sl_local_users_has(users, OVERFLOW) != cases[i].whole)
            fail_msg("\"%s\"", cases[i].uid_map ? cases[i].uid_map : "none");
        assert_true(sl_local_users_has(users, 0) && sl_local_users_has(users, OWN));
        assert_true(sl_local_users_tells(users, OVERFLOW) == cases[i].whole);
        assert_true(sl_local_users_tells(users, 33));
        sl_local_users_destroy(users);
    }
}

static void users_are_called_by_their_names(void **state)
{
    (void)state;
    char text[SL_USER_TEXT_MAX];
    static const char *const numbers[] = {"500"};
    struct sl_local_users *users = users_of(NULL, WHOLE, numbers, 1);

    assert_string_equal(sl_local_users_describe(users, 1002, text), "app (uid 1002)");
    assert_string_equal(sl_local_users_describe(users, 500, text), "uid 500");
    assert_string_equal(sl_local_users_describe(users, 4000000000, text), "uid 4000000000");
    sl_local_users_destroy(users);
}

static void this_machines_own_files_let_root_and_the_own_user_in(void **state)
{
    (void)state;
    struct sl_local_users *users = sl_local_users_create(NULL, 0);

    assert_true(sl_local_users_has(users, 0));
    assert_true(sl_local_users_has(users, geteuid()));
    sl_local_users_destroy(users);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operators_are_root_the_servers_user_and_who_logs_in),
        cmocka_unit_test(login_defs_tell_where_the_numbers_of_people_begin),
        cmocka_unit_test(services_are_let_in_by_name_or_number),
        cmocka_unit_test(users_that_cannot_be_told_apart_are_strangers),
        cmocka_unit_test(users_are_called_by_their_names),
        cmocka_unit_test(this_machines_own_files_let_root_and_the_own_user_in),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
