/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fuzz target: bytes to a body to parameters, as the router does it; what a handler would get has
 * only the fields of its row, each of its type and within its bounds, and comes out the same again.
 */
#include "base/error.h"
#include "base/mem.h"
#include "http/body.h"
#include "http/param.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const struct sl_param params[] = {
    {.name = "name", .len_max = 16},
    {.name = "status", .values = "PENDING PLAYING"},
    {.name = "text", .type = SL_PARAM_TEXT, .len_max = 16},
    {.name = "published", .type = SL_PARAM_BOOL},
    {.name = "port", .type = SL_PARAM_INTEGER, .min = 0, .max = 65535},
    {.name = "number", .type = SL_PARAM_INTEGER},
    {.name = "ids", .type = SL_PARAM_NAMES, .len_max = 4},
    {.name = "options", .type = SL_PARAM_OBJECT, .len_max = 32},
    {.name = "payload", .type = SL_PARAM_ANY, .len_max = 32},
};

static void check_name(json_t *value, size_t max)
{
    const char *text = json_string_value(value);

    assert(text && text[0] && strlen(text) <= max && strlen(text) == json_string_length(value));
    for (; *text; text++)
        assert((unsigned char)*text >= 0x20 && *text != 0x7f);
}

static void check(const struct sl_param *param, json_t *value)
{
    size_t i;
    json_t *item;

    switch (param->type) {
    case SL_PARAM_NAME:
        check_name(value, param->len_max ? param->len_max : SL_PARAM_NAME_MAX);
        if (param->values)
            assert(!strcmp(json_string_value(value), "PENDING") ||
                   !strcmp(json_string_value(value), "PLAYING"));
        break;
    case SL_PARAM_TEXT:
        assert(json_is_string(value) && json_string_length(value) <= param->len_max);
        break;
    case SL_PARAM_BOOL:
        assert(json_is_boolean(value));
        break;
    case SL_PARAM_INTEGER:
        assert(json_is_integer(value));
        assert(json_integer_value(value) >= (param->max ? param->min : INT32_MIN));
        assert(json_integer_value(value) <= (param->max ? param->max : INT32_MAX));
        break;
    case SL_PARAM_NAMES:
        assert(json_is_array(value) && json_array_size(value) <= param->len_max);
        json_array_foreach(value, i, item) check_name(item, SL_PARAM_NAME_MAX);
        break;
    case SL_PARAM_OBJECT:
        assert(json_is_object(value));
        break;
    case SL_PARAM_ANY:
        assert(!json_is_null(value));
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct sl_error error = {""};
    json_t *body, *out, *again;
    size_t known = 0;

    if (sl_body_parse((const char *)data, len, &body, NULL) < 0)
        return 0;
    int err = sl_params_normalise(params, SL_ARRAY_LEN(params), body, &out, &error);
    json_decref(body);
    if (err < 0) {
        assert(strchr(error.text, ':')); /* names the field */
        return 0;
    }
    for (size_t i = 0; i < SL_ARRAY_LEN(params); i++) {
        json_t *value = json_object_get(out, params[i].name);
        if (value) {
            check(&params[i], value);
            known++;
        }
    }
    assert(known == json_object_size(out));
    assert(sl_params_normalise(params, SL_ARRAY_LEN(params), out, &again, NULL) == 0);
    assert(json_equal(out, again));
    json_decref(again);
    json_decref(out);
    return 0;
}
