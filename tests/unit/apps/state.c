/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The text of apps.json (cli.md section 5). */
#include "apps/state.h"

#include "apps/registry.h"
#include "base/error.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define HASH                                                                                       \
    "scrypt:16384:8:1$00112233445566778899aabbccddeeff$"                                           \
    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define USER(name) "{\"username\":\"" name "\",\"passwordHash\":\"" HASH "\",\"active\":true}"
#define APP(name)                                                                                  \
    "{\"name\":\"" name "\",\"appKey\":\"" name "\",\"url\":\"http://h\",\"owner\":\"admin\"}"
#define FILE_OF(users, apps) "{\"version\":1,\"users\":[" users "],\"apps\":[" apps "]}"
#define WITH_USER(user)      FILE_OF(user, "")
#define WITH_APP(app)        FILE_OF(USER("admin"), app)

struct warnings {
    int count;
    char last[256];
};

static void on_warning(void *arg, const char *words)
{
    struct warnings *warnings = arg;

    warnings->count++;
    (void)snprintf(warnings->last, sizeof(warnings->last), "%s", words);
}

static void refuses_what_it_did_not_write_and_names_the_place(void **state)
{
    (void)state;
    static const struct {
        const char *why, *text, *place;
    } cases[] = {
        {"empty", "", "line 1"},
        {"cut", "{\"version\":1,\n\"users\":[", "line 2"},
        {"not JSON", "apps:\n- name: x\n", "line 1"},
        {"not an object", "[]", "object"},
        {"something after it", FILE_OF("", "") " x", "line 1"},
        {"no version", "{\"users\":[],\"apps\":[]}", "version"},
        {"version of another type", "{\"version\":\"1\",\"users\":[],\"apps\":[]}", "version"},
        {"version 0", "{\"version\":0,\"users\":[],\"apps\":[]}", "version"},
        {"a newer version", "{\"version\":2,\"users\":[],\"apps\":[]}", "newer program"},
        {"no users", "{\"version\":1,\"apps\":[]}", "users"},
        {"no apps", "{\"version\":1,\"users\":[]}", "apps"},
        {"users an object", "{\"version\":1,\"users\":{},\"apps\":[]}", "users"},
        {"a field twice", "{\"version\":1,\"version\":1,\"users\":[],\"apps\":[]}", "duplicate"},
        {"a user that is none", WITH_USER("1"), "users[0]"},
        {"a user without a name", WITH_USER("{\"passwordHash\":\"" HASH "\",\"active\":true}"),
         "users[0]: username"},
        {"a name of another type",
         WITH_USER("{\"username\":1,\"passwordHash\":\"" HASH "\",\"active\":true}"),
         "users[0]: username"},
        {"a user without a hash", WITH_USER("{\"username\":\"u\",\"active\":true}"),
         "users[0]: passwordHash"},
        {"a password instead of a hash",
         WITH_USER("{\"username\":\"u\",\"passwordHash\":\"CANARY\",\"active\":true}"),
         "users[0]: passwordHash"},
        {"active of another type",
         WITH_USER("{\"username\":\"u\",\"passwordHash\":\"" HASH "\",\"active\":1}"),
         "users[0]: active"},
        {"a user twice", FILE_OF(USER("admin") "," USER("admin"), ""), "users[1]: username"},
        {"an application that is none", WITH_APP("null"), "apps[0]"},
        {"a field of another type",
         WITH_APP("{\"name\":\"a\",\"appKey\":\"a\",\"url\":\"http://h\",\"restPassword\":1}"),
         "apps[0]: restPassword"},
        {"no URL", WITH_APP(APP("a") ",{\"name\":\"b\",\"appKey\":\"b\"}"), "apps[1]: url"},
        {"an owner who is no user",
         WITH_APP("{\"name\":\"a\",\"appKey\":\"a\",\"url\":\"http://h\",\"owner\":\"b\"}"),
         "apps[0]: owner"},
        {"a name twice", WITH_APP(APP("a") "," APP("a")), "apps[1]: name"},
        {"a NUL in a text", WITH_APP("{\"name\":\"a\\u0000\"}"), "line 1"},
        {"methods of another type",
         WITH_APP("{\"name\":\"a\",\"appKey\":\"a\",\"url\":\"http://h\",\"methods\":1}"),
         "apps[0]: methods"},
        {"a method of another type",
         WITH_APP(
             "{\"name\":\"a\",\"appKey\":\"a\",\"url\":\"http://h\",\"methods\":[\"call\",1]}"),
         "apps[0]: methods[1]"},
        {"a password in a broken line", WITH_APP("{\"name\":\"a\",\"restPassword\" \"CANARY\"}"),
         "line 1"},
        {"cut in a password", "{\"version\":1,\"apps\":[{\"restPassword\":\"CANARY", "line 1"},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_registry *registry = NULL;
        struct sl_error error = {""};
        struct warnings warnings = {0};
        int err = sl_state_parse(cases[i].text, strlen(cases[i].text), on_warning, &warnings,
                                 &registry, &error);
        if (err != -EBADMSG || registry)
            fail_msg("%s: got %d", cases[i].why, err);
        if (!strstr(error.text, cases[i].place) || strstr(error.text, "CANARY"))
            fail_msg("%s: words: %s", cases[i].why, error.text);
    }
}

