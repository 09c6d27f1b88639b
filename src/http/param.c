/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The check of a body against a table of parameters: one function for each type. */
#include "http/param.h"

#include "base/error.h"

#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <string.h>

/* C0, DEL and C1: what the server refuses in names of streams, too. */
static bool has_controls(const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (*p < 0x20 || *p == 0x7f || (*p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0))
            return true;
    }
    return false;
}

/* text is one of the words of values. */
static bool is_one_of(const char *text, const char *values)
{
    size_t len = strlen(text);

    for (const char *at = values; *at; at += strspn(at, " ")) {
        size_t word = strcspn(at, " ");
        if (word == len && !memcmp(at, text, len))
            return true;
        at += word;
    }
    return false;
}

static size_t len_max(const struct sl_param *param, size_t otherwise)
{
    return param->len_max ? param->len_max : otherwise;
}

/* ---- Values by type: a new reference in *out, or -EINVAL with words ---- */

/* label is the field's name, with its place in a list. */
static int check_name(const char *label, const char *values, size_t max, json_t *value,
                      struct sl_error *error)
{
    if (!json_is_string(value))
        return sl_error_set(error, -EINVAL, "%s: a string is expected", label);
    const char *text = json_string_value(value);
    if (!text[0])
        return sl_error_set(error, -EINVAL, "%s: it must not be empty", label);
    if (json_string_length(value) > max)
        return sl_error_set(error, -EINVAL, "%s: at most %zu bytes", label, max);
    if (strlen(text) != json_string_length(value) || has_controls(text))
        return sl_error_set(error, -EINVAL, "%s: control characters", label);
    if (values && !is_one_of(text, values))
        return sl_error_set(error, -EINVAL, "%s: one of %s is expected", label, values);
    return 0;
}

static int take_name(const struct sl_param *param, json_t *value, json_t **out,
                     struct sl_error *error)
{
    const size_t max = len_max(param, SL_PARAM_NAME_MAX);
    int err = check_name(param->name, param->values, max, value, error);

    if (err == 0)
        *out = json_incref(value);
    return err;
}

static int take_text(const struct sl_param *param, json_t *value, json_t **out,
                     struct sl_error *error)
{
    const size_t max = len_max(param, SL_PARAM_TEXT_MAX);

    if (!json_is_string(value))
        return sl_error_set(error, -EINVAL, "%s: a string is expected", param->name);
    if (json_string_length(value) > max)
        return sl_error_set(error, -EINVAL, "%s: at most %zu bytes", param->name, max);
    if (strlen(json_string_value(value)) != json_string_length(value))
        return sl_error_set(error, -EINVAL, "%s: a NUL character", param->name);
    *out = json_incref(value);
    return 0;
}

static int take_bool(const struct sl_param *param, json_t *value, json_t **out,
                     struct sl_error *error)
{
    const char *text = json_string_value(value); /* NULL if it is no string */

    if (json_is_boolean(value))
        *out = json_incref(value);
    else if (text && !strcmp(text, "true"))
        *out = json_true();
    else if (text && !strcmp(text, "false"))
        *out = json_false();
    else
        return sl_error_set(error, -EINVAL, "%s: true or false is expected", param->name);
    return 0;
}

/* Decimal digits with at most a minus before them; false for all else and what does not fit. */
static bool parse_integer(const char *text, json_int_t *out)
{
    const bool negative = *text == '-';
    json_int_t value = 0;

    text += negative;
    if (!*text)
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9' || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, *text - '0', &value))
            return false;
    }
    *out = negative ? -value : value;
    return true;
}

static int take_integer(const struct sl_param *param, json_t *value, json_t **out,
                        struct sl_error *error)
{
    const bool bounded = param->min || param->max;
    const json_int_t min = bounded ? param->min : INT32_MIN, max = bounded ? param->max : INT32_MAX;
    json_int_t number = json_integer_value(value);

    if (!json_is_integer(value) &&
        !(json_is_string(value) && parse_integer(json_string_value(value), &number)))
        return sl_error_set(error, -EINVAL, "%s: an integer is expected", param->name);
    if (number < min || number > max)
        return sl_error_set(error, -EINVAL, "%s: a number from %" PRIdMAX " to %" PRIdMAX,
                            param->name, (intmax_t)min, (intmax_t)max);
    *out = json_integer(number);
    return 0;
}

static int take_names(const struct sl_param *param, json_t *value, json_t **out,
                      struct sl_error *error)
{
    const size_t max = len_max(param, SL_PARAM_NAMES_MAX);
    char label[80];
    size_t i;
    json_t *item;

    if (!json_is_array(value))
        return sl_error_set(error, -EINVAL, "%s: a list of strings is expected", param->name);
    if (json_array_size(value) > max)
        return sl_error_set(error, -EINVAL, "%s: at most %zu elements", param->name, max);
    json_array_foreach(value, i, item)
    {
        (void)snprintf(label, sizeof(label), "%s[%zu]", param->name, i);
        int err = check_name(label, param->values, SL_PARAM_NAME_MAX, item, error);
        if (err < 0)
            return err;
    }
    *out = json_incref(value);
    return 0;
}

static int take_json(const struct sl_param *param, json_t *value, json_t **out,
                     struct sl_error *error)
{
    const size_t max = len_max(param, SL_PARAM_JSON_MAX);

    if (param->type == SL_PARAM_OBJECT && !json_is_object(value))
        return sl_error_set(error, -EINVAL, "%s: an object is expected", param->name);
    if (json_dumpb(value, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY) > max)
        return sl_error_set(error, -EINVAL, "%s: at most %zu bytes of JSON", param->name, max);
    *out = json_incref(value);
    return 0;
}

static int take(const struct sl_param *param, json_t *value, json_t **out, struct sl_error *error)
{
    switch (param->type) {
    case SL_PARAM_NAME:
        return take_name(param, value, out, error);
    case SL_PARAM_TEXT:
        return take_text(param, value, out, error);
    case SL_PARAM_BOOL:
        return take_bool(param, value, out, error);
    case SL_PARAM_INTEGER:
        return take_integer(param, value, out, error);
    case SL_PARAM_NAMES:
        return take_names(param, value, out, error);
    case SL_PARAM_OBJECT:
    case SL_PARAM_ANY:
        return take_json(param, value, out, error);
    }
    return -EINVAL;
}

int sl_params_normalise(const struct sl_param *params, size_t count, json_t *body, json_t **out,
                        struct sl_error *error)
{
    json_t *object = json_object();

    for (size_t i = 0; i < count; i++) {
        json_t *value = json_object_get(body, params[i].name), *taken = NULL;
        int err = 0;
        if (value && !json_is_null(value)) {
            err = take(&params[i], value, &taken, error);
            if (err == 0)
                (void)json_object_set_new(object, params[i].name, taken);
        } else if (params[i].required) {
            err = sl_error_set(error, -EINVAL, "%s: it is needed", params[i].name);
        }
        if (err < 0) {
            json_decref(object);
            return err;
        }
    }
    *out = object;
    return 0;
}

static bool is_known(const struct sl_param *params, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (!strcmp(params[i].name, name))
            return true;
    }
    return false;
}

int sl_params_check_known(const struct sl_param *params, size_t count, json_t *body,
                          struct sl_error *error)
{
    const char *name;
    json_t *value;

    json_object_foreach(body, name, value)
    {
        if (!json_is_null(value) && !is_known(params, count, name))
            return sl_error_set(error, -EINVAL, "%.64s: no such parameter", name);
    }
    return 0;
}

const char *sl_param_text(json_t *params, const char *name)
{
    return json_string_value(json_object_get(params, name));
}
