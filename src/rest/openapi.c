/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rows to an OpenAPI 3.0.3 document: paths and operations, parameters, answers, schemas. */
#include "rest/openapi.h"

#include "base/mem.h"
#include "http/http.h"
#include "rest/parts.h"
#include "rest/schema.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { NAME_MAX_LEN = 160 };

static json_t *reference(const char *kind, const char *name)
{
    return json_pack("{s:o}", "$ref", json_sprintf("#/components/%s/%s", kind, name));
}

static void set(json_t *object, const char *key, json_t *value)
{
    (void)json_object_set_new(object, key, value);
}

/* ---- Schemas ---- */

static json_t *field_schema(const struct sl_field *field)
{
    json_t *out = !strcmp(field->type, "strings")
                      ? json_pack("{s:s, s:{s:s}}", "type", "array", "items", "type", "string")
                      : json_pack("{s:s}", "type", field->type);

    if (field->nullable)
        set(out, "nullable", json_true());
    if (field->about)
        set(out, "description", json_string(field->about));
    return out;
}

static json_t *schema(const struct sl_schema *row)
{
    json_t *properties = json_object();

    for (size_t i = 0; i < row->field_count; i++)
        set(properties, row->fields[i].name, field_schema(&row->fields[i]));
    return json_pack("{s:s, s:s, s:o}", "type", "object", "description", row->about, "properties",
                     properties);
}

static json_t *all_schemas(void)
{
    json_t *out = json_object();
    size_t count;
    const struct sl_schema *rows = sl_schemas(&count);

    for (size_t i = 0; i < count; i++)
        set(out, rows[i].name, schema(&rows[i]));
    return out;
}

/* "a b" to ["a", "b"] */
static json_t *words(const char *text)
{
    json_t *out = json_array();

    for (const char *at = text; *at; at += strspn(at, " ")) {
        size_t len = strcspn(at, " ");
        (void)json_array_append_new(out, json_stringn(at, len));
        at += len;
    }
    return out;
}

static json_t *name_schema(const struct sl_param *param, size_t max)
{
    json_t *out = json_pack("{s:s, s:i, s:I}", "type", "string", "minLength", 1, "maxLength",
                            (json_int_t)max);

    if (param->values)
        set(out, "enum", words(param->values));
    return out;
}

static json_t *param_schema(const struct sl_param *param)
{
    const json_int_t max = (json_int_t)param->len_max;

    switch (param->type) {
    case SL_PARAM_NAME:
        return name_schema(param, max ? (size_t)max : SL_PARAM_NAME_MAX);
    case SL_PARAM_TEXT:
        return json_pack("{s:s, s:I}", "type", "string", "maxLength",
                         max ? max : SL_PARAM_TEXT_MAX);
    case SL_PARAM_BOOL:
        return json_pack("{s:s}", "type", "boolean");
    case SL_PARAM_INTEGER:
        if (!param->min && !param->max)
            return json_pack("{s:s, s:s}", "type", "integer", "format", "int32");
        return json_pack("{s:s, s:I, s:I}", "type", "integer", "minimum", param->min, "maximum",
                         param->max);
    case SL_PARAM_NAMES:
        return json_pack("{s:s, s:I, s:o}", "type", "array", "maxItems",
                         max ? max : SL_PARAM_NAMES_MAX, "items",
                         name_schema(param, SL_PARAM_NAME_MAX));
    case SL_PARAM_OBJECT:
        return json_pack("{s:s}", "type", "object");
    case SL_PARAM_ANY:
        break;
    }
    return json_object();
}

/* ---- What a request carries ---- */

