/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The listener, and its end. */
#include "base/error.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "rtsp/internal.h"
#include "stream/stream.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { BACKLOG = 512 };

/* ---- Newcomers ---- */

static void on_refuse(void *owner)
{
    const struct sl_rtsp *rtsp = owner;

    sl_count(rtsp->config.counters, SL_COUNTER_RTSP_REFUSED, 1);
}

static void on_accept(void *owner, int fd, const struct sl_addr *remote)
{
    struct sl_rtsp *rtsp = owner;
    const struct sl_config *config = rtsp->config.config;

    if (rtsp->client_count < (size_t)config->rtsp_connections_max &&
        (config->rtsp_connections_per_ip_max == 0 ||
         sl_rtsp_clients_of(rtsp, remote) < (size_t)config->rtsp_connections_per_ip_max)) {
        sl_rtsp_client_create(rtsp, fd);
        return;
    }
    (void)close(fd); /* nothing was sent */
    on_refuse(rtsp);
}

static int listen_at(struct sl_rtsp *rtsp, struct sl_error *error)
{
    static const struct sl_acceptor_ops ops = {.on_accept = on_accept, .on_refuse = on_refuse};
    const struct sl_config *config = rtsp->config.config;
    struct sl_addr at = {.port = (uint16_t)config->rtsp_port}; /* [::] */
    bool dual = config->http_address[0] == '\0';

    if (!dual)
        (void)sl_addr_parse_ip(config->http_address, at.port, &at); /* checked as an option */
    int fd = sl_acceptor_listen(&at, dual, BACKLOG);
    if (dual && (fd == -EAFNOSUPPORT || fd == -EADDRNOTAVAIL) &&
        sl_addr_parse_ip("0.0.0.0", at.port, &at) == 0) /* a host without IPv6 */
        fd = sl_acceptor_listen(&at, false, BACKLOG);
    int err = fd < 0 ? fd : sl_acceptor_create(rtsp->config.loop, fd, &ops, rtsp, &rtsp->acceptor);
    return err < 0 ? sl_error_set(error, err, "rtsp.port %lld: %s", (long long)config->rtsp_port,
                                  strerror(-err))
                   : 0;
}

/* ---- Life ---- */

int sl_rtsp_create(const struct sl_rtsp_config *config, struct sl_rtsp **out,
                   struct sl_error *error)
{
    struct sl_rtsp *rtsp = sl_new(struct sl_rtsp);

    rtsp->config = *config;
    sl_list_init(&rtsp->clients);
    rtsp->conns = sl_conn_set_create(config->loop);
    for (size_t i = 0; i < sl_workers_count(config->workers); i++)
        rtsp->lanes[i] = sl_rtsp_lane_create(sl_workers_at(config->workers, i));
    *out = rtsp; /* also on failure: whoever builds the server destroys it */
    return listen_at(rtsp, error);
}

static void end_all(struct sl_rtsp *rtsp, bool at_once)
{
    struct sl_list *link = rtsp->clients.next;

    while (link != &rtsp->clients) {
        struct sl_rtsp_client *client = sl_container_of(link, struct sl_rtsp_client, link);
        link = link->next; /* none goes from within */
        sl_rtsp_client_end(client, at_once);
    }
}

void sl_rtsp_stop(struct sl_rtsp *rtsp, void (*on_stopped_told)(void *owner), void *owner)
{
    sl_acceptor_destroy(rtsp->acceptor);
    rtsp->acceptor = NULL;
    rtsp->on_stopped = on_stopped_told;
    rtsp->stopped_owner = owner;
    end_all(rtsp, false);
    sl_rtsp_clients_check_stopped(rtsp);
}

void sl_rtsp_cut(struct sl_rtsp *rtsp)
{
    end_all(rtsp, true);
}

void sl_rtsp_destroy(struct sl_rtsp *rtsp)
{
    if (!rtsp)
        return;
    assert(rtsp->client_count == 0);
    sl_acceptor_destroy(rtsp->acceptor);
    sl_conn_set_destroy(rtsp->conns);
    for (size_t i = 0; i < SL_RTSP_LANES_MAX; i++)
        sl_rtsp_lane_destroy(rtsp->lanes[i]);
    free(rtsp);
}
