/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a client says of itself in `connection` (websocket-api.md 3.1): the fields we keep. */
#include "session/properties.h"
#include "base/json.h"
#include "session/internal.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum type { STRING, STRING_OR_INT, INT, BOOL, SWITCH, STRINGS, ANY };

enum {
    STRING_MAX = 4096, /* user agents come close to 1 kB */
    STRINGS_MAX = 16,
};

static const struct {
    const char *name;
    enum type type;
    bool secret;
} rows[] = {
    {"mediaProviders", STRINGS, false},
    {"clientVersion", STRING, false},
    {"clientOSVersion", STRING, false},
    {"clientBrowserVersion", STRING, false},
    {"msePacketizationVersion", INT, false},
    {"keepAlive", BOOL, false},
    {"custom", ANY, false},
    {"urlServer", STRING, false},
    {"width", INT, false},
    {"height", INT, false},
    {"sipRegisterRequired", SWITCH, false},
    {"sipLogin", STRING, false},
    {"sipAuthenticationName", STRING, false},
    {"sipPassword", STRING, true},
    {"sipVisibleName", STRING, false},
    {"sipDomain", STRING, false},
    {"sipOutboundProxy", STRING, false},
    {"sipProxy", STRING, false},
    {"sipPort", STRING_OR_INT, false},
    {"sipContactParams", STRING, false},
};

static bool is_short_string(const json_t *value)
{
    return json_is_string(value) && json_string_length(value) <= STRING_MAX;
}

static bool are_strings(const json_t *value)
{
    size_t i;
    json_t *item;

    if (!json_is_array(value) || json_array_size(value) > STRINGS_MAX)
        return false;
    json_array_foreach(value, i, item) if (!is_short_string(item)) return false;
    return true;
}

static bool fits(json_t *value, enum type type)
{
    switch (type) {
    case STRING:
        return is_short_string(value);
    case STRING_OR_INT:
        return is_short_string(value) || json_is_integer(value);
    case INT:
        return json_is_integer(value);
    case BOOL:
    case SWITCH:
        return json_is_boolean(value);
    case STRINGS:
        return are_strings(value);
    case ANY:
        return sl_custom_or_null(value) != NULL;
    }
    return false;
}

bool sl_custom_is_too_large(json_t *value)
{
    return sl_json_dump_len(value) > CUSTOM_MAX;
}

json_t *sl_custom_or_null(json_t *value)
{
    return !value || json_is_null(value) || sl_custom_is_too_large(value) ? NULL : value;
}

char *sl_text_cut(const char *text, size_t max)
{
    size_t len = strnlen(text, max + 1);

    if (len > max)
        for (len = max; len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80;)
            len--;
    return sl_strndup(text, len);
}

void sl_info_copy(char out[static INFO_MAX], const char *info, const char *otherwise)
{
    (void)snprintf(out, INFO_MAX, "%s", info ? info : otherwise);
    for (char *p = out; *p; p++)
        if (*p < 0x20 || *p > 0x7e)
            *p = '?';
}

/* Old clients write a boolean as a string (sip.md 2). */
static json_t *read_switch(json_t *value)
{
    const char *text = json_string_value(value);

    if (text && strcasecmp(text, "true") == 0)
        return json_true();
    return text && strcasecmp(text, "false") == 0 ? json_false() : value;
}

void sl_properties_merge(json_t *properties, json_t *fields)
{
    for (size_t i = 0; i < SL_ARRAY_LEN(rows); i++) {
        json_t *value = json_object_get(fields, rows[i].name);
        if (value && rows[i].type == SWITCH)
            value = read_switch(value);
        if (value && fits(value, rows[i].type))
            (void)json_object_set(properties, rows[i].name, value); /* fails without memory only */
    }
}

json_t *sl_properties_sip(json_t *properties)
{
    json_t *account = json_object();

    for (size_t i = 0; i < SL_ARRAY_LEN(rows); i++) {
        json_t *value = json_object_get(properties, rows[i].name);
        if (value && strncmp(rows[i].name, "sip", 3) == 0)
            (void)json_object_set(account, rows[i].name, value); /* fails without memory only */
    }
    return account;
}

json_t *sl_properties_public(json_t *properties, bool with_null)
{
    json_t *copy = json_copy(properties);
    json_t *custom = json_object_get(copy, "custom");

    if (json_object_get(custom, "token")) { /* that of RoomApi is for the back end alone */
        custom = json_copy(custom);
        (void)json_object_del(custom, "token");
        (void)json_object_set_new(copy, "custom", custom);
    }
    for (size_t i = 0; i < SL_ARRAY_LEN(rows); i++) {
        if (!rows[i].secret)
            continue;
        if (with_null)
            (void)json_object_set_new(copy, rows[i].name, json_null());
        else
            (void)json_object_del(copy, rows[i].name); /* absent is as good */
    }
    return copy;
}