static json_t *body_schema(const struct sl_route *route)
{
    json_t *properties = json_object(), *required = json_array();
    json_t *out = json_pack("{s:s, s:o}", "type", "object", "properties", properties);

    for (size_t i = 0; i < route->param_count; i++) {
        const struct sl_param *param = &route->params[i];
        json_t *value = param_schema(param);
        set(value, "description", json_string(param->about));
        set(properties, param->name, value);
        if (param->required)
            (void)json_array_append_new(required, json_string(param->name));
    }
    if (json_array_size(required) > 0)
        set(out, "required", json_incref(required));
    json_decref(required);
    if (route->body == SL_BODY_NEED_ONE)
        set(out, "minProperties", json_integer(1));
    if (route->body == SL_BODY_EXACT)
        set(out, "additionalProperties", json_false());
    return out;
}

static json_t *request_body(const struct sl_route *route)
{
    json_t *schema = route->body == SL_BODY_RAW ? json_object() : body_schema(route);
    bool required = route->body != SL_BODY_PARAMS;

    for (size_t i = 0; i < route->param_count; i++)
        required = required || route->params[i].required;
    return json_pack("{s:b, s:{s:{s:o}}}", "required", required, "content", "application/json",
                     "schema", schema);
}

/* What path and query carry. */
static json_t *parameters(const struct sl_route *route)
{
    json_t *out = json_array();

    if (strchr(route->path, '*'))
        (void)json_array_append_new(out,
                                    json_pack("{s:s, s:s, s:b, s:s, s:{s:s}}", "name", "rest", "in",
                                              "path", "required", 1, "description",
                                              "anything, slashes too", "schema", "type", "string"));
    if (route->action)
        (void)json_array_append_new(out, json_pack("{s:s, s:s, s:b, s:{s:s, s:[s]}}", "name",
                                                   "action", "in", "query", "required", 1, "schema",
                                                   "type", "string", "enum", route->action));
    return out;
}

/* ---- What it is answered with ---- */

/* answer of a row: see router.h. */
static json_t *answer_content(const char *answer)
{
    char name[NAME_MAX_LEN];
    size_t len = strcspn(answer, "[");

    if (strchr(answer, '/'))
        return json_pack("{s:{s:{}}}", answer, "schema");
    (void)snprintf(name, sizeof(name), "%.*s", (int)len, answer);
    assert(sl_schema_find(name));
    json_t *item = reference("schemas", name);
    if (answer[len])
        item = json_pack("{s:s, s:o}", "type", "array", "items", item);
    return json_pack("{s:{s:o}}", "application/json", "schema", item);
}

static json_t *success(const struct sl_route *route)
{
    if (!route->answer)
        return json_pack("{s:s}", "description", "done; no body");
    return json_pack("{s:s, s:o}", "description", "OK", "content", answer_content(route->answer));
}

static void add_error(json_t *responses, const struct sl_route *route, int status)
{
    char code[8];
    json_t *content;

    (void)snprintf(code, sizeof(code), "%d", status);
    if (!strncmp(route->path, "/api/v1", 7))
        content = json_pack("{s:{s:o}}", "application/problem+json", "schema",
                            reference("schemas", "Problem"));
    else if (route->access == SL_ROUTE_PUBLIC)
        content = json_pack("{s:{s:{s:s}}}", "text/plain", "schema", "type", "string");
    else
        content =
            json_pack("{s:{s:o}}", "application/json", "schema", reference("schemas", "Error"));
    set(responses, code,
        json_pack("{s:s, s:o}", "description", sl_status_phrase(status), "content", content));
}

static json_t *responses(const struct sl_route *route, const char *method)
{
    static const int protected[] = {401, 403, 429, 503};
    const bool takes_body = !strcmp(method, "POST");
    json_t *out = json_pack("{s:o}", "200", success(route));

    if (takes_body && route->body != SL_BODY_RAW)
        add_error(out, route, 400);
    for (size_t i = 0; route->access != SL_ROUTE_PUBLIC && i < SL_ARRAY_LEN(protected); i++)
        add_error(out, route, protected[i]);
    for (const char *code = route->codes ? route->codes : ""; *code; code += strspn(code, " ")) {
        add_error(out, route, (int)strtol(code, NULL, 10));
        code += strcspn(code, " ");
    }
    if (takes_body) /* refused before any route is known */
        set(out, "413", json_pack("{s:s}", "description", sl_status_phrase(413)));
    return out;
}