static void refuses_what_is_nested_too_deep(void **state)
{
    enum { DEPTH = 100000 };
    static char text[DEPTH + 64];
    struct sl_registry *registry = NULL;
    struct sl_error error;
    int len = snprintf(text, sizeof(text), "{\"version\":");

    (void)state;
    memset(text + len, '[', DEPTH);
    assert_int_equal(sl_state_parse(text, (size_t)len + DEPTH, on_warning, NULL, &registry, &error),
                     -EBADMSG);
    assert_non_null(strstr(error.text, "depth"));
}

static void a_hash_may_not_ask_for_all_memory_or_time(void **state)
{
    (void)state;
    static const struct {
        const char *why, *hash;
        bool valid;
    } cases[] = {
#define TAIL                                                                                       \
    "$00112233445566778899aabbccddeeff$"                                                           \
    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
        {"ours", "scrypt:16384:8:1" TAIL, true},
        {"raised", "scrypt:65536:8:2" TAIL, true},
        {"128 MiB", "scrypt:131072:8:1" TAIL, false},
        {"not a power of two", "scrypt:16383:8:1" TAIL, false},
        {"cost 0", "scrypt:0:8:1" TAIL, false},
        {"cost 1", "scrypt:1:8:1" TAIL, false},
        {"cost beyond 32 bits", "scrypt:4294967298:8:1" TAIL, false},
        {"block size 0", "scrypt:16384:0:1" TAIL, false},
        {"parallelism 0", "scrypt:16384:8:0" TAIL, false},
        {"slow", "scrypt:65536:8:16" TAIL, false},
        {"a sign", "scrypt:+16384:8:1" TAIL, false},
        {"a blank", "scrypt: 16384:8:1" TAIL, false},
        {"something after it", "scrypt:16384:8:1" TAIL "0", false},
        {"short key", "scrypt:16384:8:1$00112233445566778899aabbccddeeff$0011", false},
        {"odd salt", "scrypt:16384:8:1$0011223344556$" HASH, false},
        {"another kind", "bcrypt:16384:8:1" TAIL, false},
        {"empty", "", false},
#undef TAIL
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        if (sl_password_hash_is_valid(cases[i].hash) != cases[i].valid)
            fail_msg("%s: %d", cases[i].why, !cases[i].valid);
    }
}

