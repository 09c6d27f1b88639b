/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The HTTP side with its parts, and what nobody but the server can tell it. Control loop. */
#ifndef SL_SERVER_SOURCES_H
#define SL_SERVER_SOURCES_H

#include "rest/rest.h"

#include <stddef.h>

struct sl_apps;
struct sl_config;
struct sl_error;
struct sl_http_hooks;
struct sl_metrics;
struct sl_sources;

struct sl_sources_config {      /* all must outlive it, but see sl_sources_destroy() */
    struct sl_rest_parts parts; /* what the pages and calls are about; handed on */
    struct sl_apps *apps;
    struct sl_http_hooks *hooks;
};
struct sl_sources *sl_sources_create(const struct sl_sources_config *config);
/* After sl_apps_destroy(), which may drop checks of passwords. */
void sl_sources_destroy(struct sl_sources *sources);
/* From now on not ready for new clients. */
void sl_sources_set_draining(struct sl_sources *sources);
/* The HTTP side with these sources. web_root: used unless the configuration names one. */
int sl_sources_create_rest(struct sl_sources *sources, const struct sl_config *config,
                           struct sl_metrics *metrics, const char *web_root, struct sl_rest **out,
                           struct sl_error *error);
/* After a reload: who may call, and CORS. On failure the old rules stay. */
int sl_sources_update_rest(const struct sl_config *config, struct sl_rest *rest,
                           struct sl_error *error);

#endif
