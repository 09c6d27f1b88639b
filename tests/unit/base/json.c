/* SPDX-License-Identifier: GPL-3.0-or-later */
/* JSON texts looked at before they are parsed, and passed on as they came. */
#include "base/json.h"

#include "base/mem.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static enum sl_json_fault check(const char *text)
{
    return sl_json_check(text, strlen(text), SL_JSON_DEPTH_MAX, SL_JSON_VALUES_MAX);
}

/* ---- The grammar ---- */

static void takes_one_json_text_and_nothing_behind_it(void **state)
{
    (void)state;
    static const char *const good[] = {
        "{}",
        " [ ] \r\n\t",
        "0",
        "-0.5e+7",
        "1E400",
        "123456789012345678901234567890",
        "\"\\u0000 \\ud83d \\\" \\\\ \\/ \\b\\f\\n\\r\\t\"",
        "{\"a\":[1,{\"b\":null}],\"a\":true,\"\":false}",
    };
    static const char *const bad[] = {
        "",
        " ",
        "{",
        "[1",
        "\"",
        "{\"a\"}",
        "{\"a\":}",
        "{a:1}",
        "[1,]",
        "{\"a\":1,}",
        "[,1]",
        "01",
        "+1",
        "1.",
        ".5",
        "1e",
        "-",
        "0x1",
        "tru",
        "nul",
        "NaN",
        "{} {}",
        "{}x",
        "[]]",
        "1 2",
        "\"\\x\"",
        "\"\\u12g4\"",
        "\"\\",
        "\"\t\"",
        "\"\n\"",
        "'a'",
        "[1 2]",
        "{\"a\":1 \"b\":2}",
        "/**/1",
        "\xef\xbb\xbf{}",
        "truex",
        "[}",
        "{]",
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(good); i++) {
        if (check(good[i]) != SL_JSON_GOOD)
            fail_msg("%s: %d", good[i], check(good[i]));
    }
    for (size_t i = 0; i < SL_ARRAY_LEN(bad); i++) {
        if (check(bad[i]) != SL_JSON_MALFORMED)
            fail_msg("%s: %d", bad[i], check(bad[i]));
    }
    assert_int_equal(sl_json_check("{}\0", 3, 9, 9), SL_JSON_MALFORMED);
    assert_int_equal(sl_json_check("{}\0x", 4, 9, 9), SL_JSON_MALFORMED);
    assert_int_equal(sl_json_check("\"\0\"", 3, 9, 9), SL_JSON_MALFORMED);
}

static void reads_no_further_than_told(void **state)
{
    static const char *const texts[] = {"tru", "\"\\u00", "-", "1.", "1e+", "{\"", "[1,", "\"\\"};

    (void)state;
    for (size_t i = 0; i < SL_ARRAY_LEN(texts); i++) {
        char *exact = malloc(strlen(texts[i])); /* the sanitizer sees one byte too many */
        assert_non_null(exact);
        memcpy(exact, texts[i], strlen(texts[i]));
        assert_int_equal(sl_json_check(exact, strlen(texts[i]), 9, 9), SL_JSON_MALFORMED);
        free(exact);
    }
}

/* ---- The bounds ---- */

static void counts_what_is_open_at_once(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t depth;
    } cases[] = {
        {"7", 0},
        {"{}", 1},
        {"[{}]", 2},
        {"[[],[],[]]", 2},
        {"{\"a\":{\"b\":[1,{}]}}", 4},
        {"\"[[[[\"", 0},
        {"[\"{[\"]", 1},
        {"[\"\\\"[[\"]", 1}, /* an escaped quote ends no string */
        {"{\"[[\":[]}", 2},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        size_t len = strlen(cases[i].text), depth = cases[i].depth;
        if (sl_json_check(cases[i].text, len, depth, 99) != SL_JSON_GOOD ||
            (depth > 0 && sl_json_check(cases[i].text, len, depth - 1, 99) != SL_JSON_TOO_DEEP))
            fail_msg("%s", cases[i].text);
    }
}

static void counts_values_but_not_keys(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t values;
    } cases[] = {
        {"7", 1},
        {"[]", 1},
        {"[1,2]", 3},
        {"{\"a\":1,\"b\":[\"c\"]}", 4},
        {"[[],{},\"\"]", 4},
        {"[ true , false , null ]", 4},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        size_t len = strlen(cases[i].text), values = cases[i].values;
        if (sl_json_check(cases[i].text, len, 9, values) != SL_JSON_GOOD ||
            sl_json_check(cases[i].text, len, 9, values - 1) != SL_JSON_TOO_MANY)
            fail_msg("%s", cases[i].text);
    }
}

/* What is behind the bound is not looked at: it may be anything, and long. */
static void stops_at_the_bound(void **state)
{
    char text[SL_JSON_DEPTH_MAX + 2];

    (void)state;
    memset(text, '[', sizeof(text));
    assert_int_equal(sl_json_check(text, SL_JSON_DEPTH_MAX, SL_JSON_DEPTH_MAX, 99),
                     SL_JSON_MALFORMED); /* deep enough, but without an end */
    assert_int_equal(sl_json_check(text, sizeof(text), SL_JSON_DEPTH_MAX, 99), SL_JSON_TOO_DEEP);
    assert_int_equal(sl_json_check("[1,2,3,,,", 9, 9, 3), SL_JSON_TOO_MANY);
}

/* ---- Parts ---- */

static void assert_span(struct sl_json_span span, const char *expected)
{
    if (!expected ? span.text != NULL
                  : !span.text || span.len != strlen(expected) ||
                        memcmp(span.text, expected, span.len) != 0)
        fail_msg("expected %s, got %.*s", expected ? expected : "nothing", (int)span.len,
                 span.text ? span.text : "nothing");
}

