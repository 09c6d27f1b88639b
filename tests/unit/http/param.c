/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bodies against a table of parameters: rest-api.md section 1, parsing rules. */
#include "http/param.h"

#include "base/error.h"
#include "base/mem.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct sl_param params[] = {
    {.name = "name", .len_max = 8},
    {.name = "status", .values = "PENDING PLAYING"},
    {.name = "text", .type = SL_PARAM_TEXT, .len_max = 12},
    {.name = "published", .type = SL_PARAM_BOOL},
    {.name = "port", .type = SL_PARAM_INTEGER, .min = 0, .max = 65535},
    {.name = "number", .type = SL_PARAM_INTEGER},
    {.name = "ids", .type = SL_PARAM_NAMES, .len_max = 3},
    {.name = "options", .type = SL_PARAM_OBJECT, .len_max = 16},
    {.name = "payload", .type = SL_PARAM_ANY, .len_max = 16},
};

/* The result as text, or the words of the error. Not for two results at once. */
static const char *normalised(const struct sl_param *rows, size_t count, const char *body)
{
    static char text[1000];
    struct sl_error error;
    json_t *object = json_loads(body, 0, NULL), *out = NULL;

    assert_non_null(object);
    int err = sl_params_normalise(rows, count, object, &out, &error);
    if (err == 0) {
        text[json_dumpb(out, text, sizeof(text) - 1, JSON_COMPACT)] = '\0';
    } else {
        assert_int_equal(err, -EINVAL);
        assert_null(out);
        strcpy(text, error.text);
    }
    json_decref(out);
    json_decref(object);
    return text;
}

static void gives_each_value_the_type_of_its_row(void **state)
{
    (void)state;
    static const struct {
        const char *body, *expected;
    } cases[] = {
        {"{}", "{}"},
        {"{'name':'cam'}", "{'name':'cam'}"},
        {"{'name':null,'published':null,'ids':null}", "{}"}, /* REST-44 */
        {"{'Name':'a','NAME':'b','other':{'name':'c'}}", "{}"},
        {"{'name':'a','name':'b'}", "{'name':'b'}"},
        {"{'name':'\\u00e4\\u00e4'}", "{'name':'\\u00e4\\u00e4'}"},
        {"{'status':'PLAYING'}", "{'status':'PLAYING'}"},
        {"{'text':''}", "{'text':''}"},
        {"{'text':'a\\nb\\u0085'}", "{'text':'a\\nb\\u0085'}"},
        {"{'published':true}", "{'published':true}"},
        {"{'published':'false'}", "{'published':false}"},
        {"{'published':'true'}", "{'published':true}"},
        {"{'port':'5060'}", "{'port':5060}"},
        {"{'port':0}", "{'port':0}"},
        {"{'port':65535}", "{'port':65535}"},
        {"{'port':'007'}", "{'port':7}"},
        {"{'number':'-2147483648'}", "{'number':-2147483648}"},
        {"{'ids':[]}", "{'ids':[]}"},
        {"{'ids':['a','b','a']}", "{'ids':['a','b','a']}"},
        {"{'options':{'a':[1]}}", "{'options':{'a':[1]}}"},
        {"{'payload':[1,'x',null]}", "{'payload':[1,'x',null]}"},
        {"{'payload':'x'}", "{'payload':'x'}"},
        {"{'payload':false}", "{'payload':false}"},
        {"{'name':1}", "name: a string is expected"},
        {"{'name':['a']}", "name: a string is expected"},
        {"{'name':''}", "name: it must not be empty"},
        {"{'name':'123456789'}", "name: at most 8 bytes"},
        {"{'name':'\\u00e4\\u00e4\\u00e4\\u00e4\\u00e4'}", "name: at most 8 bytes"},
        {"{'name':'a\\nb'}", "name: control characters"},
        {"{'name':'a\\u007f'}", "name: control characters"},
        {"{'name':'a\\u0085b'}", "name: control characters"}, /* C1 */
        {"{'name':'\\u001b[2J'}", "name: control characters"},
        {"{'status':'playing'}", "status: one of PENDING PLAYING is expected"},
        {"{'status':'PENDING PLAYING'}", "status: one of PENDING PLAYING is expected"},
        {"{'status':'PEND'}", "status: one of PENDING PLAYING is expected"},
        {"{'text':1}", "text: a string is expected"},
        {"{'text':'1234567890123'}", "text: at most 12 bytes"},
        {"{'published':1}", "published: true or false is expected"},
        {"{'published':'TRUE'}", "published: true or false is expected"},
        {"{'published':''}", "published: true or false is expected"},
        {"{'port':65536}", "port: a number from 0 to 65535"},
        {"{'port':-1}", "port: a number from 0 to 65535"},
        {"{'port':'-1'}", "port: a number from 0 to 65535"},
        {"{'port':1.0}", "port: an integer is expected"},
        {"{'port':'1.0'}", "port: an integer is expected"},
        {"{'port':' 1'}", "port: an integer is expected"},
        {"{'port':'0x1'}", "port: an integer is expected"},
        {"{'port':''}", "port: an integer is expected"},
        {"{'port':'-'}", "port: an integer is expected"},
        {"{'port':'9223372036854775808'}", "port: an integer is expected"},
        {"{'port':true}", "port: an integer is expected"},
        {"{'number':2147483648}", "number: a number from -2147483648 to 2147483647"},
        {"{'ids':'a'}", "ids: a list of strings is expected"},
        {"{'ids':{}}", "ids: a list of strings is expected"},
        {"{'ids':['a',null]}", "ids[1]: a string is expected"},
        {"{'ids':['']}", "ids[0]: it must not be empty"},
        {"{'ids':['a','b','c','d']}", "ids: at most 3 elements"},
        {"{'options':[]}", "options: an object is expected"},
        {"{'options':{'a':'123456789'}}", "options: at most 16 bytes of JSON"},
        {"{'payload':'123456789012345'}", "payload: at most 16 bytes of JSON"},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        char body[200], expected[200];
        /* jansson writes what it can as UTF-8 */
        strcpy(body, cases[i].body);
        strcpy(expected, cases[i].expected);
        for (char *c = body; (c = strchr(c, '\'')); *c = '"')
            ;
        for (char *c = expected; (c = strchr(c, '\'')); *c = '"')
            ;
        const char *got = normalised(params, SL_ARRAY_LEN(params), body);
        json_t *a = json_loads(got, 0, NULL), *b = json_loads(expected, 0, NULL);
        if (a ? !json_equal(a, b) : strcmp(got, expected) != 0)
            fail_msg("%s: got %s", body, got);
        json_decref(a);
        json_decref(b);
    }
}

