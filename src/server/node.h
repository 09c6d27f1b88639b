/* SPDX-License-Identifier: GPL-3.0-or-later */
/* This server as a node of a cluster: its URL, what it announces, its load. Control loop. */
#ifndef SL_SERVER_NODE_H
#define SL_SERVER_NODE_H

struct sl_error;
struct sl_server;

/* Makes server->cluster. -EINVAL with words: cluster_registry or cluster_uri is no such URL, or
 * there is no listener for the others. */
int sl_server_join_cluster(struct sl_server *server, struct sl_error *error);

#endif