/* ---- Operations and paths ---- */

/* post_rest_api_stream_find */
static json_t *operation_id(const struct sl_route *route, const char *method)
{
    char id[NAME_MAX_LEN];
    size_t len = (size_t)snprintf(id, sizeof(id), "%s%s%s%s", method, route->path,
                                  route->action ? "_" : "", route->action ? route->action : "");

    assert(len < sizeof(id));
    for (char *c = id; *c; c++)
        *c = isalnum((unsigned char)*c) ? (char)tolower((unsigned char)*c) : '_';
    return json_string(id);
}

static json_t *operation(const struct sl_route *route, const char *method)
{
    json_t *out = json_pack("{s:s, s:o, s:o}", "summary", route->about, "operationId",
                            operation_id(route, method), "responses", responses(route, method));
    json_t *carried = parameters(route);

    if (json_array_size(carried) > 0)
        set(out, "parameters", json_incref(carried));
    json_decref(carried);
    if (!strcmp(method, "POST") && (route->param_count > 0 || route->body == SL_BODY_RAW))
        set(out, "requestBody", request_body(route));
    /* {}: it may do without, see rest_allow and disable_rest_auth */
    if (route->access != SL_ROUTE_PUBLIC)
        set(out, "security", json_pack("[{}, {s:[]}]", "basic"));
    return out;
}

/* '*' as OpenAPI writes it. */
static void path_template(const struct sl_route *route, char out[static NAME_MAX_LEN])
{
    const char *star = strchr(route->path, '*');
    int fixed = (int)(star ? star - route->path : (ptrdiff_t)strlen(route->path));

    (void)snprintf(out, NAME_MAX_LEN, "%.*s%s", fixed, route->path, star ? "{rest}" : "");
}

static void add_route(const struct sl_route *route, void *arg)
{
    static const char *const methods[][2] = {{"GET", "get"}, {"POST", "post"}};
    json_t *paths = arg;
    char path[NAME_MAX_LEN];

    path_template(route, path);
    json_t *item = json_object_get(paths, path);
    if (!item) {
        item = json_object();
        set(paths, path, item);
    }
    for (size_t i = 0; i < SL_ARRAY_LEN(methods); i++) {
        if (sl_route_has_method(route, methods[i][0]))
            set(item, methods[i][1], operation(route, methods[i][0]));
    }
}

json_t *sl_openapi_build(const struct sl_router *router)
{
    json_t *paths = json_object();

    sl_router_each(router, add_route, paths);
    return json_pack(
        "{s:s, s:{s:s, s:s, s:s, s:{s:s}}, s:[{s:s}], s:o, s:{s:o, s:{s:{s:s, s:s}}}}", "openapi",
        "3.0.3", "info", "title", "Sluice", "version", SLUICE_VERSION, "description",
        "Control of a media server. Unknown fields are ignored, null is absent, "
        "booleans may be \"true\" and \"false\", integers decimal strings.",
        "license", "name", "GPL-3.0-or-later", "servers", "url", "/", "paths", paths, "components",
        "schemas", all_schemas(), "securitySchemes", "basic", "type", "http", "scheme", "basic");
}

/* ---- The part ---- */

static void answer_openapi(struct sl_call *call, void *arg)
{
    sl_reply_json(call, 200, sl_openapi_build(arg));
}

static const struct sl_route routes[] = {
    {.methods = "GET",
     .path = "/rest-api/openapi.json",
     .access = SL_ROUTE_OPERATOR,
     .handle = answer_openapi,
     .about = "this description (OpenAPI 3.0.3)",
     .answer = "application/json"},
};

void sl_openapi_add(struct sl_router *router)
{
    sl_router_add(router, routes, SL_ARRAY_LEN(routes), router);
}
