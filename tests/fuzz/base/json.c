/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * JSON texts. What the scanner calls good is within its bounds, and a parser either takes it or
 * cannot hold a value of it; what the scanner calls malformed no parser takes. A part that is
 * passed on is good by itself, lies inside the text, and is written as it was.
 */
#include "base/json.h"
#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 8, VALUES_MAX = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static size_t deepest(json_t *value, size_t *values)
{
    size_t depth = 0, i;
    const char *name;
    json_t *item;

    (*values)++;
    json_object_foreach(value, name, item)
    {
        size_t inner = deepest(item, values);
        depth = inner > depth ? inner : depth;
    }
    json_array_foreach(value, i, item)
    {
        size_t inner = deepest(item, values);
        depth = inner > depth ? inner : depth;
    }
    return depth + (json_is_object(value) || json_is_array(value));
}

static void check_tree(enum sl_json_fault fault, const char *text, size_t len)
{
    json_t *tree = json_loadb(text, len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    size_t values = 0;

    require(fault != SL_JSON_MALFORMED || !tree);
    if (tree && fault == SL_JSON_GOOD) /* duplicate names are counted, but not kept */
        require(deepest(tree, &values) <= DEPTH_MAX && values <= VALUES_MAX);
    json_decref(tree);
}

static void check_part(const char *text, size_t len, struct sl_json_span part)
{
    if (!part.text)
        return;
    require(part.text >= text && part.len > 0 && part.len <= len &&
            (size_t)(part.text - text) <= len - part.len);
    require(sl_json_check(part.text, part.len, DEPTH_MAX, VALUES_MAX) == SL_JSON_GOOD);
    json_t *rest = sl_json_load_without(text, len, &part, 1, NULL);
    json_t *raw = json_pack("{s:o}", "a", sl_json_raw(part.text, part.len));
    size_t dumped_len;
    char *dumped = sl_json_dump(raw, &dumped_len);
    require(dumped && dumped_len == part.len + 6 && memcmp(dumped, "{\"a\":", 5) == 0 &&
            memcmp(dumped + 5, part.text, part.len) == 0 && dumped[dumped_len - 1] == '}');
    free(dumped);
    json_decref(raw);
    json_decref(rest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char *text = malloc(len > 0 ? len : 1); /* exactly: the sanitizer sees one byte too many */

    require(text != NULL);
    if (len > 0)
        memcpy(text, data, len);
    enum sl_json_fault fault = sl_json_check(text, len, DEPTH_MAX, VALUES_MAX);
    check_tree(fault, text, len);
    if (fault == SL_JSON_GOOD) {
        struct sl_json_span root = {text, len};
        check_part(text, len, sl_json_member(root, "a"));
        check_part(text, len, sl_json_first(root));
        check_part(text, len, sl_json_member(sl_json_first(sl_json_member(root, "a")), "b"));
    }
    free(text);
    return 0;
}
