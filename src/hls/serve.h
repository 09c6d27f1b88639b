/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Requests for lists and files. Control loop. */
#ifndef SL_HLS_SERVE_H
#define SL_HLS_SERVE_H

#include "hls/broadcast.h"
#include "hls/permits.h"

struct sl_http_request;

struct sl_hls_server;
struct sl_hls_server_config {
    const struct sl_config *config;
    struct sl_gate gate;
    struct sl_broadcasts *broadcasts; /* goes earlier */
    struct sl_permits *permits;       /* goes later */
};
/* -EINVAL with words: hls_access_control_headers. */
int sl_hls_server_create(const struct sl_hls_server_config *config, struct sl_hls_server **out,
                         struct sl_error *error);
/* Who waits is answered 503. NULL is fine. */
void sl_hls_server_destroy(struct sl_hls_server *server);
void sl_hls_server_serve(struct sl_hls_server *server, struct sl_http_request *request);

#endif
