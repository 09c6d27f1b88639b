/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines into words, the filter, characters, lists, buffers: what is pure (cli.md sections 2, 3). */
#include "cli/words.h"

#include "base/addr.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "cli/chars.h"
#include "cli/columns.h"
#include "cli/output.h"
#include "cli/tries.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Words as "[a][b]", then "|TEXT" for a filter. */
static int split(const char *line, size_t len, struct sl_output *out, struct sl_error *error)
{
    struct sl_words words;
    int err = sl_words_split(line, len, &words, error);

    sl_output_clear(out);
    for (size_t i = 0; err == 0 && i < words.count; i++)
        sl_output_format(out, "[%s]", words.words[i]);
    if (err == 0 && words.grep)
        sl_output_format(out, "|%s%s%s", words.grep_any_case ? "i " : "",
                         words.grep_not ? "v " : "", words.grep);
    sl_output_add(out, "", 1);
    return err;
}

static void splits_lines_into_words_cli_20(void **state)
{
    (void)state;
    static const struct {
        const char *line, *words;
    } cases[] = {
        {"", ""},
        {"   ", ""},
        {"show apps", "[show][apps]"},
        {"  show\t apps  ", "[show][apps]"},
        {"add app X k \"http://h/p\"", "[add][app][X][k][http://h/p]"},
        {"a \"b c\" d", "[a][b c][d]"},
        {"a \"\" d", "[a][][d]"},
        {"a\"b c\"d", "[ab cd]"},
        {"\"say \\\"hi\\\"\"", "[say \"hi\"]"},
        {"\"back\\\\slash\"", "[back\\slash]"},
        {"\"back\\slash\"", "[back\\slash]"},
        {"back\\slash \\", "[back\\slash][\\]"},
        {"\xd0\xbf\xd1\x80 \xe6\xbc\xa2", "[\xd0\xbf\xd1\x80][\xe6\xbc\xa2]"},
        {"show node-settings | grep port", "[show][node-settings]|port"},
        {"show x|grep y", "[show][x]|y"},
        {"show x | GREP -i Y", "[show][x]|i Y"},
        {"show x | grep -i -v \"a b\"", "[show][x]|i v a b"},
        {"show x | grep -iv y", "[show][x]|i v y"},
        {"show x | grep -- -v", "[show][x]|-v"},
        {"show x | grep \"-v\"", "[show][x]|-v"},
        {"show \"a | grep b\"", "[show][a | grep b]"},
    };
    struct sl_output out;

    sl_output_init(&out, 10000);
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_error error = {""};
        if (split(cases[i].line, strlen(cases[i].line), &out, &error) != 0)
            fail_msg("%s: %s", cases[i].line, error.text);
        if (strcmp(out.bytes, cases[i].words) != 0)
            fail_msg("%s: %s", cases[i].line, out.bytes);
    }
    sl_output_deinit(&out);
}

static void refuses_lines_with_words_that_say_why(void **state)
{
    (void)state;
    static const char grep[] = "Only `| grep [-i] [-v] TEXT` may follow a command";
    static const struct {
        const char *line;
        size_t len; /* 0: strlen() */
        int err;
        const char *words;
    } cases[] = {
        {"show \"apps", 0, -EINVAL, "Missing \" at the end"},
        {"show \"apps\\\"", 0, -EINVAL, "Missing \" at the end"},
        {"show \x1b[2J", 0, -EILSEQ, "Control character U+001B at byte 6"},
        {"a\nb", 0, -EILSEQ, "Control character U+000A at byte 2"},
        {"a\0b", 3, -EILSEQ, "Control character U+0000 at byte 2"},
        {"a\xc2\x85", 0, -EILSEQ, "Control character U+0085 at byte 2"},
        {"a\xe2\x80\xae", 0, -EILSEQ, "Control character U+202E at byte 2"},
        {"ab\xff", 0, -EILSEQ, "Not UTF-8 at byte 3"},
        {"ab\xe6\xbc", 0, -EILSEQ, "Not UTF-8 at byte 3"},
        {"show x |", 0, -EINVAL, grep},
        {"show x | sort", 0, -EINVAL, grep},
        {"show x | grep", 0, -EINVAL, grep},
        {"show x | grep -x y", 0, -EINVAL, grep},
        {"show x | grep a b", 0, -EINVAL, grep},
        {"show x | grep a | grep b", 0, -EINVAL, grep},
    };
    struct sl_output out;

    sl_output_init(&out, 10000);
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_error error = {""};
        size_t len = cases[i].len ? cases[i].len : strlen(cases[i].line);
        int err = split(cases[i].line, len, &out, &error);
        if (err != cases[i].err || strcmp(error.text, cases[i].words) != 0)
            fail_msg("%s: %d %s", cases[i].line, err, error.text);
    }
    sl_output_deinit(&out);
}

