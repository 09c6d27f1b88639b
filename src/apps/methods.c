/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The hook methods: their names, and what a refusal of each means. All from methods.def. */
#include "apps/methods.h"

#include "base/mem.h"

#include <string.h>
#include <strings.h>

static const struct {
    const char *name;
    enum sl_hook_kind kind;
} methods[SL_HOOK_METHOD_COUNT] = {
#define SL_METHOD(method, text, kind) [SL_HOOK_##method] = {text, SL_HOOK_KIND_##kind},
#define SL_METHOD_ALIAS(method, text)
#include "apps/methods.def"
#undef SL_METHOD
#undef SL_METHOD_ALIAS
};

static const struct sl_hook_name names[] = {
#define SL_METHOD(method, text, kind) {text, SL_HOOK_##method, false},
#define SL_METHOD_ALIAS(method, text) {text, SL_HOOK_##method, true},
#include "apps/methods.def"
#undef SL_METHOD
#undef SL_METHOD_ALIAS
};

_Static_assert(SL_ARRAY_LEN(names) <= 64, "a sl_hook_set has a bit for each name");

const char *sl_hook_method_name(enum sl_hook_method method)
{
    return method < SL_HOOK_METHOD_COUNT ? methods[method].name : "";
}

enum sl_hook_kind sl_hook_method_kind(enum sl_hook_method method)
{
    return method < SL_HOOK_METHOD_COUNT ? methods[method].kind : SL_HOOK_KIND_EVENT;
}

const struct sl_hook_name *sl_hook_names(size_t *count)
{
    *count = SL_ARRAY_LEN(names);
    return names;
}

const struct sl_hook_name *sl_hook_name_find(const char *text)
{
    const struct sl_hook_name *found = NULL;

    for (size_t i = 0; i < SL_ARRAY_LEN(names); i++) {
        /* sendDTMF and sendDtmf differ in case only: as written, else the usual one */
        if (strcmp(names[i].name, text) == 0)
            return &names[i];
        if (!found && strcasecmp(names[i].name, text) == 0)
            found = &names[i];
    }
    return found;
}

sl_hook_set sl_hook_set_of(const struct sl_hook_name *name)
{
    return (sl_hook_set)1 << (name - names);
}

sl_hook_set sl_hook_set_usual(void)
{
    sl_hook_set set = 0;

    for (size_t i = 0; i < SL_ARRAY_LEN(names); i++) {
        if (!names[i].alias)
            set |= sl_hook_set_of(&names[i]);
    }
    return set;
}

const char *sl_hook_set_name(sl_hook_set set, enum sl_hook_method method)
{
    const char *found = NULL;

    for (size_t i = 0; i < SL_ARRAY_LEN(names); i++) {
        if (names[i].method != method || !(set & sl_hook_set_of(&names[i])))
            continue;
        if (!names[i].alias)
            return names[i].name;
        found = names[i].name;
    }
    return found;
}

void sl_hook_set_each(sl_hook_set set, void (*fn)(const char *name, void *arg), void *arg)
{
    for (size_t i = 0; i < SL_ARRAY_LEN(names); i++) {
        if (set & sl_hook_set_of(&names[i]))
            fn(names[i].name, arg);
    }
}