static void names_what_is_missing(void **state)
{
    (void)state;
    static const struct sl_param needed[] = {
        {.name = "sessionId", .required = true},
        {.name = "payload", .type = SL_PARAM_ANY, .required = true},
    };
    static const struct {
        const char *body, *expected;
    } cases[] = {
        {"{}", "sessionId: it is needed"},
        {"{\"sessionId\":null,\"payload\":1}", "sessionId: it is needed"},
        {"{\"sessionId\":\"a\",\"payload\":null}", "payload: it is needed"},
        {"{\"sessionId\":\"a\",\"payload\":0}", "{\"sessionId\":\"a\",\"payload\":0}"},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++)
        assert_string_equal(normalised(needed, SL_ARRAY_LEN(needed), cases[i].body),
                            cases[i].expected);
}

static void bounds_lists_and_texts_without_being_told(void **state)
{
    (void)state;
    static const struct sl_param rows[] = {
        {.name = "ids", .type = SL_PARAM_NAMES},
        {.name = "name"},
        {.name = "payload", .type = SL_PARAM_ANY},
    };
    json_t *list = json_array(), *out;
    struct sl_error error;

    for (int i = 0; i <= SL_PARAM_NAMES_MAX; i++)
        (void)json_array_append_new(list, json_string("a"));
    json_t *body = json_pack("{s:o}", "ids", list);
    assert_int_equal(sl_params_normalise(rows, SL_ARRAY_LEN(rows), body, &out, &error), -EINVAL);
    (void)json_array_remove(list, 0);
    assert_int_equal(sl_params_normalise(rows, SL_ARRAY_LEN(rows), body, &out, &error), 0);
    json_decref(out);
    json_decref(body);
    char *text = sl_alloc(SL_PARAM_JSON_MAX + 1);
    memset(text, 'a', SL_PARAM_JSON_MAX);
    body = json_pack("{s:s}", "payload", text);
    assert_int_equal(sl_params_normalise(rows, SL_ARRAY_LEN(rows), body, &out, &error), -EINVAL);
    json_decref(body);
    text[SL_PARAM_NAME_MAX + 1] = '\0';
    body = json_pack("{s:s}", "name", text);
    assert_int_equal(sl_params_normalise(rows, SL_ARRAY_LEN(rows), body, &out, &error), -EINVAL);
    json_decref(body);
    text[SL_PARAM_NAME_MAX] = '\0';
    body = json_pack("{s:s}", "name", text);
    assert_int_equal(sl_params_normalise(rows, SL_ARRAY_LEN(rows), body, &out, &error), 0);
    json_decref(out);
    json_decref(body);
    free(text);
}

static void names_what_no_row_knows(void **state)
{
    (void)state;
    static const struct sl_param rows[] = {{.name = "a"}, {.name = "b"}};
    struct sl_error error = {""};
    json_t *body = json_pack("{s:s, s:n}", "a", "x", "c");

    assert_int_equal(sl_params_check_known(rows, SL_ARRAY_LEN(rows), body, &error), 0);
    (void)json_object_set_new(body, "c", json_true());
    assert_int_equal(sl_params_check_known(rows, SL_ARRAY_LEN(rows), body, &error), -EINVAL);
    assert_string_equal(error.text, "c: no such parameter");
    json_decref(body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_what_no_row_knows),
        cmocka_unit_test(gives_each_value_the_type_of_its_row),
        cmocka_unit_test(names_what_is_missing),
        cmocka_unit_test(bounds_lists_and_texts_without_being_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