static void finds_the_last_member_of_a_name(void **state)
{
    (void)state;
    static const struct {
        const char *text, *value;
    } cases[] = {
        {"{\"p\":1}", "1"},
        {" { \"p\" : [ 1 , 2 ] , \"q\":3}", "[ 1 , 2 ]"},
        {"{\"q\":{\"p\":1}}", NULL},
        {"{\"p\":1,\"q\":2,\"p\":\"\\\"}\"}", "\"\\\"}\""},
        {"{\"pp\":1,\"\":2}", NULL},
        {"{\"\\u0070\":1}", NULL}, /* spelled otherwise */
        {"{}", NULL},
        {"[]", NULL},
        {"7", NULL},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_json_span span = {cases[i].text, strlen(cases[i].text)};
        assert_int_equal(check(cases[i].text), SL_JSON_GOOD);
        assert_span(sl_json_member(span, "p"), cases[i].value);
    }
    assert_span(sl_json_member((struct sl_json_span){0}, "p"), NULL);
}

static void finds_the_first_element(void **state)
{
    (void)state;
    assert_span(sl_json_first((struct sl_json_span){"[ {\"a\":[]} , 2]", 15}), "{\"a\":[]}");
    assert_span(sl_json_first((struct sl_json_span){"[]", 2}), NULL);
    assert_span(sl_json_first((struct sl_json_span){"{\"a\":1}", 7}), NULL);
    assert_span(sl_json_first((struct sl_json_span){0}), NULL);
}

static void loads_what_a_tree_can_hold_of_a_text(void **state)
{
    static const char text[] = "{\"a\":1e999,\"b\":\"\\u0000\",\"c\":3}";
    const struct sl_json_span root = {text, strlen(text)};
    /* In any order. */
    const struct sl_json_span spans[] = {sl_json_member(root, "b"), {0}, sl_json_member(root, "a")};

    (void)state;
    assert_null(sl_json_load_without(text, root.len, NULL, 0, NULL));
    assert_null(sl_json_load_without(text, root.len, spans, 1, NULL)); /* a has no bound */
    json_t *tree = sl_json_load_without(text, root.len, spans, SL_ARRAY_LEN(spans), NULL);
    char *got = sl_json_dump(tree, NULL);
    assert_string_equal(got, "{\"a\":null,\"b\":null,\"c\":3}");
    free(got);
    json_decref(tree);
}

/* ---- Passing on ---- */

static void writes_raw_texts_as_they_came_and_all_else_as_jansson_does(void **state)
{
    static const char raw[] = "{ \"\\u0000\": [1e400, 12345678901234567890, \"\\ud83d\", 1.0] }";
    static const char *const trees[] = {
        "{}", "[]", "{\"a\":[1,-2.5,true,false,null,\"\\u00e9\\n\\\"\"],\"b\":{}}",
        "[[],[{}],\"\"]"};
    size_t len;

    (void)state;
    for (size_t i = 0; i < SL_ARRAY_LEN(trees); i++) {
        json_t *tree = json_loads(trees[i], 0, NULL);
        char *expected = json_dumps(tree, JSON_COMPACT), *got = sl_json_dump(tree, &len);
        assert_string_equal(got, expected);
        assert_int_equal(len, strlen(expected));
        assert_int_equal(sl_json_dump_len(tree), len);
        free(expected);
        free(got);
        json_decref(tree);
    }
    json_t *tree = json_pack("{s:[o], s:i}", "p", sl_json_raw(raw, strlen(raw)), "q", 7);
    char *got = sl_json_dump(tree, &len);
    assert_string_equal(got, "{\"p\":[{ \"\\u0000\": [1e400, 12345678901234567890, \"\\ud83d\", "
                             "1.0] }],\"q\":7}");
    free(got);
    json_decref(tree);
}

static void what_a_client_says_is_never_taken_for_raw(void **state)
{
    json_t *text = json_string("{}"), *raw = sl_json_raw("{}", 2);

    (void)state;
    assert_null(sl_json_raw_text(text).text);
    assert_null(sl_json_raw_text(NULL).text);
    assert_span(sl_json_raw_text(raw), "{}");
    assert_null(json_loads("[\"\\u0000{}\"]", 0, NULL)); /* without JSON_ALLOW_NUL */
    json_decref(text);
    json_decref(raw);
}

static void what_cannot_be_written_is_told(void **state)
{
    json_t *latin1 = json_string_nocheck("\xe9");
    json_t *tree = json_pack("{s:O}", "a", latin1);

    (void)state;
    assert_int_equal(sl_json_dump_len(latin1), 0);
    assert_null(sl_json_dump(tree, NULL));
    assert_null(sl_json_dump(NULL, NULL));
    json_decref(tree);
    json_decref(latin1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_one_json_text_and_nothing_behind_it),
        cmocka_unit_test(reads_no_further_than_told),
        cmocka_unit_test(counts_what_is_open_at_once),
        cmocka_unit_test(counts_values_but_not_keys),
        cmocka_unit_test(stops_at_the_bound),
        cmocka_unit_test(finds_the_last_member_of_a_name),
        cmocka_unit_test(finds_the_first_element),
        cmocka_unit_test(loads_what_a_tree_can_hold_of_a_text),
        cmocka_unit_test(writes_raw_texts_as_they_came_and_all_else_as_jansson_does),
        cmocka_unit_test(what_a_client_says_is_never_taken_for_raw),
        cmocka_unit_test(what_cannot_be_written_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
