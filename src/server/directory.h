/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where cluster and pull meet: the sessions' questions about names of other nodes are put to the
 * registry, and what another node has is pulled from there. One pull serves all who ask for its
 * name; it goes cluster_idle_ms after the last of them has left. Control loop.
 */
#ifndef SL_SERVER_DIRECTORY_H
#define SL_SERVER_DIRECTORY_H

struct sl_cluster;
struct sl_config;
struct sl_directory;
struct sl_loop;
struct sl_names;
struct sl_pulls;
struct sl_sessions;

struct sl_names_config { /* all must outlive it; config is read at each use */
    const struct sl_config *config;
    struct sl_loop *loop;
    struct sl_cluster *cluster;
    struct sl_pulls *pulls;
};
struct sl_names *sl_names_create(const struct sl_names_config *config);
/* After sl_pulls_stop() and the end of all who asked. NULL is fine. */
void sl_names_destroy(struct sl_names *names);
/* Whose players count as viewers from now on; they outlive the pulls. */
void sl_names_set_sessions(struct sl_names *names, const struct sl_sessions *sessions);
/* For sessions and REST; lives as long as names. */
const struct sl_directory *sl_names_directory(struct sl_names *names);

#endif
