/* SPDX-License-Identifier: GPL-3.0-or-later */
/* This node's record, kept alive, and those of the others. */
#include "cluster/internal.h"

#include "base/clock.h"
#include "base/config.h"
#include "base/error.h"
#include "base/log.h"
#include "base/metrics.h"
#include "cluster/record.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>

enum {
    BEATS_PER_TIMEOUT = 3,
    /* Looked at in one beat, dead ones (which are taken out then) included. */
    IDS_MAX = 2 * SL_CLUSTER_NODES_MAX,
    OTHERS_MAX = SL_CLUSTER_NODES_MAX - 1, /* and this one */
};

_Static_assert(1 + 2 * OTHERS_MAX <= SL_REDIS_ELEMENTS_MAX &&
                   OTHERS_MAX * (SL_CLUSTER_ID_MAX + SL_CLUSTER_RECORD_MAX + 32) <
                       SL_REDIS_REPLY_MAX,
               "whatever stands in the registry, a beat can be answered");

/* ---- The others ---- */

static const struct sl_cluster_node *find_node(const struct sl_cluster_node *nodes, size_t count,
                                               const char *id)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(nodes[i].id, id) == 0)
            return &nodes[i];
    }
    return NULL;
}

/* Those of `nodes` that are not among `among`. */
static void tell_difference(const struct sl_cluster_node *nodes, size_t count,
                            const struct sl_cluster_node *among, size_t among_count,
                            const char *what)
{
    char quoted[SL_CLUSTER_URI_MAX + 3];

    for (size_t i = 0; i < count; i++) {
        if (!find_node(among, among_count, nodes[i].id))
            sl_log(SL_LOG_INFO, NULL, "cluster: node %s at %s %s", nodes[i].id,
                   sl_log_quote(quoted, sizeof(quoted), nodes[i].uri), what);
    }
}

/* Two nodes of one address take each other for what they were before a crash. */
static void check_uri(struct sl_cluster *cluster, const struct sl_cluster_node *node)
{
    if (strcmp(node->uri, cluster->self.uri) != 0 || cluster->warned_same_uri)
        return;
    sl_log(SL_LOG_WARN, NULL,
           "cluster: node %s says it is at our address; each needs a cluster_uri of its own",
           node->id);
    cluster->warned_same_uri = true;
}

/* The pairs of id and record in a beat's answer, after its first element. What is no record is
 * passed over. */
static size_t read_nodes(struct sl_cluster *cluster, const redisReply *reply,
                         struct sl_cluster_node *out, size_t max)
{
    size_t count = 0;

    for (size_t i = 1; i + 1 < reply->elements && count < max; i += 2) {
        const redisReply *id = reply->element[i], *record = reply->element[i + 1];
        struct sl_error error;
        if (id->type != REDIS_REPLY_STRING || record->type != REDIS_REPLY_STRING)
            continue;
        if (sl_cluster_record_parse(id->str, id->len, record->str, record->len, &out[count],
                                    &error) < 0) {
            sl_log(SL_LOG_DEBUG, NULL, "cluster: a node's record is none: %s", error.text);
            continue;
        }
        check_uri(cluster, &out[count]);
        count++;
    }
    return count;
}

static void take_nodes(struct sl_cluster *cluster, const redisReply *reply)
{
    size_t max = (reply->elements - 1) / 2;

    if (max > OTHERS_MAX)
        max = OTHERS_MAX;
    struct sl_cluster_node *nodes = max > 0 ? sl_new_array(struct sl_cluster_node, max) : NULL;
    size_t count = read_nodes(cluster, reply, nodes, max);
    tell_difference(nodes, count, cluster->others, cluster->other_count, "is there");
    tell_difference(cluster->others, cluster->other_count, nodes, count, "is gone");
    free(cluster->others);
    cluster->others = nodes;
    cluster->other_count = count;
}

/* ---- Beats ---- */

static void drop_link(struct sl_cluster *cluster, const redisReply *reply)
{
    char quoted[120], why[160];

    (void)snprintf(why, sizeof(why), "a node's record cannot be laid down: %s",
                   sl_log_quote(quoted, sizeof(quoted),
                                reply->type == REDIS_REPLY_ERROR ? reply->str : "no list"));
    sl_redis_link_drop(cluster->link, why);
}

