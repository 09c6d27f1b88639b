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

static int bounded(double value, int max)
{
    if (!(value >= 1))
        return 0;
    return value >= max ? max : (int)value;
}

int sl_field_int(const json_t *object, const char *name, int max)
{
    return bounded(json_number_value(json_object_get(object, name)), max); /* 0 if not a number */
}

/* Digits and nothing else; 0 otherwise. */
static double decimal(const char *text)
{
    double value = 0;

    for (const char *p = text; *p; p++) {
        if (*p < '0' || *p > '9')
            return 0;
        value = value * 10 + (*p - '0');
    }
    return value;
}

int sl_field_count(const json_t *object, const char *name, int max)
{
    const json_t *value = json_object_get(object, name);
    int count = json_is_string(value) ? bounded(decimal(json_string_value(value)), max)
                                      : sl_field_int(object, name, max);

    if (count > 0)
        return count;
    const json_t *video = json_object_get(json_object_get(object, "constraints"), "video");
    return video && video != object ? sl_field_count(video, name, max) : 0;
}
