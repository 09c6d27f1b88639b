/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whom a client sees. */
#include "calls/internal.h"

#include <string.h>
#include <strings.h>

char *sl_phone_shown_address(const struct sl_phone *phone, const char *uri)
{
    char user[SL_SIP_NAME_MAX];
    const char *at = strchr(uri, '@');
    size_t len = strlen(phone->domain);

    (void)sl_sip_uri_user(uri, strlen(uri), user);
    json_t *text = json_string(user); /* NULL: what was escaped is no UTF-8 */
    bool shown = json_string_length(text) > 0;
    json_decref(text);
    if (!at || !shown || strncasecmp(at + 1, phone->domain, len) != 0 ||
        (at[1 + len] != '\0' && !strchr(":;>", at[1 + len])))
        return sl_strdup(uri);
    return sl_strdup(user);
}
