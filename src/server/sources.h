/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the operator's pages show, gathered from sessions, streams and workers. Control loop. */
#ifndef SL_SERVER_SOURCES_H
#define SL_SERVER_SOURCES_H

#include <stddef.h>

struct sl_apps;
struct sl_cluster;
struct sl_config;
struct sl_error;
struct sl_directory;
struct sl_http_hooks;
struct sl_loop;
struct sl_metrics;
struct sl_pulls;
struct sl_pushes;
struct sl_rest;
struct sl_sessions;
struct sl_sources;
struct sl_streams;
struct sl_workers;

struct sl_sources_config { /* all must outlive it, but see sl_sources_destroy() */
    struct sl_sessions *sessions;
    struct sl_workers *workers;
    struct sl_streams *streams;
    struct sl_apps *apps;
    struct sl_http_hooks *hooks;
    struct sl_pushes *pushes;             /* NULL: there are none */
    struct sl_pulls *pulls;               /* the same */
    struct sl_cluster *cluster;           /* the same */
    const struct sl_directory *directory; /* the same */
    struct sl_loop *loop;
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
