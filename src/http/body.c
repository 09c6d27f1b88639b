/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bounded parsing of a request body: the depth is checked before the parser recurses. */
#include "http/body.h"

#include "base/error.h"
#include "base/json.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

static bool is_blank(const char *body, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!memchr(" \t\r\n", body[i], 4))
            return false;
    }
    return true;
}

int sl_body_parse(const char *body, size_t len, json_t **out, struct sl_error *error)
{
    json_error_t why;

    if (is_blank(body, len)) {
        *out = json_object();
        return 0;
    }
    enum sl_json_fault fault = sl_json_check(body, len, SL_JSON_DEPTH_MAX, SL_JSON_VALUES_MAX);
    if (fault == SL_JSON_TOO_DEEP)
        return sl_error_set(error, -EBADMSG, "JSON is nested deeper than %d levels",
                            SL_JSON_DEPTH_MAX);
    if (fault == SL_JSON_TOO_MANY)
        return sl_error_set(error, -EBADMSG, "JSON has more than %d values", SL_JSON_VALUES_MAX);
    json_t *value = json_loadb(body, len, JSON_DECODE_ANY, &why); /* it tells where a fault is */
    if (!value)
        return sl_error_set(error, -EBADMSG, "malformed JSON: %.100s at byte %d", why.text,
                            why.position);
    if (!json_is_object(value)) {
        json_decref(value);
        return sl_error_set(error, -EBADMSG, "the body must be a JSON object");
    }
    *out = value;
    return 0;
}
