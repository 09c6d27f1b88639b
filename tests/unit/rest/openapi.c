/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The description of the API: as complete as the tables, and nothing in it hangs in the air. A
 * validator of OpenAPI's own reads it in tests/peer/rest.test.mjs. */
#include "control.h"

#include "base/mem.h"

#include <string.h>

static json_t *description(struct control *control)
{
    struct sl_http_request request;

    send_request(control, &request, "GET", "/rest-api/openapi.json", NULL);
    assert_int_equal(request.status, 200);
    json_t *out = fake_answer_json(&request);
    fake_deinit(&request);
    return out;
}

static json_t *at(json_t *value, const char *path)
{
    char copy[200], *rest;

    strcpy(copy, path);
    for (char *key = strtok_r(copy, "|", &rest); key; key = strtok_r(NULL, "|", &rest)) {
        value = json_object_get(value, key);
        if (!value)
            fail_msg("no %s of %s", key, path);
    }
    return value;
}

static void has_every_route(void **state)
{
    struct control *control = *state;
    struct sl_http_request request;
    json_t *document = description(control), *route;
    size_t i;

    send_request(control, &request, "GET", "/api/v1", NULL);
    json_t *index = fake_answer_json(&request);
    json_array_foreach(json_object_get(index, "routes"), i, route)
    {
        char path[100];
        const char *methods = json_string_value(json_object_get(route, "methods"));
        strcpy(path, json_string_value(json_object_get(route, "path")));
        char *star = strchr(path, '*');
        if (star)
            strcpy(star, "{rest}");
        json_t *item = json_object_get(json_object_get(document, "paths"), path);
        if (!json_object_get(item, "get") != !strstr(methods, "GET") ||
            !json_object_get(item, "post") != !strstr(methods, "POST"))
            fail_msg("%s %s", methods, path);
    }
    json_decref(index);
    json_decref(document);
    fake_deinit(&request);
}

static void tells_what_the_seed_tells_of_terminate(void **state) /* seed S3 */
{
    struct control *control = *state;
    json_t *document = description(control);
    json_t *post_it = at(document, "paths|/rest-api/stream/terminate|post");
    json_t *fields = at(post_it, "requestBody|content|application/json|schema|properties");
    static const struct {
        const char *name, *type;
    } rows[] = {
        {"mediaSessionId", "string"}, {"mediaSessionIds", "array"}, {"name", "string"},
        {"published", "boolean"},     {"status", "string"},         {"sessionId", "string"},
    };

    assert_int_equal(json_object_size(fields), SL_ARRAY_LEN(rows));
    for (size_t i = 0; i < SL_ARRAY_LEN(rows); i++)
        assert_string_equal(json_string_value(at(at(fields, rows[i].name), "type")), rows[i].type);
    assert_null(json_object_get(at(post_it, "responses|200"), "content")); /* REST-5 */
    (void)at(post_it, "responses|404|content|application/json|schema|$ref");
    (void)at(post_it, "responses|400");
    (void)at(post_it, "responses|401");
    json_decref(document);
}

/* Every $ref names something that is there. */
static void follow_references(json_t *document, json_t *value)
{
    const char *key;
    size_t i;
    json_t *item;

    json_array_foreach(value, i, item) follow_references(document, item);
    json_object_foreach(value, key, item)
    {
        if (strcmp(key, "$ref") != 0) {
            follow_references(document, item);
            continue;
        }
        char path[200];
        strcpy(path, json_string_value(item));
        assert_memory_equal(path, "#/", 2);
        for (char *c = path; (c = strchr(c, '/')); *c = '|')
            ;
        (void)at(document, path + 2);
    }
}

static void refers_to_what_is_there_and_names_operations_once(void **state)
{
    struct control *control = *state;
    json_t *document = description(control), *ids = json_object(), *item, *operation;
    const char *path, *method;

    follow_references(document, document);
    json_object_foreach(json_object_get(document, "paths"), path, item)
    {
        json_object_foreach(item, method, operation)
        {
            const char *id = json_string_value(at(operation, "operationId"));
            assert_null(json_object_get(ids, id));
            (void)json_object_set_new(ids, id, json_true());
        }
    }
    assert_true(json_object_size(ids) > 15);
    json_decref(ids);
    json_decref(document);
}

static void marks_what_is_public(void **state)
{
    struct control *control = *state;
    json_t *document = description(control);

    assert_null(json_object_get(at(document, "paths|/livez|get"), "security"));
    assert_non_null(json_object_get(at(document, "paths|/metrics|get"), "security"));
    assert_non_null(
        json_object_get(at(document, "paths|/rest-api/stream/find_all|get"), "security"));
    json_decref(document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONTROL_TEST(has_every_route),
        CONTROL_TEST(tells_what_the_seed_tells_of_terminate),
        CONTROL_TEST(refers_to_what_is_there_and_names_operations_once),
        CONTROL_TEST(marks_what_is_public),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
