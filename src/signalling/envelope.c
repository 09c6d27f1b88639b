/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The envelope of every message: {"message":"<name>","data":[...]} (websocket-api.md 1.2). */
#include "base/json.h"
#include "signalling/internal.h"

#include <errno.h>
#include <string.h>

/* Messages whose object holds something that is passed on: it stays the text that it was. */
static const struct {
    const char *message, *fields[2];
} passing[] = {
    {"\"sendStreamEvent\"", {"payload", "info"}},
    {"\"sendData\"", {"payload"}},
};

static const char *const *passed_fields(struct sl_json_span root)
{
    struct sl_json_span name = sl_json_member(root, "message");

    for (size_t i = 0; i < SL_ARRAY_LEN(passing); i++) {
        const char *message = passing[i].message;
        if (name.len == strlen(message) && memcmp(name.text, message, name.len) == 0)
            return passing[i].fields;
    }
    return NULL;
}

/* Of a good text. NULL: a text in it is not UTF-8 or has U+0000, or a number has no bound. */
static json_t *load(const char *text, size_t len)
{
    struct sl_json_span root = {text, len}, spans[2] = {{0}};
    const char *const *fields = passed_fields(root);

    if (!fields)
        return json_loadb(text, len, 0, NULL); /* no JSON_ALLOW_NUL */
    struct sl_json_span object = sl_json_first(sl_json_member(root, "data"));
    for (size_t i = 0; i < SL_ARRAY_LEN(spans) && fields[i]; i++)
        spans[i] = sl_json_member(object, fields[i]);
    json_t *tree = sl_json_load_without(text, len, spans, SL_ARRAY_LEN(spans), NULL);
    json_t *first = json_array_get(json_object_get(tree, "data"), 0);
    for (size_t i = 0; i < SL_ARRAY_LEN(spans) && first; i++)
        if (spans[i].text)
            (void)json_object_set_new(first, fields[i], sl_json_raw(spans[i].text, spans[i].len));
    return tree;
}

int sl_envelope_parse(const char *text, size_t len, size_t values_max, struct envelope *out)
{
    enum sl_json_fault fault = sl_json_check(text, len, SL_JSON_DEPTH_MAX, values_max);

    if (fault != SL_JSON_GOOD)
        return fault == SL_JSON_MALFORMED ? -EBADMSG : -E2BIG;
    json_t *root = load(text, len); /* of duplicate keys the last counts */
    const char *name = json_string_value(json_object_get(root, "message"));
    json_t *data = json_object_get(root, "data");

    if (!name) {
        json_decref(root);
        return -EBADMSG;
    }
    *out = (struct envelope){.root = root, .name = name, .data = json_is_array(data) ? data : NULL};
    return 0;
}

void sl_envelope_free(struct envelope *envelope)
{
    json_decref(envelope->root);
}
