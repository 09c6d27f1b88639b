/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Signatures, and bodies in the log. */
#include "base/mem.h"
#include "hooks/show.h"
#include "hooks/sign.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void signs_as_RFC_2202_says_HOOK_30(void **state)
{
    static const struct {
        const char *key, *data, *mac;
    } cases[] = {
        {"Jefe", "what do ya want for nothing?", "750c783e6ab0b503eaa86e310a5db738"},
        {"\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b", "Hi There",
         "9294727a3638bb1c13f48ef8158bfc9d"},
    };

    (void)state;
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        char mac[SL_SIGN_MD5_LEN];
        assert_int_equal(sl_sign_md5(cases[i].key, cases[i].data, strlen(cases[i].data), mac), 0);
        assert_string_equal(mac, cases[i].mac);
    }
}

static void signs_the_time_with_the_body(void **state)
{
    char mac[SL_SIGN_SHA256_LEN], other[SL_SIGN_SHA256_LEN];

    (void)state;
    assert_int_equal(sl_sign_sha256("key", 1700000000, "{}", 2, mac), 0);
    /* printf '1700000000.{}' | openssl dgst -sha256 -hmac key */
    assert_string_equal(mac, "9d713ed406bb7076d4123f0dc2c39d2df5c654ed4b0cd56b52c8b4c940bd63ae");
    assert_int_equal(sl_sign_sha256("key", 1700000001, "{}", 2, other), 0);
    assert_string_not_equal(mac, other);
}

static void shows_a_body_without_its_secrets_CFG_21(void **state)
{
    static const struct {
        const char *json, *shown;
    } cases[] = {
        {"{}", "{}"},
        {"[]", "[]"},
        {"{\"a\":1,\"b\":[true,false,null,1.5,\"x\"]}",
         "{\"a\":1,\"b\":[true,false,null,1.5,\"x\"]}"},
        {"{\"sipPassword\":\"canary\"}", "{\"sipPassword\":\"***\"}"},
        {"{\"custom\":{\"PASSWORD\":{\"x\":\"canary\"},\"token\":[\"canary\"]}}",
         "{\"custom\":{\"PASSWORD\":\"***\",\"token\":\"***\"}}"},
        {"{\"authToken\":\"canary\",\"authorization\":\"canary\",\"Secret\":1}",
         "{\"authToken\":\"***\",\"authorization\":\"***\",\"Secret\":\"***\"}"},
        {"{\"rtmpUrl\":\"rtmp://u:canary@h/canary\"}", "{\"rtmpUrl\":\"***\"}"},
        {"{\"name\":\"rtsp://u:canary@h/n?t=canary\"}", "{\"name\":\"rtsp://***@h/n?***\"}"},
        {"{\"name\":\"http://h/a@b\"}", "{\"name\":\"http://h/a@b\"}"},
        {"{\"custom\":{\"aclAuth\":\"canary\"}}", "{\"custom\":{\"aclAuth\":\"***\"}}"},
        {"{\"name\":\"a\\\"b\\\\c\\r\\nINFO forged\"}",
         "{\"name\":\"a\\\"b\\\\c\\x0d\\x0aINFO forged\"}"},
    };

    (void)state;
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        char shown[200];
        json_t *value = json_loads(cases[i].json, 0, NULL);
        assert_non_null(value);
        assert_string_equal(sl_hook_show(shown, sizeof(shown), value), cases[i].shown);
        assert_null(strstr(shown, "canary"));
        json_decref(value);
    }
}

static void cuts_what_is_long_within_its_bounds(void **state)
{
    json_t *value = json_object();
    char text[1001], shown[512], exact[512];

    (void)state;
    memset(text, 'x', 1000);
    text[1000] = '\0';
    (void)json_object_set_new(value, "sdp", json_string(text));
    (void)sl_hook_show(shown, sizeof(shown), value);
    assert_in_range(strlen(shown), 80, 110);
    assert_non_null(strstr(shown, "x\"...}"));
    for (int i = 0; i < 50; i++) {
        char key[8];
        (void)snprintf(key, sizeof(key), "k%d", i);
        (void)json_object_set_new(value, key, json_string("something"));
    }
    for (size_t room = 8; room < sizeof(exact); room++) {
        memset(exact, 7, sizeof(exact));
        (void)sl_hook_show(exact, room, value);
        assert_in_range(strlen(exact), 3, room - 1);
        assert_string_equal(exact + strlen(exact) - 3, "...");
        assert_int_equal(exact[room], 7);
    }
    json_decref(value);
    assert_string_equal(sl_hook_show(shown, sizeof(shown), NULL), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signs_as_RFC_2202_says_HOOK_30),
        cmocka_unit_test(signs_the_time_with_the_body),
        cmocka_unit_test(shows_a_body_without_its_secrets_CFG_21),
        cmocka_unit_test(cuts_what_is_long_within_its_bounds),
    };

    return cmocka_run_group_tests_name("hooks text", tests, NULL, NULL);
}
