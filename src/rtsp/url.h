/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rtsp://HOST:PORT/<name>[/trackID=N][?query], in the ways that players write it (media-outputs.md
 * 1.1, 5.1). Pure, any thread. */
#ifndef SL_RTSP_URL_H
#define SL_RTSP_URL_H

#include "rtsp/message.h"
#include "stream/stream.h"

#include <jansson.h>

enum {
    SL_RTSP_AUTHORITY_MAX = 280, /* a DNS name, a port */
    SL_RTSP_BASE_MAX = 8 + SL_RTSP_AUTHORITY_MAX + 3 * SL_STREAM_NAME_MAX,
    SL_RTSP_PARAMS_MAX = 32,
};

struct sl_rtsp_url {
    char name[SL_STREAM_NAME_MAX + 1]; /* of the stream */
    int track;                         /* -1: none is named */
    /* rtsp://HOST:PORT/<name>, encoded anew, without user and query: control URLs begin so. */
    char base[SL_RTSP_BASE_MAX + 1];
    json_t *params; /* of the query, decoded; of two of one name the last */
};
/* -EBADMSG: no such URL, or something in it does not decode to UTF-8 without control characters;
 * -E2BIG: too many parameters; -ENOENT: no stream can have this name. *out is changed on success
 * only. */
int sl_rtsp_url_parse(const char *url, struct sl_rtsp_url *out);
void sl_rtsp_url_deinit(struct sl_rtsp_url *url); /* zeroed is fine */
/* A parameter's text; NULL. */
const char *sl_rtsp_url_param(const struct sl_rtsp_url *url, const char *name);

#endif
