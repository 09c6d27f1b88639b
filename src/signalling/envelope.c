/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The envelope of every message: {"message":"<name>","data":[...]} (websocket-api.md 1.2). */
#include "signalling/internal.h"

#include <errno.h>
#include <string.h>

/* Jansson's own bound is compiled in and far too high; so the brackets are counted beforehand. */
static bool is_too_deep(const char *text, size_t len)
{
    size_t depth = 0;
    bool in_string = false;

    for (size_t i = 0; i < len; i++) {
        if (in_string) {
            if (text[i] == '\\')
                i++;
            else if (text[i] == '"')
                in_string = false;
        } else if (text[i] == '"') {
            in_string = true;
        } else if (text[i] == '{' || text[i] == '[') {
            if (++depth > JSON_DEPTH_MAX)
                return true;
        } else if ((text[i] == '}' || text[i] == ']') && depth > 0) {
            depth--;
        }
    }
    return false;
}

int envelope_parse(const char *text, size_t len, struct envelope *out)
{
    if (is_too_deep(text, len))
        return -EBADMSG;
    /* No JSON_ALLOW_NUL: a NUL in a string is refused. Of duplicate keys the last counts. */
    json_t *root = json_loadb(text, len, 0, NULL);
    const char *name = json_string_value(json_object_get(root, "message"));
    json_t *data = json_object_get(root, "data");

    if (!name) {
        json_decref(root);
        return -EBADMSG;
    }
    *out = (struct envelope){.root = root, .name = name, .data = json_is_array(data) ? data : NULL};
    return 0;
}

void envelope_free(struct envelope *envelope)
{
    json_decref(envelope->root);
}