static void bounds_lines_and_words(void **state)
{
    (void)state;
    char line[SL_LINE_MAX + 1];
    struct sl_error error = {""};
    struct sl_words words;

    memset(line, 'x', sizeof(line));
    assert_int_equal(sl_words_split(line, SL_LINE_MAX, &words, &error), 0);
    assert_int_equal(words.count, 1);
    assert_int_equal(sl_words_split(line, SL_LINE_MAX + 1, &words, &error), -EMSGSIZE);
    assert_string_equal(error.text, "Line longer than 4096 bytes");
    for (size_t i = 1; i < sizeof(line); i += 2)
        line[i] = ' ';
    assert_int_equal(sl_words_split(line, 2 * SL_WORDS_MAX, &words, &error), 0);
    assert_int_equal(words.count, SL_WORDS_MAX);
    assert_int_equal(sl_words_split(line, 2 * SL_WORDS_MAX + 1, &words, &error), -EMSGSIZE);
}

static void filters_lines_like_grep_cli_16(void **state)
{
    (void)state;
    static const char text[] = "http.port=8081\nhttps.PORT=8444\nip=127.0.0.1\nlast port";
    static const struct {
        const char *filter, *lines;
    } cases[] = {
        {"grep port", "http.port=8081\nlast port"},
        {"grep -i port", "http.port=8081\nhttps.PORT=8444\nlast port"},
        {"grep -v port", "https.PORT=8444\nip=127.0.0.1\n"},
        {"grep -iv port", "ip=127.0.0.1\n"},
        {"grep nothing", ""},
        {"grep \"\"", text},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_words words;
        struct sl_output out;
        char line[64];
        (void)snprintf(line, sizeof(line), "x | %s", cases[i].filter);
        sl_output_init(&out, 10000);
        assert_int_equal(sl_words_split(line, strlen(line), &words, NULL), 0);
        sl_words_filter(&words, text, strlen(text), &out);
        sl_output_add(&out, "", 1);
        if (strcmp(out.bytes, cases[i].lines) != 0)
            fail_msg("%s: %s", cases[i].filter, out.bytes);
        sl_output_deinit(&out);
    }
}

static void quotes_words_so_that_they_are_read_as_they_were(void **state)
{
    (void)state;
    static const char *const words[] = {"plain", "", "a b", "a\"b", "a\\b", "a\\ b\"", "|", "\\"};

    for (size_t i = 0; i < SL_ARRAY_LEN(words); i++) {
        struct sl_words read;
        struct sl_output out;
        sl_output_init(&out, 100);
        sl_words_quote(&out, words[i]);
        assert_int_equal(sl_words_split(out.bytes, out.len, &read, NULL), 0);
        assert_int_equal(read.count, 1);
        assert_string_equal(read.words[0], words[i]);
        sl_output_deinit(&out);
    }
}

static void knows_how_wide_characters_are(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t width;
    } cases[] = {
        {"abc", 3},
        {"\xc3\xa4", 1},
        {"e\xcc\x81", 1},
        {"\xe6\xbc\xa2\xe5\xad\x97", 4},
        {"\xed\x95\x9c", 2},
        {"\xef\xbd\x81", 2},
        {"\xf0\x9f\x98\x80", 2},
        {"\xd0\xbf\xd1\x80", 2},
        {"\xff\xfe", 2},
        {"\xe6\xbc", 2},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++)
        assert_int_equal(sl_chars_width(cases[i].text, strlen(cases[i].text)), cases[i].width);
}

static void escapes_what_could_harm_a_terminal(void **state)
{
    (void)state;
    static const struct {
        const char *text, *shown;
    } cases[] = {
        {"plain \xc3\xa4", "plain \xc3\xa4"},
        {"\x1b]0;title\a", "\\u{1b}]0;title\\u{7}"},
        {"a\rb\x7f", "a\\u{d}b\\u{7f}"},
        {"\xc2\x9b"
         "2J",
         "\\u{9b}2J"},
        {"a\xe2\x80\xae"
         "b",
         "a\\u{202e}b"},
        {"a\xe2\x81\xa6"
         "b",
         "a\\u{2066}b"},
        {"a\xff\xc3", "a\\xff\\xc3"},
        {"one\ntwo", "one\\u{a}two"},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_output out;
        sl_output_init(&out, 1000);
        sl_chars_escape(&out, cases[i].text, strlen(cases[i].text), false);
        sl_output_add(&out, "", 1);
        assert_string_equal(out.bytes, cases[i].shown);
        sl_output_deinit(&out);
    }
}

static void aligns_lists_by_characters_not_bytes(void **state)
{
    (void)state;
    static const char *const titles[] = {"Name", "Key", "Url", NULL};
    static const char expected[] = "Name         Key   Url\n"
                                   "----------------------------\n"
                                   "defaultApp   k     http://h\n"
                                   "\xd0\xbf\xd1\x80\xd0\xb8          kk    -\n"
                                   "\xe6\xbc\xa2\xe5\xad\x97         k     \\u{1b}[2J\n";
    struct sl_columns columns;
    struct sl_output out;

    sl_columns_init(&columns, titles);
    sl_columns_add(&columns, "defaultApp");
    sl_columns_add(&columns, "k");
    sl_columns_add(&columns, "http://h");
    sl_columns_add(&columns, "\xd0\xbf\xd1\x80\xd0\xb8");
    sl_columns_add(&columns, "kk");
    sl_columns_add(&columns, "");
    sl_columns_add(&columns, "\xe6\xbc\xa2\xe5\xad\x97");
    sl_columns_add(&columns, "k");
    sl_columns_add(&columns, "\x1b[2J");
    sl_output_init(&out, 1000);
    sl_columns_print(&columns, &out);
    sl_output_add(&out, "", 1);
    assert_string_equal(out.bytes, expected);
    sl_output_deinit(&out);
    sl_columns_deinit(&columns);
}

