/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Checks of texts, URLs, names and passwords. */
#include "apps/check.h"

#include "apps/password.h"
#include "base/error.h"
#include "net/net.h"

#include <curl/curl.h>
#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <string.h>

/* Valid UTF-8 is assumed, so that a C1 control is 0xc2 and a byte below 0xa0. */
static bool has_control(const char *text)
{
    for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
        if (*at < 0x20 || *at == 0x7f || (at[0] == 0xc2 && at[1] < 0xa0))
            return true;
    }
    return false;
}

static bool is_utf8(const char *text)
{
    json_t *string = json_string(text); /* NULL for anything else */
    bool valid = string != NULL;

    json_decref(string);
    return valid;
}

int sl_check_text(const char *field, const char *text, size_t min, size_t max,
                  struct sl_error *error)
{
    size_t len = strnlen(text, max + 1);

    if (len < min || len > max)
        return sl_error_set(error, -EINVAL, "%s: %zu to %zu bytes are expected", field, min, max);
    if (!is_utf8(text))
        return sl_error_set(error, -EINVAL, "%s: UTF-8 is expected", field);
    if (has_control(text))
        return sl_error_set(error, -EINVAL, "%s: control characters are not allowed", field);
    return 0;
}

/* libcurl is lenient about the number of slashes before the host. */
static bool has_scheme_and_slashes(const char *url)
{
    bool tls;
    const char *host = sl_reach_after_scheme(SL_REACH_HTTP, url, &tls);

    return host && host[0] != '\0' && host[0] != '/';
}

/* What follows the scheme; the rest of the checks is libcurl's, which will also send the hooks. */
static const char *fault_of_url(const char *url)
{
    CURLU *parts = curl_url();
    CURLUcode code;
    char *text = NULL;
    const char *fault = NULL;

    if (!parts)
        return "out of memory";
    code = curl_url_set(parts, CURLUPART_URL, url, CURLU_DISALLOW_USER);
    if (code != CURLUE_OK) {
        fault = curl_url_strerror(code);
        goto out;
    }
    code = curl_url_get(parts, CURLUPART_PORT, &text, 0);
    if (code == CURLUE_OK && strspn(text, "0") == strlen(text))
        fault = "port 0";
    curl_free(text);
out:
    curl_url_cleanup(parts);
    return fault;
}

int sl_check_url(const char *field, const char *url, struct sl_error *error)
{
    int err = sl_check_text(field, url, 1, SL_APP_URL_MAX, error);

    if (err < 0)
        return err;
    if (!has_scheme_and_slashes(url))
        return sl_error_set(error, -EINVAL, "%s: http://HOST or https://HOST is expected", field);
    if (strpbrk(url, "?#"))
        return sl_error_set(error, -EINVAL, "%s: a query or fragment is not allowed", field);
    if (strpbrk(url, " \\"))
        return sl_error_set(error, -EINVAL, "%s: blanks and backslashes are not allowed", field);
    const char *fault = fault_of_url(url);
    if (fault)
        return sl_error_set(error, -EINVAL, "%s: not a URL: %s", field, fault);
    return 0;
}

size_t sl_url_base_len(const char *url)
{
    size_t len = strlen(url);

    while (len > 0 && url[len - 1] == '/')
        len--;
    return len;
}

int sl_check_user_name(const char *field, const char *name, struct sl_error *error)
{
    int err = sl_check_text(field, name, 1, SL_USER_NAME_MAX, error);

    if (err < 0)
        return err;
    if (strpbrk(name, " :"))
        return sl_error_set(error, -EINVAL, "%s: blanks and colons are not allowed", field);
    return 0;
}

int sl_check_password(const char *password, struct sl_error *error)
{
    size_t len = strnlen(password, SL_PASSWORD_MAX + 1);

    if (len < 1 || len > SL_PASSWORD_MAX)
        return sl_error_set(error, -EINVAL, "password: 1 to %d bytes are expected",
                            SL_PASSWORD_MAX);
    return 0;
}
