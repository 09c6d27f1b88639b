/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The envelope of every message: {"message":"<name>","data":[...]} (websocket-api.md 1.2). */
#include "base/json_depth.h"
#include "signalling/internal.h"

#include <errno.h>
#include <string.h>

int envelope_parse(const char *text, size_t len, struct envelope *out)
{
    if (sl_json_is_deeper(text, len, SL_JSON_DEPTH_MAX))
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