static void bounds_buffers_and_takes_from_their_front(void **state)
{
    (void)state;
    struct sl_output out;

    sl_output_init(&out, 1000);
    for (int i = 0; i < 99; i++)
        sl_output_text(&out, "0123456789");
    assert_false(out.cut);
    sl_output_text(&out, "01234567890");
    assert_true(out.cut);
    sl_output_text(&out, "x"); /* nothing comes behind a gap */
    assert_int_equal(out.len, 990);
    sl_output_take(&out, 985);
    assert_memory_equal(out.bytes, "56789", 5);
    assert_int_equal(out.len, 5);
    sl_output_take(&out, 5);
    assert_int_equal(out.len, 0);
    sl_output_deinit(&out);
}

/* ---- Guessing ---- */

static struct sl_addr address(const char *ip)
{
    struct sl_addr addr;

    assert_int_equal(sl_addr_parse_ip(ip, 1, &addr), 0);
    return addr;
}

static void lets_an_address_try_five_passwords_a_minute(void **state)
{
    (void)state;
    struct sl_tries *tries = sl_new(struct sl_tries);
    struct sl_addr a = address("192.0.2.1"), other = address("192.0.2.2");
    int64_t now = 1000 * (int64_t)SL_US_PER_S, minute = 60 * (int64_t)SL_US_PER_S;

    for (int i = 0; i < SL_TRIES_MAX; i++) {
        assert_int_equal(sl_tries_wait_us(tries, &a, now + i), 0);
        sl_tries_add(tries, &a, now + i);
    }
    assert_int_equal(sl_tries_wait_us(tries, &a, now + 10), minute - 10);
    assert_int_equal(sl_tries_wait_us(tries, &other, now + 10), 0);
    assert_int_equal(sl_tries_wait_us(tries, &a, now + minute), 0);
    sl_tries_add(tries, &a, now + minute);
    assert_int_equal(sl_tries_wait_us(tries, &a, now + minute), 1); /* the second one's turn */
    sl_tries_take_back(tries, &a, now + minute);                    /* it was right */
    assert_int_equal(sl_tries_wait_us(tries, &a, now + minute), 0);
    free(tries);
}

static void counts_a_whole_network_of_ipv6_as_one(void **state)
{
    (void)state;
    struct sl_tries *tries = sl_new(struct sl_tries);
    struct sl_addr a = address("2001:db8::1"), same = address("2001:db8::ffff:1");
    struct sl_addr other = address("2001:db8:0:1::1");

    for (int i = 0; i < SL_TRIES_MAX; i++)
        sl_tries_add(tries, &a, 5 + i);
    assert_true(sl_tries_wait_us(tries, &same, 20) > 0);
    assert_int_equal(sl_tries_wait_us(tries, &other, 20), 0);
    free(tries);
}

static void forgets_the_quietest_address_when_there_are_too_many(void **state)
{
    (void)state;
    struct sl_tries *tries = sl_new(struct sl_tries);
    struct sl_addr busy = address("192.0.2.1");
    int64_t now = 1;

    for (int i = 0; i < SL_TRIES_MAX; i++)
        sl_tries_add(tries, &busy, now++);
    for (unsigned i = 0; i < 4 * SL_TRIES_ADDRESSES; i++) {
        struct sl_addr addr = address("198.51.0.0");
        addr.ip[14] = (uint8_t)(i >> 8);
        addr.ip[15] = (uint8_t)i;
        sl_tries_add(tries, &addr, now++);
        if (i == SL_TRIES_ADDRESSES / 2)
            sl_tries_add(tries, &busy, now++);
        if (i == SL_TRIES_ADDRESSES)
            assert_true(sl_tries_wait_us(tries, &busy, now) > 0);
    }
    free(tries);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splits_lines_into_words_cli_20),
        cmocka_unit_test(refuses_lines_with_words_that_say_why),
        cmocka_unit_test(bounds_lines_and_words),
        cmocka_unit_test(filters_lines_like_grep_cli_16),
        cmocka_unit_test(quotes_words_so_that_they_are_read_as_they_were),
        cmocka_unit_test(knows_how_wide_characters_are),
        cmocka_unit_test(escapes_what_could_harm_a_terminal),
        cmocka_unit_test(aligns_lists_by_characters_not_bytes),
        cmocka_unit_test(bounds_buffers_and_takes_from_their_front),
        cmocka_unit_test(lets_an_address_try_five_passwords_a_minute),
        cmocka_unit_test(counts_a_whole_network_of_ipv6_as_one),
        cmocka_unit_test(forgets_the_quietest_address_when_there_are_too_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
