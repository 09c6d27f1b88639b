/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parts of HLS put together, and what operators do with it. */
#include "hls/hls.h"

#include "base/clock.h"
#include "base/config.h"
#include "base/mem.h"
#include "hls/broadcast.h"
#include "hls/permits.h"
#include "hls/serve.h"

#include <errno.h>

struct sl_hls {
    struct sl_hls_profiles profiles;
    struct sl_broadcasts *broadcasts;
    struct sl_permits *permits;
    struct sl_hls_server *server;
};

int sl_hls_create(const struct sl_hls_config *config, struct sl_hls **out, struct sl_error *error)
{
    struct sl_hls *hls = sl_new(struct sl_hls);
    const struct sl_broadcasts_config broadcasts = {
        .config = config->config,
        .loop = config->loop,
        .gate = config->gate,
        .streams = config->streams,
        .counters = config->counters,
        .programs = config->programs,
        .variants = config->variants,
        .profiles = &hls->profiles,
        .fetches = config->fetches,
    };
    const struct sl_permits_config permits = {
        .hooks = config->hooks,
        .node_id = config->node_id,
        .cache_us = config->config->hls_auth_token_cache * SL_US_PER_S,
        .token_parameter = config->config->client_acl_property_name,
    };

    int err = config->config->hls_abr_enabled
                  ? sl_hls_profiles_load(config->config->hls_abr_profiles, &hls->profiles, error)
                  : 0;
    if (err < 0) {
        free(hls);
        return err;
    }
    hls->broadcasts = sl_broadcasts_create(&broadcasts);
    hls->permits = sl_permits_create(&permits);
    const struct sl_hls_server_config server = {
        .config = config->config,
        .gate = config->gate,
        .broadcasts = hls->broadcasts,
        .permits = hls->permits,
    };
    err = sl_hls_server_create(&server, &hls->server, error);
    if (err < 0)
        sl_hls_destroy(hls);
    else
        *out = hls;
    return err;
}

void sl_hls_stop(struct sl_hls *hls, void (*on_stopped)(void *owner), void *owner)
{
    sl_broadcasts_stop(hls->broadcasts, on_stopped, owner);
}

void sl_hls_destroy(struct sl_hls *hls)
{
    if (!hls)
        return;
    sl_hls_server_destroy(hls->server); /* nobody waits any more */
    sl_broadcasts_destroy(hls->broadcasts);
    sl_permits_destroy(hls->permits);
    free(hls);
}

void sl_hls_on_request(void *arg, struct sl_http_request *request)
{
    const struct sl_hls *hls = arg;

    sl_hls_server_serve(hls->server, request);
}

/* ---- For operators ---- */

int sl_hls_startup(struct sl_hls *hls, const char *name)
{
    if (!sl_broadcasts_knows(hls->broadcasts, name))
        return -ENOENT;
    return sl_broadcasts_begin(hls->broadcasts, name, NULL) ? 0 : -ENOBUFS;
}

int sl_hls_terminate(struct sl_hls *hls, const char *name)
{
    struct sl_broadcast *broadcast = sl_broadcasts_find(hls->broadcasts, name);

    if (!broadcast || !sl_broadcast_has_begun(broadcast))
        return -ENOENT;
    sl_broadcast_terminate(broadcast);
    return 0;
}

struct walk {
    void (*fn)(const struct sl_hls_facts *facts, void *arg);
    void *arg;
};

static void tell(struct sl_broadcast *broadcast, void *arg)
{
    const struct walk *walk = arg;
    size_t len;
    /* Nobody has been told the longest length before there is a list. */
    char *text = sl_hls_window_has_target(sl_broadcast_window(broadcast))
                     ? sl_broadcast_write(broadcast, "", &len)
                     : NULL;
    const struct sl_hls_facts facts = {
        .id = sl_broadcast_id(broadcast),
        .name = sl_broadcast_name(broadcast),
        .level = sl_broadcast_level(broadcast),
        .waiting = sl_broadcast_waiting(broadcast),
        .viewers = sl_broadcast_viewers(broadcast),
        .playlist = text ? text : "",
        .created_ms = sl_broadcast_created_ms(broadcast),
    };

    if (sl_broadcast_has_begun(broadcast))
        walk->fn(&facts, walk->arg);
    free(text);
}

void sl_hls_each(struct sl_hls *hls, void (*fn)(const struct sl_hls_facts *facts, void *arg),
                 void *arg)
{
    struct walk walk = {fn, arg};

    sl_broadcasts_each(hls->broadcasts, tell, &walk);
}

void sl_hls_totals(const struct sl_hls *hls, struct sl_hls_totals *out)
{
    out->streams = sl_broadcasts_count(hls->broadcasts);
    out->bytes = sl_broadcasts_bytes(hls->broadcasts);
}
