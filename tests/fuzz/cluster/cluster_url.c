/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any text as cluster_registry: what is accepted is clean and says the same when written again with
 * everything encoded; what is refused is refused without showing it. Input: the text. */
#include "base/error.h"
#include "cluster/url.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static char *encode(char *out, const char *text)
{
    for (; *text; text++)
        out += sprintf(out, "%%%02x", (unsigned char)*text);
    return out;
}

static void check_clean(const char *text)
{
    for (; *text; text++)
        check((unsigned char)*text >= 0x20 && *text != 0x7f);
}

static void check_url(const struct sl_redis_url *url)
{
    static char text[3 * (SL_REDIS_USER_MAX + SL_REDIS_PASSWORD_MAX) + SL_REDIS_HOST_MAX + 64];
    struct sl_redis_url again;
    char *at = text + sprintf(text, "redis://");

    check_clean(url->user);
    check_clean(url->password);
    check_clean(url->host);
    check(url->host[0] && url->port > 0);
    check(url->password[0] || !url->user[0]);
    if (url->password[0]) {
        at = encode(at, url->user);
        *at++ = ':';
        at = encode(at, url->password);
        *at++ = '@';
    }
    (void)sprintf(at, strchr(url->host, ':') ? "[%s]:%u/%u" : "%s:%u/%u", url->host, url->port,
                  url->db);
    check(sl_redis_url_parse(text, &again, NULL) == 0);
    check(strcmp(again.user, url->user) == 0 && strcmp(again.password, url->password) == 0);
    check(strcmp(again.host, url->host) == 0 && again.port == url->port && again.db == url->db);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct sl_redis_url url;
    struct sl_error error;
    char *text = malloc(len + 1);

    check(text != NULL);
    memcpy(text, data, len);
    text[len] = '\0';
    if (sl_redis_url_parse(text, &url, &error) == 0)
        check_url(&url);
    else
        check(!strstr(error.text, "secret"));
    free(text);
    return 0;
}
