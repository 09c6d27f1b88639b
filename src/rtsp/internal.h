/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What server.c, client.c, clients.c and medium.c share. Control loop. */
#ifndef SL_RTSP_INTERNAL_H
#define SL_RTSP_INTERNAL_H

#include "base/addr.h"
#include "base/config.h"
#include "base/list.h"
#include "net/net.h"
#include "rtsp/lane.h"
#include "rtsp/rtsp.h"

enum { SL_RTSP_LANES_MAX = 64 }; /* as many as there are workers */

struct sl_rtsp {
    struct sl_rtsp_config config;
    struct sl_acceptor *acceptor;                  /* NULL: stopped */
    struct sl_conn_set *conns;                     /* of those that no worker has */
    struct sl_rtsp_lane *lanes[SL_RTSP_LANES_MAX]; /* by the worker's index */
    struct sl_list clients;                        /* struct sl_rtsp_client */
    size_t client_count;
    struct sl_later stopped;
    void (*on_stopped)(void *owner); /* NULL: it goes on, or was called */
    void *stopped_owner;
};

/* ---- clients.c ---- */

struct sl_rtsp_client {
    struct sl_list link; /* in sl_rtsp.clients */
    struct sl_addr remote;
};
/* Those that have come from there. */
size_t sl_rtsp_clients_of(const struct sl_rtsp *rtsp, const struct sl_addr *remote);
void sl_rtsp_clients_add(struct sl_rtsp *rtsp, struct sl_rtsp_client *client);
/* It is no more: on_stopped may follow. */
void sl_rtsp_clients_remove(struct sl_rtsp *rtsp, struct sl_rtsp_client *client);
/* Somebody waits for the last, and there is none. */
void sl_rtsp_clients_check_stopped(struct sl_rtsp *rtsp);

/* ---- client.c ---- */

/* fd is taken. */
void sl_rtsp_client_create(struct sl_rtsp *rtsp, int fd);
/* Ends it, politely or at once. It goes later. */
void sl_rtsp_client_end(struct sl_rtsp_client *client, bool at_once);

#endif
