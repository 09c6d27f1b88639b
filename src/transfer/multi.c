/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * libcurl's multi interface on a libuv loop: it tells which sockets it watches (on_watch) and when
 * it wants to be called (on_timeout); we call curl_multi_socket_action() and afterwards, outside of
 * libcurl, whoever takes back what is done (on_turn).
 */
#include "transfer/multi.h"

#include "base/mem.h"
#include "net/net.h"

#include <errno.h>
#include <stdlib.h>

/* ---- Sockets and the timer ---- */

struct watch {
    uv_poll_t uv;
    struct sl_multi *multi;
    curl_socket_t fd;
};

static void on_readiness(uv_poll_t *uv, int status, int events)
{
    struct watch *watch = sl_container_of(uv, struct watch, uv);
    struct sl_multi *multi = watch->multi; /* libcurl may close watch */
    int flags = 0, running;

    if (status < 0)
        flags |= CURL_CSELECT_ERR;
    if (events & UV_READABLE)
        flags |= CURL_CSELECT_IN;
    if (events & UV_WRITABLE)
        flags |= CURL_CSELECT_OUT;
    (void)curl_multi_socket_action(multi->curl, watch->fd, flags, &running);
    multi->on_turn(multi->owner);
}

static void on_watch_closed(uv_handle_t *handle)
{
    free(sl_container_of((uv_poll_t *)handle, struct watch, uv));
}

/* libcurl says so before it closes the socket: stopped at once, the number may be used again. */
static void unwatch(struct sl_multi *multi, curl_socket_t fd, struct watch *watch)
{
    (void)curl_multi_assign(multi->curl, fd, NULL);
    if (watch)
        uv_close((uv_handle_t *)&watch->uv, on_watch_closed);
}

/* CURLMOPT_SOCKETFUNCTION */
static int on_watch(CURL *easy, curl_socket_t fd, int what, void *arg, void *fd_arg)
{
    struct sl_multi *multi = arg;
    struct watch *watch = fd_arg;

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        unwatch(multi, fd, watch);
        return 0;
    }
    if (!watch) {
        watch = sl_new(struct watch);
        watch->multi = multi;
        watch->fd = fd;
        if (uv_poll_init_socket(sl_loop_uv(multi->loop), &watch->uv, fd) < 0) {
            free(watch);
            return -1; /* fails the transfers */
        }
        (void)curl_multi_assign(multi->curl, fd, watch);
    }
    int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
    return uv_poll_start(&watch->uv, events, on_readiness) < 0 ? -1 : 0;
}

/* CURLMOPT_TIMERFUNCTION: libcurl must not be called from within. */
static int on_timeout(CURLM *curl, long timeout_ms, void *arg)
{
    struct sl_multi *multi = arg;

    (void)curl;
    if (timeout_ms < 0)
        sl_timer_stop(multi->timeout);
    else
        sl_timer_start(multi->timeout, (uint64_t)timeout_ms, 0);
    return 0;
}

static void on_timer(void *owner)
{
    struct sl_multi *multi = owner;
    int running;

    (void)curl_multi_socket_action(multi->curl, CURL_SOCKET_TIMEOUT, 0, &running);
    multi->on_turn(multi->owner);
}

/* ---- Life ---- */

static CURLM *create_curl(struct sl_multi *owner)
{
    CURLM *multi = curl_multi_init();
    long connections = (long)owner->connections;

    if (!multi)
        return NULL;
    (void)curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_watch);
    (void)curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, owner);
    (void)curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timeout);
    (void)curl_multi_setopt(multi, CURLMOPT_TIMERDATA, owner);
    (void)curl_multi_setopt(multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
    (void)curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, connections);
    (void)curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, connections);
    return multi;
}

int sl_multi_init(struct sl_multi *multi, struct sl_loop *loop, size_t connections,
                  void (*on_turn)(void *owner), void *owner)
{
    multi->loop = loop;
    multi->connections = connections;
    multi->on_turn = on_turn;
    multi->owner = owner;
    multi->timeout = sl_timer_create(loop, on_timer, multi);
    multi->curl = create_curl(multi);
    return multi->curl ? 0 : -ENOMEM;
}

void sl_multi_renew(struct sl_multi *multi)
{
    CURLM *fresh = create_curl(multi);

    if (!fresh)
        return;
    (void)curl_multi_cleanup(multi->curl);
    sl_timer_stop(multi->timeout);
    multi->curl = fresh;
}

void sl_multi_deinit(struct sl_multi *multi)
{
    (void)curl_multi_cleanup(multi->curl); /* takes NULL */
    sl_timer_destroy(multi->timeout);
}
