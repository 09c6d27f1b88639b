/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading what clients send: absent, null and of the wrong type are the same. */
#include "signalling/internal.h"

json_t *sl_field_object(const struct envelope *envelope)
{
    json_t *object = json_array_get(envelope->data, 0);

    return json_is_object(object) ? object : NULL;
}

const char *sl_field_string(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

bool sl_field_bool(const json_t *object, const char *name, bool otherwise)
{
    const json_t *value = json_object_get(object, name);

    return json_is_boolean(value) ? json_is_true(value) : otherwise;
}

int sl_field_int(const json_t *object, const char *name, int max)
{
    double value = json_number_value(json_object_get(object, name)); /* 0 if not a number */

    if (!(value >= 1))
        return 0;
    return value >= max ? max : (int)value;
}
