/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The cluster: which node has which stream. The registry is a Redis that all nodes share
 * (cluster_registry); each node keeps its own record there alive and lays down the names of the
 * streams it has. A node that falls silent for cluster_node_timeout_ms is gone, and its names with
 * it. Nothing is decided among the nodes themselves: a name belongs to whoever Redis says laid it
 * down first.
 *
 * When Redis is away nothing local ends: claims are granted unchecked, names of other nodes are not
 * found, and as soon as it is back this node's record and names are laid down again. A name that
 * another node has by then stays that node's; ours goes on unannounced (the log tells) and is
 * announced when the other one lets go.
 *
 * Whoever can write to that Redis is trusted with where this node connects to, and with nothing
 * else: what is read there is checked like anything from outside.
 *
 * The registry is one Redis 5 or later (or a successor of it), not a Redis Cluster; a master, with
 * or without replicas. Where it answers with errors, it counts as away.
 *
 * Threads: every call and callback on the control loop, which is never blocked: host names are
 * looked up by libuv, and no command waits longer than 2 s.
 */
#ifndef SL_CLUSTER_CLUSTER_H
#define SL_CLUSTER_CLUSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_cluster;
struct sl_config;
struct sl_counters;
struct sl_error;
struct sl_loop;
struct sl_stream;
struct sl_streams;

/* ---- Nodes ---- */

enum { SL_CLUSTER_ID_MAX = 64, SL_CLUSTER_URI_MAX = 512, SL_CLUSTER_NODES_MAX = 256 };

/* What a node tells the others of itself. */
struct sl_cluster_load {
    uint32_t streams; /* it has published, pulled ones of other nodes not counted */
    uint32_t players;
    double cpu_percent; /* of one core, of the last seconds */
};

struct sl_cluster_node {
    char id[SL_CLUSTER_ID_MAX + 1];
    char uri[SL_CLUSTER_URI_MAX + 1]; /* ws:// or wss:// */
    struct sl_cluster_load load;
    int64_t started_ms; /* wall clock */
    bool self;
};

/* ---- Life ---- */

struct sl_cluster_config {          /* everything must outlive the cluster */
    const struct sl_config *config; /* cluster_* */
    struct sl_loop *loop;
    struct sl_streams *streams;
    struct sl_counters *counters; /* the control loop's; NULL: nothing is counted */
    const char *node_id; /* of this node: 1..SL_CLUSTER_ID_MAX of [0-9A-Za-z]; drawn at start */
    const char *uri;     /* by which the others reach it; copied */
    /* True if a stream that has come alive here is one to announce: not those that every node has,
     * nor what was pulled from another node of the cluster. */
    bool (*announces)(void *arg, struct sl_stream *stream);
    void (*load)(void *arg, struct sl_cluster_load *out);
    void *arg;
};

/* -EINVAL with words: cluster_registry is no redis:// URL (never with the password), or uri no
 * ws:// or wss:// one. A Redis that is not there is no error: it is tried again and again. No
 * callback from within but announces(), of streams that are live. */
int sl_cluster_create(const struct sl_cluster_config *config, struct sl_cluster **out,
                      struct sl_error *error);
/* Takes this node and its names out of the registry; on_left once, never from within, at the
 * latest after a second. Calls that wait are then answered as if Redis were away. */
void sl_cluster_leave(struct sl_cluster *cluster, void (*on_left)(void *owner), void *owner);
/* No callback after this. Not from within a callback, on_left excepted. NULL is fine. */
void sl_cluster_destroy(struct sl_cluster *cluster);

/* ---- Names ---- */

/* A question to the registry that waits for its answer: at most 2 s. */
struct sl_cluster_call;

/*
 * Lays the name down for this node before it is published here. on_claimed gets 0, Redis has
 * agreed, or SL_CLUSTER_UNCHECKED, it could not be asked; in both cases the caller holds the name
 * until sl_cluster_release(). -EEXIST: a live node has it; -EINVAL: longer than a stream's name may
 * be, or empty; -ENOBUFS: too many claims are under way; nothing is held then. A name may be held
 * several times; the registry has it until the last one lets go. Streams for which announces() is
 * true are held by the cluster itself while they live.
 *
 * on_claimed is called exactly once, never from within.
 */
enum { SL_CLUSTER_UNCHECKED = 1 };
typedef void sl_cluster_on_claimed(void *owner, int err);
struct sl_cluster_call *sl_cluster_claim(struct sl_cluster *cluster, const char *name,
                                         sl_cluster_on_claimed *on_claimed, void *owner);
void sl_cluster_release(struct sl_cluster *cluster, const char *name);

/* Which other node has this stream; NULL: none that lives, this one, or Redis is away (or asked too
 * much at once). node is borrowed for the call. Exactly once, never from within. */
typedef void sl_cluster_on_found(void *owner, const struct sl_cluster_node *node);
struct sl_cluster_call *sl_cluster_find(struct sl_cluster *cluster, const char *name,
                                        sl_cluster_on_found *on_found, void *owner);
/* No callback after this, and a name that is granted all the same is let go of. Not after the
 * callback. NULL is fine. */
void sl_cluster_cancel(struct sl_cluster_call *call);

/* A node that was there is no more: Redis has been of use for long enough that it would have told
 * of it. False while that is not known. */
bool sl_cluster_node_is_gone(const struct sl_cluster *cluster, const char *node_id);

/* ---- For pages and metrics ---- */

/* The nodes of the last look, this one first. */
void sl_cluster_each_node(const struct sl_cluster *cluster,
                          void (*fn)(const struct sl_cluster_node *node, void *arg), void *arg);
size_t sl_cluster_node_count(const struct sl_cluster *cluster);
/* False while Redis is away. */
bool sl_cluster_is_connected(const struct sl_cluster *cluster);

#endif
