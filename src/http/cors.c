/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The CORS policy: by default pages of the same host, on request those that the keys name. */
#include "http/cors.h"

#include "base/error.h"
#include "base/mem.h"
#include "http/url.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

struct sl_cors {
    char *origin; /* NULL: the request's own host; "*"; or origins separated by commas */
    char *headers, *methods;
    char *text; /* of the configured lines, cut up */
    size_t line_count;
    struct sl_http_header_line lines[SL_CORS_LINES_MAX];
};

static const char *const default_headers = "content-type,x-requested-with";
static const char *const default_methods = "POST";

static bool is_header_value(const char *text)
{
    for (; *text; text++) {
        if (((unsigned char)*text < 0x20 && *text != '\t') || *text == 0x7f)
            return false;
    }
    return true;
}

/* RFC 9110 section 5.6.2, token: enough of it for header names. */
static bool is_header_name(const char *text)
{
    static const char token[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

    return *text && text[strspn(text, token)] == '\0';
}

static char *trim(char *text)
{
    text += strspn(text, " \t");
    size_t len = strlen(text);
    while (len > 0 && strchr(" \t", text[len - 1]))
        text[--len] = '\0';
    return text;
}

static int add_line(struct sl_cors *cors, const char *key, char *line, struct sl_error *error)
{
    char *colon = strchr(line, ':');

    if (!colon)
        return sl_error_set(error, -EINVAL, "%s: \"%.60s\" is not \"Name: value\"", key, line);
    if (cors->line_count == SL_CORS_LINES_MAX)
        return sl_error_set(error, -EINVAL, "%s: more than %d lines", key, SL_CORS_LINES_MAX);
    *colon = '\0';
    const char *name = trim(line), *value = trim(colon + 1);
    if (!is_header_name(name))
        return sl_error_set(error, -EINVAL, "%s: \"%.60s\" is not a header name", key, name);
    cors->lines[cors->line_count++] = (struct sl_http_header_line){name, value};
    if (!strcasecmp(name, "Access-Control-Allow-Origin")) {
        free(cors->origin);
        cors->origin = sl_strdup(value);
    }
    return 0;
}

static int parse_lines(struct sl_cors *cors, const char *key, const char *text,
                       struct sl_error *error)
{
    cors->text = sl_strdup(text);
    for (char *line = cors->text, *next; line; line = next) {
        next = strchr(line, ';');
        if (next)
            *next++ = '\0';
        line = trim(line);
        int err = *line ? add_line(cors, key, line, error) : 0;
        if (err < 0)
            return err;
    }
    return 0;
}

static bool is_set(const char *text)
{
    return text && *text;
}

int sl_cors_create(const struct sl_cors_config *config, struct sl_cors **out,
                   struct sl_error *error)
{
    const char *lines_key = config->lines_key ? config->lines_key : "rest_access_control_headers";
    const struct {
        const char *key, *value;
    } keys[] = {
        {"rest_access_control_allow_origin", config->origin},
        {"rest_access_control_allow_headers", config->headers},
        {"rest_access_control_allow_methods", config->methods},
        {lines_key, config->lines},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(keys); i++) {
        if (keys[i].value && !is_header_value(keys[i].value))
            return sl_error_set(error, -EINVAL, "%s: control characters", keys[i].key);
    }
    struct sl_cors *cors = sl_new(struct sl_cors);
    cors->origin = is_set(config->origin) ? sl_strdup(config->origin) : NULL;
    cors->headers = sl_strdup(is_set(config->headers) ? config->headers : default_headers);
    cors->methods = sl_strdup(is_set(config->methods) ? config->methods : default_methods);
    if (is_set(config->lines)) {
        int err = parse_lines(cors, lines_key, config->lines, error);
        if (err < 0) {
            sl_cors_destroy(cors);
            return err;
        }
    }
    *out = cors;
    return 0;
}

void sl_cors_destroy(struct sl_cors *cors)
{
    if (!cors)
        return;
    free(cors->origin);
    free(cors->headers);
    free(cors->methods);
    free(cors->text);
    free(cors);
}

static bool is_same_host(const char *origin, const char *host)
{
    char from[SL_HOST_MAX], to[SL_HOST_MAX];

    if (!host || sl_origin_parse(origin, from) < 0 || sl_host_parse(host, to) < 0)
        return false;
    return !strcmp(from, to) || (sl_host_is_loopback(from) && sl_host_is_loopback(to));
}

static bool is_listed(const char *list, const char *origin)
{
    size_t origin_len = strlen(origin);

    while (*list) {
        list += strspn(list, " \t,");
        size_t len = strcspn(list, " \t,");
        if (len == origin_len && !strncasecmp(list, origin, len))
            return true;
        list += len;
    }
    return false;
}

bool sl_cors_allows(const struct sl_cors *cors, const char *origin, const char *host)
{
    if (!origin || is_same_host(origin, host))
        return true; /* a page of this server's own host is always welcome */
    if (!cors->origin)
        return false;
    return !strcmp(cors->origin, "*") || is_listed(cors->origin, origin);
}

size_t sl_cors_lines(const struct sl_cors *cors, const char *origin, const char *host,
                     struct sl_http_header_line out[static SL_CORS_LINES_MAX])
{
    size_t count = 0;
    bool any = cors->origin && !strcmp(cors->origin, "*");

    if (cors->line_count > 0) {
        memcpy(out, cors->lines, sizeof(cors->lines));
        return cors->line_count;
    }
    if (!any)
        out[count++] = (struct sl_http_header_line){"Vary", "Origin"};
    if (!any && (!origin || !sl_cors_allows(cors, origin, host)))
        return count;
    out[count++] = (struct sl_http_header_line){"Access-Control-Allow-Origin", any ? "*" : origin};
    out[count++] = (struct sl_http_header_line){"Access-Control-Allow-Headers", cors->headers};
    out[count++] = (struct sl_http_header_line){"Access-Control-Allow-Methods", cors->methods};
    /* Browsers ignore it beside "*"; the original sends it all the same. */
    out[count++] = (struct sl_http_header_line){"Access-Control-Allow-Credentials", "true"};
    return count;
}