static void passes_over_unknown_methods_and_fields_with_a_warning(void **state)
{
    static const char text[] =
        WITH_APP("{\"name\":\"a\",\"appKey\":\"k\",\"url\":\"http://h/\",\"colour\":\"red\","
                 "\"methods\":[\"call\",\"dance\",\"sendDtmf\"]}");
    struct sl_registry *registry;
    struct warnings warnings = {0};
    struct sl_error error;

    (void)state;
    assert_int_equal(
        sl_state_parse(text, sizeof(text) - 1, on_warning, &warnings, &registry, &error), 0);
    assert_int_equal(warnings.count, 2);
    assert_string_equal(warnings.last, "apps[0]: field \"colour\" is unknown here and left out");
    const struct sl_app_entry *entry = sl_registry_find_app_by_key(registry, "k");
    assert_non_null(entry);
    assert_string_equal(entry->app.url, "http://h");
    assert_string_equal(entry->app.owner, "");
    assert_string_equal(sl_app_method(&entry->app, SL_HOOK_CALL), "call");
    assert_string_equal(sl_app_method(&entry->app, SL_HOOK_SEND_DTMF), "sendDtmf");
    sl_registry_destroy(registry);
}

/* prefix, then backslashes, which the file escapes. */
static const char *longest(char *out, size_t len, const char *prefix, int number)
{
    int head = snprintf(out, len + 1, "%s%d", prefix, number);

    memset(out + head, '\\', len - (size_t)head);
    out[len] = '\0';
    return out;
}

static struct sl_registry *full_registry(void)
{
    struct sl_registry *registry = sl_registry_create();
    static char texts[SL_APP_FIELD_COUNT][SL_APP_URL_MAX + 1];
    const char *given[SL_APP_FIELD_COUNT];
    struct sl_app_entry *entry;
    struct sl_error error;

    for (int i = 0; i < SL_USERS_MAX; i++)
        assert_int_equal(sl_registry_add_user(registry, longest(texts[0], SL_USER_NAME_MAX, "u", i),
                                              HASH, true, NULL, &error),
                         0);
    for (int i = 0; i < SL_APPS_MAX; i++) {
        for (size_t field = 0; field < SL_APP_FIELD_COUNT; field++)
            given[field] = longest(texts[field],
                                   field <= SL_APP_KEY ? SL_APP_NAME_MAX : SL_APP_TEXT_MAX, "x", i);
        given[SL_APP_OWNER] = longest(texts[SL_APP_OWNER], SL_USER_NAME_MAX, "u", i);
        (void)snprintf(texts[SL_APP_URL], sizeof(texts[SL_APP_URL]), "http://h/%0*d",
                       SL_APP_URL_MAX - 9, i);
        if (sl_registry_add_app(registry, given, &entry, &error) < 0)
            fail_msg("%s", error.text);
        entry->methods = ~(sl_hook_set)0;
    }
    return registry;
}

static void what_the_limits_allow_can_be_written_and_read_again(void **state)
{
    struct sl_registry *registry = full_registry(), *again;
    const char *extra[SL_APP_FIELD_COUNT] = {"one", "more", "http://h"};
    struct warnings warnings = {0};
    struct sl_error error;
    char *text = sl_state_build(registry);

    (void)state;
    assert_non_null(text);
    assert_in_range(strlen(text), 1, SL_STATE_MAX);
    if (sl_state_parse(text, strlen(text), on_warning, &warnings, &again, &error) < 0)
        fail_msg("%s", error.text);
    assert_int_equal(warnings.count, 0);
    char *second = sl_state_build(again);
    assert_string_equal(text, second);

    assert_int_equal(sl_registry_add_app(again, extra, NULL, &error), -ENOSPC);
    assert_int_equal(sl_registry_add_user(again, "extra", HASH, true, NULL, &error), -ENOSPC);
    sl_registry_destroy(registry);
    sl_registry_destroy(again);
    free(text);
    free(second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_what_it_did_not_write_and_names_the_place),
        cmocka_unit_test(refuses_what_is_nested_too_deep),
        cmocka_unit_test(a_hash_may_not_ask_for_all_memory_or_time),
        cmocka_unit_test(passes_over_unknown_methods_and_fields_with_a_warning),
        cmocka_unit_test(what_the_limits_allow_can_be_written_and_read_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
