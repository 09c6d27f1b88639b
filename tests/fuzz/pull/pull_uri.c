/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any text as the URL of another server: what is accepted can stand in a handshake, is listed in
 * one form, and that form means the same. */
#include "base/error.h"
#include "pull/pull.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void check_clean(const char *text)
{
    check(text[0] != '\0');
    for (; *text; text++)
        check((unsigned char)*text > 0x20 && (unsigned char)*text < 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct sl_pull_uri uri, again;
    struct sl_error error = {""};
    char *text = malloc(len + 1);

    check(text != NULL);
    memcpy(text, data, len);
    text[len] = '\0';
    if (sl_pull_uri_parse(text, &uri, &error) < 0) {
        check(error.text[0] != '\0');
        free(text);
        return 0;
    }
    check_clean(uri.host);
    check_clean(uri.path);
    check_clean(uri.text);
    check(uri.port > 0 && uri.path[0] == '/' && !strchr(uri.host, '@') && !strchr(uri.host, '/'));
    /* One that grew by /websocket may be too long to be given again. */
    if (strlen(uri.text) < SL_PULL_URI_MAX) {
        check(sl_pull_uri_parse(uri.text, &again, NULL) == 0);
        check(strcmp(again.text, uri.text) == 0 && strcmp(again.host, uri.host) == 0 &&
              strcmp(again.path, uri.path) == 0 && again.port == uri.port && again.tls == uri.tls);
    }
    free(text);
    return 0;
}
