/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The whole server: builds every part from the configuration, runs it, takes it down. Knows all
 * directories; none knows it. All calls on the control loop's thread, which is the main one.
 *
 * A part is a row of a table (parts.h): how it is made, stopped and destroyed, in the order of the
 * arrows and back. The rows stand in build.c, media_parts.c (what media run on) and output_parts.c
 * (what takes streams elsewhere); a new part is a row there and a field in internal.h. The rest is
 * what nobody else can do: reload.c, autopush.c, node.c (what other nodes hear of this one),
 * sources.c (what HTTP shows), memory.c (the allocator of libraries), notify.c (the service
 * manager).
 */
#ifndef SL_SERVER_SERVER_H
#define SL_SERVER_SERVER_H

#include <stdbool.h>

struct sl_config;
struct sl_error;
struct sl_server;

/* How the configuration came about, to make it again on reload. Borrowed for the server's life. */
struct sl_server_config {
    struct sl_config *config;
    /* A fresh configuration from the same files and options; NULL with words on failure. */
    struct sl_config *(*load)(void *arg, struct sl_error *error);
    void *arg;
    const char *web_root; /* shipped pages, used unless the option web_root says otherwise */
};

/* Opens every listener. -EADDRINUSE, -EACCES, -EINVAL ... with words that name the option. */
int sl_server_create(const struct sl_server_config *config, struct sl_server **out,
                     struct sl_error *error);
/* Runs until a signal ends it: SIGTERM drains (drain_timeout), a second one and SIGINT end at once;
 * SIGHUP reloads, SIGUSR1 reopens the log. */
void sl_server_run(struct sl_server *server);
/* Takes half-built ones, and NULL. */
void sl_server_destroy(struct sl_server *server);

/* From here on memory that runs out within jansson, libuv, libcurl or OpenSSL ends the process as
 * sl_alloc() does: a NULL in there corrupts their heaps or their answers (a list with a member
 * less). What they ask for is bounded by what we give them. Once, before any of them is used.
 * Negative: one of them does not take it. */
int sl_memory_init(void);

#endif