static void on_beat_reply(void *owner, const redisReply *reply)
{
    struct sl_cluster *cluster = owner;
    bool first = !cluster->up;

    if (!reply || cluster->leaving)
        return;
    cluster->beating = false;
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements == 0 ||
        reply->element[0]->type != REDIS_REPLY_INTEGER) {
        drop_link(cluster, reply);
        return;
    }
    take_nodes(cluster, reply);
    if (first) {
        cluster->up = true;
        cluster->up_since_us = sl_now_us();
        sl_redis_link_confirm(cluster->link);
        if (cluster->config.counters)
            sl_count(cluster->config.counters, SL_COUNTER_REGISTRY_CONNECTS, 1);
    }
    /* A record that had run out: meanwhile our names were anybody's. */
    sl_names_renew(cluster, first || reply->element[0]->integer == 0);
}

static void beat(void *owner)
{
    struct sl_cluster *cluster = owner;
    struct sl_eval eval;

    cluster->config.load(cluster->config.arg, &cluster->self.load);
    if (cluster->beating || !sl_redis_link_is_open(cluster->link))
        return;
    char *record = sl_cluster_record_build(&cluster->self);
    sl_eval_init(&eval, sl_script_beat);
    sl_eval_key(&eval, cluster->nodes_prefix, cluster->self.id);
    sl_eval_key(&eval, cluster->nodes_key, "");
    sl_eval_arg(&eval, cluster->self.id);
    sl_eval_arg(&eval, record);
    sl_eval_number(&eval, cluster->config.config->cluster_node_timeout_ms);
    sl_eval_arg(&eval, cluster->nodes_prefix);
    sl_eval_number(&eval, SL_CLUSTER_RECORD_MAX);
    sl_eval_number(&eval, IDS_MAX);
    sl_eval_number(&eval, OTHERS_MAX);
    cluster->beating = sl_eval_send(&eval, cluster->link, on_beat_reply, cluster);
    free(record);
}

/* ---- Life ---- */

static void on_hello_reply(void *owner, const redisReply *reply)
{
    (void)owner;
    if (reply && reply->type == REDIS_REPLY_INTEGER && reply->integer > 0)
        sl_log(SL_LOG_INFO, NULL, "cluster: what this node laid down before a crash is gone");
    /* An error needs no care: the beat behind it meets the same. */
}

void sl_nodes_start(struct sl_cluster *cluster)
{
    uint64_t interval_ms =
        (uint64_t)cluster->config.config->cluster_node_timeout_ms / BEATS_PER_TIMEOUT;
    struct sl_eval eval;

    sl_eval_init(&eval, sl_script_hello);
    sl_eval_key(&eval, cluster->nodes_key, "");
    sl_eval_arg(&eval, cluster->self.id);
    sl_eval_arg(&eval, cluster->self.uri);
    sl_eval_arg(&eval, cluster->nodes_prefix);
    sl_eval_number(&eval, SL_CLUSTER_RECORD_MAX);
    (void)sl_eval_send(&eval, cluster->link, on_hello_reply, NULL); /* open: on_open called us */
    cluster->beating = false;
    beat(cluster);
    sl_timer_start(cluster->beat_timer, interval_ms, interval_ms);
}

void sl_nodes_stop(struct sl_cluster *cluster)
{
    sl_timer_stop(cluster->beat_timer);
}

void sl_nodes_init(struct sl_cluster *cluster)
{
    const struct sl_cluster_config *config = &cluster->config;
    struct sl_cluster_node *self = &cluster->self;

    (void)snprintf(self->id, sizeof(self->id), "%s", config->node_id); /* checked */
    (void)snprintf(self->uri, sizeof(self->uri), "%s", config->uri);   /* checked */
    self->started_ms = sl_wall_ms();
    self->self = true;
    cluster->beat_timer = sl_timer_create(config->loop, beat, cluster);
}

void sl_nodes_deinit(struct sl_cluster *cluster)
{
    sl_timer_destroy(cluster->beat_timer);
    free(cluster->others);
}

void sl_cluster_each_node(const struct sl_cluster *cluster,
                          void (*fn)(const struct sl_cluster_node *node, void *arg), void *arg)
{
    fn(&cluster->self, arg);
    for (size_t i = 0; i < cluster->other_count; i++)
        fn(&cluster->others[i], arg);
}

/* For a while after Redis has come back the others may not have: theirs is the same time to beat
 * again that they have anyway. */
bool sl_cluster_node_is_gone(const struct sl_cluster *cluster, const char *node_id)
{
    int64_t settled_us = cluster->config.config->cluster_node_timeout_ms * SL_US_PER_MS;

    return cluster->up && sl_now_us() - cluster->up_since_us > settled_us &&
           cluster->other_count < OTHERS_MAX &&
           !find_node(cluster->others, cluster->other_count, node_id);
}

size_t sl_cluster_node_count(const struct sl_cluster *cluster)
{
    return 1 + cluster->other_count;
}
