/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fuzz target: Host, Origin, query, path, If-None-Match and Accept-Encoding, each from any text. */
#include "http/url.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What was taken for a host is one again, and the same. */
static void check_host(const char *host)
{
    char bracketed[SL_HOST_MAX + 2], again[SL_HOST_MAX];
    size_t len = strlen(host);

    assert(len > 0 && len < SL_HOST_MAX);
    assert(!strpbrk(host, " \t\r\n@/,[]\\"));
    if (strchr(host, ':')) {
        assert(sl_host_is_address(host));
        bracketed[0] = '[';
        memcpy(bracketed + 1, host, len);
        memcpy(bracketed + 1 + len, "]", 2);
        host = bracketed;
    }
    assert(sl_host_parse(host, again) == 0);
    assert(!strncmp(again, host == bracketed ? host + 1 : host, len) && again[len] == '\0');
}

static void check_path(const char *path)
{
    char again[SL_PATH_MAX], with_slash[SL_PATH_MAX + 1] = "/";

    assert(path[0] != '/' && path[0] != '.');
    assert(!strstr(path, "/.") && !strstr(path, "//") && !strchr(path, '\\'));
    memcpy(with_slash + 1, path, strlen(path) + 1);
    assert(sl_path_below_root(with_slash, again) == 0 && !strcmp(again, path));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char host[SL_HOST_MAX], path[SL_PATH_MAX], value[SL_QUERY_VALUE_MAX];
    char *text = malloc(len + 1);

    if (!text)
        return 0;
    memcpy(text, data, len);
    text[len] = '\0';
    if (sl_host_parse(text, host) == 0) {
        check_host(host);
        /* loopback names are few, and all of them are spelled out */
        assert(!sl_host_is_loopback(host) || !strcmp(host, "localhost") ||
               sl_host_is_address(host));
    }
    if (sl_origin_parse(text, host) == 0)
        check_host(host);
    if (sl_query_get(text, "action", value) == 0)
        assert(strlen(value) < sizeof(value) && !strpbrk(value, "\r\n"));
    if (sl_path_below_root(text, path) == 0)
        check_path(path);
    if (sl_etag_matches(text, "\"a-1\""))
        assert(strstr(text, "\"a-1\"") || strchr(text, '*'));
    (void)sl_accepts_coding(text, "gzip");
    free(text);
    return 0;
}
