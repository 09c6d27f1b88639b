/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What clients add to descriptions and INVITEs, and what they may not (SIP-20). */
#include "calls/extras.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SESSION "v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=-\r\n"
#define MEDIA   "m=audio 4000 RTP/AVP 8\r\na=sendrecv\r\n"

static void lines_have_their_place(void **state)
{
    (void)state;
    static const struct {
        const char *before, *lines, *after;
        bool left_out;
    } cases[] = {
        {SESSION "t=0 0\r\n" MEDIA, "[]", SESSION "t=0 0\r\n" MEDIA, false},
        {SESSION "t=0 0\r\n" MEDIA, "[\"a=x:1\", \"b=AS:64\"]",
         SESSION "b=AS:64\r\nt=0 0\r\na=x:1\r\n" MEDIA, false},
        {SESSION "c=IN IP4 1.2.3.4\r\nt=0 0\r\na=tool:x\r\n" MEDIA, "[\"b=AS:64\", \"a=y\"]",
         SESSION "c=IN IP4 1.2.3.4\r\nb=AS:64\r\nt=0 0\r\na=tool:x\r\na=y\r\n" MEDIA, false},
        {SESSION "t=0 0\r\n" MEDIA, "[\"m=video 1 RTP/AVP 99\", \"a=ok\", 7, \"a=\", \"c=x\"]",
         SESSION "t=0 0\r\na=ok\r\n" MEDIA, true},
        {SESSION "t=0 0\r\n" MEDIA, "[\"a=x\\r\\nm=video 1\", \"a=x\\u0000y\"]",
         SESSION "t=0 0\r\n" MEDIA, true},
        {SESSION "t=0 0\r\n" MEDIA, "\"a=x\"", SESSION "t=0 0\r\n" MEDIA, false},
        {SESSION "t=0 0\r\n", "[\"a=x\"]", SESSION "t=0 0\r\na=x\r\n", false},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        json_t *lines = json_loads(cases[i].lines, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        bool left_out;
        assert_non_null(lines);
        char *text = sl_call_add_lines(cases[i].before, lines, &left_out);
        if (strcmp(text, cases[i].after) != 0 || left_out != cases[i].left_out)
            fail_msg("%s: %s", cases[i].lines, text);
        free(text);
        json_decref(lines);
    }
}

static void too_many_are_left_out(void **state)
{
    json_t *lines = json_array();
    bool left_out;

    (void)state;
    for (size_t i = 0; i < 100; i++)
        (void)json_array_append_new(lines, json_string("a=x"));
    char *text = sl_call_add_lines(SESSION "t=0 0\r\n", lines, &left_out);
    assert_true(left_out);
    assert_int_equal(strlen(text), strlen(SESSION "t=0 0\r\n") + 32 * 5);
    free(text);
    json_decref(lines);
}

static void only_some_headers_are_theirs(void **state)
{
    (void)state;
    static const struct {
        const char *headers, *lines;
        bool left_out;
    } cases[] = {
        {"{}", "", false},
        {"{\"X-Ticket\": \"7\", \"subject\": \"hello\"}", "X-Ticket: 7\r\nsubject: hello\r\n",
         false},
        {"[\"User-to-User: 00\", \"P-Early-Media:supported\"]",
         "User-to-User: 00\r\nP-Early-Media: supported\r\n", false},
        {"{\"Via\": \"x\"}", "", true},
        {"{\"Route\": \"<sip:x>\", \"Alert-Info\": \"<http://x>\"}", "Alert-Info: <http://x>\r\n",
         true},
        {"{\"X-A\": \"1\\r\\nVia: x\"}", "", true},
        {"{\"X-A\\r\\nVia\": \"1\"}", "", true},
        {"{\"X-A\": 7, \"X-\": \"x\"}", "", true},
        {"[\"X-A\", \"From: x\", 7]", "", true},
        {"[\"X-A: 1\\u0000\"]", "", true},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        json_t *headers = json_loads(cases[i].headers, JSON_ALLOW_NUL, NULL);
        bool left_out;
        assert_non_null(headers);
        char *lines = sl_call_header_lines(headers, &left_out);
        if (strcmp(lines, cases[i].lines) != 0 || left_out != cases[i].left_out)
            fail_msg("%s: %s", cases[i].headers, lines);
        free(lines);
        json_decref(headers);
    }
    bool left_out;
    char *none = sl_call_header_lines(NULL, &left_out);
    assert_string_equal(none, "");
    free(none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_have_their_place),
        cmocka_unit_test(too_many_are_left_out),
        cmocka_unit_test(only_some_headers_are_theirs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
