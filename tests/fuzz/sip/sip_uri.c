/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any text as whom to call, as a display name, as parameters of a Contact and as a host: what comes
 * of it stays in its place in a SIP message. */
#include "sip/uri.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static bool is_inside_brackets(const char *uri)
{
    return strpbrk(uri, "<>\" \r\n\t") == NULL;
}

/* A quote ends where it began, and nothing ends the line. */
static bool is_closed(const char *text)
{
    bool quoted = false;

    for (; *text; text++) {
        if (*text == '\r' || *text == '\n')
            return false;
        if (*text == '\\' && quoted && text[1])
            text++;
        else if (*text == '"')
            quoted = !quoted;
        else if (!quoted && (*text == ',' || *text == '>'))
            return false;
    }
    return !quoted;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char *text = malloc(len + 1), uri[SL_SIP_URI_MAX], name[SL_SIP_NAME_MAX];
    struct sl_sip_host host;

    check(text != NULL);
    memcpy(text, data, len);
    text[len] = '\0';
    if (sl_sip_uri_of_callee(text, "example.com", uri) == 0) {
        check(is_inside_brackets(uri));
        if (sl_sip_uri_add_param(uri, text, text) == 0)
            check(is_inside_brackets(uri));
    }
    (void)sl_sip_quote_name(text, name);
    for (const char *at = name; *at; at++) {
        check(*at != '\r' && *at != '\n' && *at != '"');
        if (*at == '\\')
            check(*++at == '"' || *at == '\\');
    }
    if (sl_sip_contact_params(text, name) == 0)
        check(is_closed(name));
    (void)sl_sip_uri_user(text, len, name);
    if (sl_sip_host_parse(text, &host) == 0)
        check(is_inside_brackets(host.host) && host.port <= 65535);
    free(text);
    return 0;
}
