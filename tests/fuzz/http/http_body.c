/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fuzz target: a JSON body; what is accepted is an object, not too deep, and parses again. */
#include "base/json.h"
#include "http/body.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static size_t depth_of(json_t *value)
{
    size_t deepest = 0, index;
    const char *key;
    json_t *item;

    if (json_is_array(value)) {
        json_array_foreach(value, index, item)
        {
            size_t depth = depth_of(item);
            deepest = depth > deepest ? depth : deepest;
        }
    }
    if (json_is_object(value)) {
        json_object_foreach(value, key, item)
        {
            size_t depth = depth_of(item);
            deepest = depth > deepest ? depth : deepest;
        }
    }
    return deepest + (json_is_array(value) || json_is_object(value));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    json_t *body, *again;

    if (sl_body_parse((const char *)data, len, &body, NULL) < 0)
        return 0;
    assert(json_is_object(body));
    assert(depth_of(body) <= SL_JSON_DEPTH_MAX);
    char *text = json_dumps(body, 0);
    assert(text);
    assert(sl_body_parse(text, strlen(text), &again, NULL) == 0);
    assert(json_equal(body, again));
    json_decref(again);
    json_decref(body);
    free(text);
    return 0;
}
