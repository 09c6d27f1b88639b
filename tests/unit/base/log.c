/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Quoting what clients send, and the lines of the log. */
#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void quotes_whatever_clients_send(void **state)
{
    (void)state;
    static const struct {
        const char *value, *quoted;
    } cases[] = {
        {NULL, "\"\""},
        {"", "\"\""},
        {"cam 1", "\"cam 1\""},
        {"a\"b\\c", "\"a\\\"b\\\\c\""},
        {"a\r\nb", "\"a\\x0d\\x0ab\""}, /* class 7: no line of its own */
        {"\x1b[31m", "\"\\x1b[31m\""},  /* terminals obey it */
        {"\x7f", "\"\\x7f\""},
        {"\xc2\x9b", "\"\\xc2\\x9b\""}, /* C1: CSI in eight bits */
        {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\""},
        {"\xc3", "\"\\xc3\""},
        {"\xe2\x82", "\"\\xe2\\x82\""},
        {"\xc0\xaf", "\"\\xc0\\xaf\""}, /* overlong '/' */
        {"\xff", "\"\\xff\""},
        {"%s%n", "\"%s%n\""},
    };
    char out[64];

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++)
        assert_string_equal(sl_log_quote(out, sizeof(out), cases[i].value), cases[i].quoted);
}

static void cuts_between_characters_and_keeps_the_quotes(void **state)
{
    (void)state;
    static const char value[] = "ab\xc3\xa9\n\"";

    for (size_t room = 0; room <= 20; room++) {
        char *out = sl_alloc(room + 1); /* exact: the sanitizer sees one byte too many */
        out[room] = 0x5a;
        sl_log_quote(out, room, value);
        assert_int_equal(out[room], 0x5a);
        size_t len = room > 0 ? strlen(out) : 0;
        if (room >= 3)
            assert_true(len >= 2 && out[0] == '"' && out[len - 1] == '"');
        assert_true(room < 6 || !memchr(out, '\xc3', len) == !memchr(out, '\xa9', len));
        free(out);
    }
}

static void a_scope_carries_its_parents_prefix(void **state)
{
    (void)state;
    struct sl_log_scope session, stream;
    char long_name[1000];

    sl_log_scope_init(&session, NULL, "session", "s1");
    sl_log_scope_init(&stream, &session, "stream", "a\nb");
    assert_string_equal(stream.prefix, "session=\"s1\" stream=\"a\\x0ab\" ");
    memset(long_name, 'x', sizeof(long_name));
    long_name[sizeof(long_name) - 1] = '\0';
    sl_log_scope_init(&stream, &session, "stream", long_name);
    assert_true(strlen(stream.prefix) < sizeof(stream.prefix));
}

static void levels_have_names_in_any_case(void **state)
{
    (void)state;
    assert_int_equal(sl_log_level_parse("ERROR"), SL_LOG_ERROR);
    assert_int_equal(sl_log_level_parse("Warn"), SL_LOG_WARN);
    assert_int_equal(sl_log_level_parse("info"), SL_LOG_INFO);
    assert_int_equal(sl_log_level_parse("DEBUG"), SL_LOG_DEBUG);
    assert_int_equal(sl_log_level_parse("TRACE"), SL_LOG_DEBUG);
    assert_int_equal(sl_log_level_parse("loud"), -1);
    assert_int_equal(sl_log_level_parse(""), -1);
}

/* What the file holds, to be freed. */
static char *content(const char *file)
{
    FILE *in = fopen(file, "r");
    char *text = sl_alloc(16384);

    assert_non_null(in);
    assert_true(fread(text, 1, 16383, in) < 16383);
    (void)fclose(in);
    return text;
}

static void a_line_is_one_line_and_a_rotated_file_is_left(void **state)
{
    (void)state;
    char dir[] = P_tmpdir "/sluice-log-XXXXXX", file[64], old[64], big[5000];
    struct sl_log_scope scope;

    assert_non_null(mkdtemp(dir));
    (void)snprintf(file, sizeof(file), "%s/log", dir);
    (void)snprintf(old, sizeof(old), "%s/old", dir);
    assert_int_equal(sl_log_open(file), 0);
    sl_log_scope_init(&scope, NULL, "stream", "cam1");
    sl_log_set_level(SL_LOG_INFO);
    sl_log(SL_LOG_WARN, &scope, "two\nlines");
    sl_log(SL_LOG_DEBUG, &scope, "not asked for");
    memset(big, 'y', sizeof(big));
    big[sizeof(big) - 1] = '\0';
    sl_log(SL_LOG_INFO, NULL, "%s", big);
    char *text = content(file);
    assert_non_null(strstr(text, "Z warn stream=\"cam1\" two\\x0alines\n"));
    assert_null(strstr(text, "not asked for"));
    char *second = strchr(text, '\n') + 1;
    assert_ptr_equal(strchr(second, '\n'), text + strlen(text) - 1); /* cut, but a whole line */
    free(text);

    assert_int_equal(rename(file, old), 0);
    assert_int_equal(sl_log_open(file), 0);
    sl_log(SL_LOG_ERROR, NULL, "after");
    text = content(file);
    assert_non_null(strstr(text, "Z error after\n"));
    free(text);

    assert_int_equal(sl_log_open("/nonexistent/log"), -ENOENT);
    sl_log(SL_LOG_ERROR, NULL, "still here");
    text = content(file);
    assert_non_null(strstr(text, "still here"));
    free(text);
    (void)sl_log_open(NULL);
    (void)unlink(file);
    (void)unlink(old);
    (void)rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quotes_whatever_clients_send),
        cmocka_unit_test(cuts_between_characters_and_keeps_the_quotes),
        cmocka_unit_test(a_scope_carries_its_parents_prefix),
        cmocka_unit_test(levels_have_names_in_any_case),
        cmocka_unit_test(a_line_is_one_line_and_a_rotated_file_is_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
