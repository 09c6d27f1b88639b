/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The cluster's life on this node: coming, losing the registry and finding it again, leaving. */
#include "cluster/internal.h"

#include "base/config.h"
#include "base/error.h"
#include "cluster/record.h"
#include "cluster/url.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { LEAVE_TIMEOUT_MS = 1000 };

static char *join(const char *first, const char *second)
{
    size_t len = strlen(first) + strlen(second) + 1;
    char *text = sl_alloc(len);

    (void)snprintf(text, len, "%s%s", first, second);
    return text;
}

static void on_open(void *owner)
{
    sl_nodes_start(owner);
}

static void on_lost(void *owner)
{
    struct sl_cluster *cluster = owner;

    cluster->up = false;
    sl_nodes_stop(cluster);
    sl_names_lost(cluster);
}

static const struct sl_redis_link_ops link_ops = {on_open, on_lost};

int sl_cluster_create(const struct sl_cluster_config *config, struct sl_cluster **out,
                      struct sl_error *error)
{
    struct sl_redis_url url;
    int err = sl_redis_url_parse(config->config->cluster_registry, &url, error);

    assert(sl_loop_is_current(config->loop));
    assert(sl_cluster_id_is_valid(config->node_id, strlen(config->node_id)));
    if (err < 0)
        return err;
    if (!sl_cluster_uri_is_valid(config->uri))
        return sl_error_set(error, -EINVAL, "cluster_uri: must be a ws:// or wss:// URL");
    struct sl_cluster *cluster = sl_new(struct sl_cluster);
    cluster->config = *config;
    cluster->names_prefix = join(config->config->cluster_name, ":name:");
    cluster->nodes_prefix = join(config->config->cluster_name, ":node:");
    cluster->nodes_key = join(config->config->cluster_name, ":nodes");
    sl_table_init(&cluster->names);
    sl_list_init(&cluster->calls);
    sl_nodes_init(cluster);
    cluster->conns = sl_conn_set_create(config->loop);
    cluster->link = sl_redis_link_create(config->loop, cluster->conns, &url, &link_ops, cluster);
    sl_announce_start(cluster);
    *out = cluster;
    return 0;
}

bool sl_cluster_is_connected(const struct sl_cluster *cluster)
{
    return cluster->up;
}

/* ---- Leaving ---- */

static void on_left_later(struct sl_later *later)
{
    struct sl_cluster *cluster = sl_container_of(later, struct sl_cluster, left);

    cluster->on_left(cluster->on_left_owner); /* it may destroy us */
}

/* By the first of those who can: the answer, the timer, the end of the connection. */
static void finish_leaving(struct sl_cluster *cluster)
{
    struct sl_redis_link *link = cluster->link;

    if (!link)
        return;
    cluster->link = NULL;
    cluster->up = false;
    if (cluster->leave_timer)
        sl_timer_stop(cluster->leave_timer);
    sl_redis_link_destroy(link);
    cluster->left.run = on_left_later;
    sl_loop_later(cluster->config.loop, &cluster->left);
}

static void on_leave_timer(void *owner)
{
    finish_leaving(owner);
}

static void on_leave_reply(void *owner, const struct redisReply *reply)
{
    (void)reply; /* whatever it says, no more can be done */
    finish_leaving(owner);
}

void sl_cluster_leave(struct sl_cluster *cluster, void (*on_left)(void *owner), void *owner)
{
    struct sl_eval eval;

    assert(sl_loop_is_current(cluster->config.loop) && !cluster->leaving);
    cluster->leaving = true;
    cluster->on_left = on_left;
    cluster->on_left_owner = owner;
    sl_nodes_stop(cluster);
    sl_calls_answer(cluster);
    if (!sl_redis_link_is_open(cluster->link)) {
        finish_leaving(cluster);
        return;
    }
    cluster->leave_timer = sl_timer_create(cluster->config.loop, on_leave_timer, cluster);
    sl_timer_start(cluster->leave_timer, LEAVE_TIMEOUT_MS, 0);
    sl_names_let_go(cluster);
    sl_eval_init(&eval, sl_script_leave);
    sl_eval_key(&eval, cluster->nodes_prefix, cluster->self.id);
    sl_eval_key(&eval, cluster->nodes_key, "");
    sl_eval_arg(&eval, cluster->self.id);
    (void)sl_eval_send(&eval, cluster->link, on_leave_reply, cluster); /* open, see above */
}

void sl_cluster_destroy(struct sl_cluster *cluster)
{
    if (!cluster)
        return;
    cluster->leaving = true;
    sl_later_cancel(&cluster->left);
    sl_calls_cancel(cluster);
    sl_announce_stop(cluster);
    sl_redis_link_destroy(cluster->link); /* answers, to nobody, what is under way */
    sl_conn_set_destroy(cluster->conns);
    sl_timer_destroy(cluster->leave_timer);
    sl_nodes_deinit(cluster);
    sl_names_deinit(cluster);
    free(cluster->names_prefix);
    free(cluster->nodes_prefix);
    free(cluster->nodes_key);
    free(cluster);
}
