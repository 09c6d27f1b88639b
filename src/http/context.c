/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The context that carries listeners and connections. */
#include "http/private.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/net.h"

#include <assert.h>
#include <inttypes.h>
#include <unistd.h>

static const struct sl_http_limits default_limits = {
    .connections = 10000,
    .header_len = 16384,
    .header_timeout_s = 10,
    .body_len = 1 << 20,
    .ws_message_len = 1 << 18,
    .ws_queue_len = 1 << 20,
    .idle_timeout_s = 30,
};

static void fill_defaults(struct sl_http_limits *limits)
{
    const struct sl_http_limits *d = &default_limits;

    limits->connections = limits->connections ? limits->connections : d->connections;
    limits->header_len = limits->header_len ? limits->header_len : d->header_len;
    limits->header_timeout_s =
        limits->header_timeout_s ? limits->header_timeout_s : d->header_timeout_s;
    limits->body_len = limits->body_len ? limits->body_len : d->body_len;
    limits->ws_message_len = limits->ws_message_len ? limits->ws_message_len : d->ws_message_len;
    limits->ws_queue_len = limits->ws_queue_len ? limits->ws_queue_len : d->ws_queue_len;
    limits->idle_timeout_s = limits->idle_timeout_s ? limits->idle_timeout_s : d->idle_timeout_s;
}

int sl_http_create(struct sl_loop *loop, const struct sl_http_limits *limits, struct sl_http **out,
                   struct sl_error *error)
{
    struct sl_http *http = sl_new(struct sl_http);

    (void)error; /* it opens nothing yet */
    assert(sl_loop_is_current(loop));
    http->loop = loop;
    http->owner_fd = sl_owner_open(); /* without it all are strangers; who asks is told so */
    http->limits = *limits;
    fill_defaults(&http->limits);
    http->conns = sl_conn_set_create(loop);
    sl_admission_init(&http->admission, &http->limits);
    sl_list_init(&http->listeners);
    sl_list_init(&http->waiting);
    sl_list_init(&http->dials);
    *out = http;
    return 0;
}

void sl_http_destroy(struct sl_http *http)
{
    struct sl_listener *listener;
    struct sl_ws_dial *dial;

    if (!http)
        return;
    assert(sl_loop_is_current(http->loop));
    http->closing = true;
    sl_list_foreach(listener, &http->listeners, struct sl_listener, link)
        sl_listener_close(listener);
    while ((dial = sl_ws_dial_first(http)))
        sl_ws_dial_end(dial, "shutting down");
    sl_conn_set_destroy(http->conns);
    sl_list_foreach(listener, &http->listeners, struct sl_listener, link)
        sl_listener_destroy(listener);
    sl_admission_deinit(&http->admission);
    if (http->owner_fd >= 0)
        (void)close(http->owner_fd); /* nothing is in it */
    free(http);
}

void sl_http_count_refused(struct sl_http *http, const char *why)
{
    int64_t now = sl_now_us();

    http->refused++;
    if (http->refused_logged_us > 0 && now - http->refused_logged_us < SL_US_PER_S)
        return;
    sl_log(SL_LOG_WARN, NULL, "http: %" PRIu64 " connections not taken: %s", http->refused, why);
    http->refused = 0;
    http->refused_logged_us = now;
}
