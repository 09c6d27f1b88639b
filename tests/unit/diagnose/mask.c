/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Secrets in what is written about clients, and names of files. */
#include "base/mem.h"
#include "diagnose/diagnose.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void hides_what_stands_behind_the_names_of_secrets(void **state)
{
    (void)state;
    static const struct {
        const char *text, *masked;
    } cases[] = {
        {"", ""},
        {"nothing of the kind", "nothing of the kind"},
        {"{\"sipPassword\":\"abc\",\"x\":1}", "{\"sipPassword\":\"***\",\"x\":1}"},
        {"{\\\"token\\\":\\\"abc\\\"}", "{\\\"token\\\":\\\"***\\\"}"},
        {"a=ice-pwd:abc/+d\r\na=mid:0", "a=ice-pwd:******\r\na=mid:0"},
        {"a=fingerprint:sha-256 AB:CD\\r\\n", "a=fingerprint:******* *****\\r\\n"},
        {"?password=abc&b=1", "?password=***&b=1"},
        {"Authorization: Basic dXNlcg== rest\r\nA: b",
         "Authorization: ***** ******** ****\r\nA: b"},
        {"Authorization: Digest username=\"a\", response=\"b\"\\x0d\\x0aA: b",
         "Authorization: ****** ************* ************\\x0d\\x0aA: b"},
        {"a Bearer abc.def d", "a Bearer ******* *"},
        {"PWD=abc", "PWD=***"},
        {"the password is told to nobody", "the password is told to nobody"},
        {"token", "token"},
        {"token:", "token:"},
        {"secret=\xff\xfe", "secret=**"},
        /* Whatever is in it, to its very end. */
        {"{\"password\":\"a,b;c}d&e f'g>h\",\"x\":1}",
         "{\"password\":\"********* *****\",\"x\":1}"},
        {"{\"password\":\"a\\\"b\",\"x\":1}", "{\"password\":\"****\",\"x\":1}"},
        {"{\"password\":\"a\\\\\",\"x\":1}", "{\"password\":\"***\",\"x\":1}"},
        {"{\\\"password\\\":\\\"a\\\\\\\"b\\\",\\\"x\\\":1}",
         "{\\\"password\\\":\\\"******\\\",\\\"x\\\":1}"},
        {"{\"password\":\"\",\"x\":1}", "{\"password\":\"\",\"x\":1}"},
        {"{\"tokens\":[\"a\",{\"b\":1}],\"x\":1}", "{\"tokens\":[***********],\"x\":1}"},
        {"{\"token\":\"cut off", "{\"token\":\"*** ***"},
        {"password=a,b;c}d", "password=*******"},
        {"sipPassword: a\\b c", "sipPassword: *** *"},
        {"%22password%22%3A%22a,b%22%2C", "%22password%22%3A%22*********"},
        {"token%3Dabc&b=1", "token%3D***&b=1"},
        {"access_token_v2=abc", "access_token_v2=***"},
        {"passwords[0]=abc", "passwords[0]=***"},
        {"rtmp://user:p:w@host/app?x=1", "rtmp://user:***@host/app?x=1"},
        {"rtmp://only@host/app", "rtmp://****@host/app"},
        {"rtmp://host/app/a@b", "rtmp://host/app/a@b"},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        char *text = sl_strdup(cases[i].text);
        sl_diagnose_mask(text);
        assert_string_equal(text, cases[i].masked);
        free(text);
    }
}

static void debug_files_are_known_by_their_names(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool valid;
    } cases[] = {
        {"debug-20260102-030405-0123456789abcdef0123456789abcdef.log", true},
        {"", false},
        {"debug-.log", false},
        {"debug-20260102-030405-0123456789abcdef0123456789abcdeF.log", false},
        {"debug-20260102-030405-0123456789abcdef0123456789abcde/.log", false},
        {"debug-20260102-03040a-0123456789abcdef0123456789abcdef.log", false},
        {"debug-20260102-030405-0123456789abcdef0123456789abcdef.logs", false},
        {"../g-20260102-030405-0123456789abcdef0123456789abcdef.log", false},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++)
        assert_int_equal(sl_debug_name_valid(cases[i].name), cases[i].valid);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hides_what_stands_behind_the_names_of_secrets),
        cmocka_unit_test(debug_files_are_known_by_their_names),
    };

    return cmocka_run_group_tests_name("mask", tests, NULL, NULL);
}
