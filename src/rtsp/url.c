/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What names a stream, a track and whoever wants it, in one line of text. */
#include "rtsp/url.h"

#include "base/mem.h"
#include "base/percent.h"
#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char scheme[] = "rtsp://", track_mark[] = "/trackID=";

enum { SCHEME_LEN = sizeof(scheme) - 1, TRACK_MARK_LEN = sizeof(track_mark) - 1 };

/* Text without control characters into out, of len + 1 bytes. */
static int decode(const char *text, size_t len, char *out)
{
    int err = sl_percent_decode(text, len, out);

    return err == 0 && sl_text_has_controls(out) ? -EBADMSG : err;
}

/* ---- Parts ---- */

/* Takes "/trackID=N" off the end, where players put it: behind the query, too. */
static int cut_track(const char *url, size_t *len)
{
    size_t at = *len;

    while (at > 0 && isdigit((unsigned char)url[at - 1]))
        at--;
    if (at == *len || *len - at > 1 || at < TRACK_MARK_LEN ||
        strncasecmp(url + at - TRACK_MARK_LEN, track_mark, TRACK_MARK_LEN) != 0)
        return -1;
    *len = at - TRACK_MARK_LEN;
    return url[at] - '0';
}

/* HOST[:PORT] without the user in front; what is none is not repeated to anybody. */
static int take_authority(const char *text, size_t len, struct sl_rtsp_url *out)
{
    const char *at = memrchr(text, '@', len);

    if (at) {
        len -= (size_t)(at + 1 - text);
        text = at + 1;
    }
    if (len == 0 || len > SL_RTSP_AUTHORITY_MAX)
        return -EBADMSG;
    for (size_t i = 0; i < len; i++) {
        if (!isalnum((unsigned char)text[i]) && !strchr("-._~:[]%", text[i]))
            return -EBADMSG;
    }
    (void)snprintf(out->base, sizeof(out->base), "%s%.*s/", scheme, (int)len, text);
    return 0;
}

static int take_name(const char *text, size_t len, struct sl_rtsp_url *out)
{
    char name[SL_RTSP_URL_MAX + 1];

    if (len > 0 && text[len - 1] == '/')
        len--; /* as in our Content-Base */
    int err = decode(text, len, name);
    if (err < 0)
        return err;
    json_t *check = json_string(name);
    if (!check)
        return -EBADMSG; /* no UTF-8 */
    json_decref(check);
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || !sl_stream_name_is_valid(name))
        return -ENOENT;
    memcpy(out->name, name, strlen(name) + 1);
    (void)sl_percent_encode(out->base + strlen(out->base), name);
    return 0;
}

static int take_param(const char *text, size_t len, json_t *params)
{
    char name[SL_RTSP_URL_MAX + 1], value[SL_RTSP_URL_MAX + 1] = "";
    const char *equals = memchr(text, '=', len);
    size_t name_len = equals ? (size_t)(equals - text) : len;
    int err = decode(text, name_len, name);

    if (err == 0 && equals)
        err = decode(equals + 1, len - name_len - 1, value);
    if (err < 0)
        return err;
    if (json_object_size(params) == SL_RTSP_PARAMS_MAX)
        return -E2BIG;
    return json_object_set_new(params, name, json_string(value)) < 0 ? -EBADMSG : 0;
}

static int take_query(const char *text, size_t len, json_t *params)
{
    const char *end = text + len;
    int err = 0;

    while (text < end && err == 0) {
        const char *stop = memchr(text, '&', (size_t)(end - text));
        if (!stop)
            stop = end;
        if (stop > text)
            err = take_param(text, (size_t)(stop - text), params);
        text = stop < end ? stop + 1 : end;
    }
    return err;
}

/* ---- All of it ---- */

static int parse(const char *url, size_t len, struct sl_rtsp_url *out)
{
    const char *query, *path, *end = url + len;

    if (len < SCHEME_LEN || len > SL_RTSP_URL_MAX || strncasecmp(url, scheme, SCHEME_LEN) != 0)
        return -EBADMSG;
    url += SCHEME_LEN;
    query = memchr(url, '?', (size_t)(end - url));
    path = memchr(url, '/', (size_t)((query ? query : end) - url));
    if (!path)
        return -ENOENT;
    int err = take_authority(url, (size_t)(path - url), out);
    if (err == 0 && query)
        err = take_query(query + 1, (size_t)(end - query - 1), out->params);
    return err < 0 ? err : take_name(path + 1, (size_t)((query ? query : end) - path - 1), out);
}

int sl_rtsp_url_parse(const char *url, struct sl_rtsp_url *out)
{
    struct sl_rtsp_url parsed = {.params = json_object()};
    size_t len = strlen(url);

    parsed.track = cut_track(url, &len);
    int err = parse(url, len, &parsed);
    if (err < 0) {
        sl_rtsp_url_deinit(&parsed);
        return err;
    }
    *out = parsed;
    return 0;
}

void sl_rtsp_url_deinit(struct sl_rtsp_url *url)
{
    json_decref(url->params);
    url->params = NULL;
}

const char *sl_rtsp_url_param(const struct sl_rtsp_url *url, const char *name)
{
    return json_string_value(json_object_get(url->params, name));
}
