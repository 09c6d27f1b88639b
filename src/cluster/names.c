/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The names this node holds, and keeping Redis in step with them. */
#include "cluster/internal.h"

#include "base/clock.h"
#include "base/log.h"

#include <assert.h>
#include <hiredis/hiredis.h>
#include <string.h>

/* ---- The table ---- */

static bool is_named(const struct sl_table_node *node, const void *text)
{
    return strcmp(sl_container_of_const(node, struct sl_cluster_name, node)->text, text) == 0;
}

struct sl_cluster_name *sl_name_find(struct sl_cluster *cluster, const char *text)
{
    struct sl_table_node *node = sl_table_find(&cluster->names, sl_hash_text(text), is_named, text);

    return node ? sl_container_of(node, struct sl_cluster_name, node) : NULL;
}

struct sl_cluster_name *sl_name_get(struct sl_cluster *cluster, const char *text)
{
    struct sl_cluster_name *name = sl_name_find(cluster, text);
    size_t len = strlen(text);

    if (name)
        return name;
    name = sl_alloc(sizeof(*name) + len + 1); /* a stream's name: bounded */
    memcpy(name->text, text, len + 1);
    sl_table_insert(&cluster->names, &name->node, sl_hash_text(text));
    return name;
}

static void name_free(struct sl_cluster *cluster, struct sl_cluster_name *name)
{
    sl_table_remove(&cluster->names, &name->node);
    free(name);
}

/* ---- Several names in one command ---- */

struct batch {
    struct sl_cluster *cluster;
    struct sl_cluster_name *names[SL_EVAL_NAMES_MAX];
    size_t count;
};

/* Collects, and sends whatever is full. */
struct sender {
    struct sl_cluster *cluster;
    void (*send)(struct batch *batch);
    struct batch *batch;
    bool all;
};

static void sender_add(struct sender *sender, struct sl_cluster_name *name)
{
    if (!sender->batch) {
        sender->batch = sl_new(struct batch);
        sender->batch->cluster = sender->cluster;
    }
    sender->batch->names[sender->batch->count++] = name;
    if (sender->batch->count < SL_EVAL_NAMES_MAX)
        return;
    sender->send(sender->batch);
    sender->batch = NULL;
}

static void sender_flush(struct sender *sender)
{
    if (sender->batch)
        sender->send(sender->batch);
    sender->batch = NULL;
}

/* An answer with one integer for each name; NULL: it is none. */
static const redisReply *const *answers_of(const struct batch *batch, const redisReply *reply)
{
    if (!reply || reply->type != REDIS_REPLY_ARRAY || reply->elements != batch->count)
        return NULL;
    return (const redisReply *const *)reply->element;
}

/* ---- Letting go ---- */

static void on_released(void *owner, const redisReply *reply)
{
    struct batch *batch = owner;
    bool done = reply && reply->type == REDIS_REPLY_INTEGER;

    for (size_t i = 0; i < batch->count; i++) {
        struct sl_cluster_name *name = batch->names[i];
        name->releases--;
        name->standing = done ? SL_ABSENT : SL_UNKNOWN;
        /* What was not done is repeated by sl_names_renew(), not at once and on and on. */
        if (done)
            sl_name_settle(batch->cluster, name);
    }
    free(batch);
}

static void send_release(struct batch *batch)
{
    struct sl_cluster *cluster = batch->cluster;
    struct sl_eval eval;

    sl_eval_init(&eval, sl_script_release);
    for (size_t i = 0; i < batch->count; i++) {
        batch->names[i]->releases++;
        batch->names[i]->standing = SL_UNKNOWN;
        sl_eval_key(&eval, cluster->names_prefix, batch->names[i]->text);
    }
    sl_eval_arg(&eval, cluster->config.node_id);
    if (!sl_eval_send(&eval, cluster->link, on_released, batch))
        on_released(batch, NULL);
}

void sl_name_settle(struct sl_cluster *cluster, struct sl_cluster_name *name)
{
    bool may_be_ours = name->standing == SL_OURS || name->standing == SL_UNKNOWN;

    /* A claim under way decides when it is answered. */
    if (name->holds > 0 || name->claims > 0 || name->releases > 0)
        return;
    if (may_be_ours && sl_cluster_can_ask(cluster)) {
        struct sender sender = {.cluster = cluster, .send = send_release};
        sender_add(&sender, name);
        sender_flush(&sender);
    } else if (!may_be_ours && name->lays == 0) {
        name_free(cluster, name);
    }
}

static void add_to_let_go(struct sl_table_node *node, void *arg)
{
    struct sl_cluster_name *name = sl_container_of(node, struct sl_cluster_name, node);

    if (name->standing == SL_OURS || name->standing == SL_UNKNOWN || name->claims > 0 ||
        name->lays > 0)
        sender_add(arg, name);
}

void sl_names_let_go(struct sl_cluster *cluster)
{
    struct sender sender = {.cluster = cluster, .send = send_release};

    sl_table_each(&cluster->names, add_to_let_go, &sender);
    sender_flush(&sender);
}

void sl_cluster_release(struct sl_cluster *cluster, const char *text)
{
    struct sl_cluster_name *name = sl_name_find(cluster, text);

    assert(sl_loop_is_current(cluster->config.loop));
    assert(name && name->holds > 0);
    name->holds--;
    sl_name_settle(cluster, name);
}

/* ---- Laying down ---- */

void sl_name_set_standing(struct sl_cluster_name *name, enum sl_standing standing)
{
    char quoted[SL_STREAM_NAME_MAX];

    name->standing = standing;
    if (standing == SL_OTHERS && name->holds > 0 && !name->warned) {
        sl_log(SL_LOG_WARN, NULL,
               "cluster: another node has stream=%s as well; ours goes on unannounced until it "
               "lets go",
               sl_log_quote(quoted, sizeof(quoted), name->text));
        name->warned = true;
    } else if (standing == SL_OURS && name->warned) {
        sl_log(SL_LOG_INFO, NULL, "cluster: stream=%s is announced now",
               sl_log_quote(quoted, sizeof(quoted), name->text));
        name->warned = false;
    }
}

static void on_laid(void *owner, const redisReply *reply)
{
    struct batch *batch = owner;
    const redisReply *const *answers = answers_of(batch, reply);

    for (size_t i = 0; i < batch->count; i++) {
        struct sl_cluster_name *name = batch->names[i];
        name->lays--;
        if (!answers || answers[i]->type != REDIS_REPLY_INTEGER)
            sl_name_set_standing(name, SL_UNKNOWN);
        else
            sl_name_set_standing(name, answers[i]->integer == 1 ? SL_OURS : SL_OTHERS);
        sl_name_settle(batch->cluster, name);
    }
    free(batch);
}

static void send_lay(struct batch *batch)
{
    struct sl_cluster *cluster = batch->cluster;
    struct sl_eval eval;

    sl_eval_init(&eval, sl_script_claim);
    for (size_t i = 0; i < batch->count; i++) {
        batch->names[i]->lays++;
        sl_eval_key(&eval, cluster->names_prefix, batch->names[i]->text);
    }
    sl_eval_arg(&eval, cluster->config.node_id);
    sl_eval_number(&eval, SL_CLUSTER_NAME_TTL_MS);
    sl_eval_arg(&eval, cluster->nodes_prefix);
    if (!sl_eval_send(&eval, cluster->link, on_laid, batch))
        on_laid(batch, NULL);
}

void sl_name_hold(struct sl_cluster *cluster, const char *text)
{
    struct sl_cluster_name *name = sl_name_get(cluster, text);
    struct sender sender = {.cluster = cluster, .send = send_lay};

    name->holds++;
    if (sl_name_is_ours(name) || !sl_cluster_can_ask(cluster))
        return;
    sender_add(&sender, name);
    sender_flush(&sender);
}

static void add_to_renewal(struct sl_table_node *node, void *arg)
{
    struct sl_cluster_name *name = sl_container_of(node, struct sl_cluster_name, node);
    struct sender *sender = arg;

    if (name->holds == 0)
        sl_name_settle(sender->cluster, name); /* let go of while Redis was away, say */
    else if (name->lays == 0 && (sender->all || name->standing != SL_OURS))
        sender_add(sender, name);
}

void sl_names_renew(struct sl_cluster *cluster, bool all)
{
    struct sender sender = {.cluster = cluster, .send = send_lay, .all = all};
    int64_t now_us = sl_now_us();

    if (now_us - cluster->renewed_us >= (int64_t)SL_CLUSTER_NAME_RENEWAL_MS * SL_US_PER_MS)
        sender.all = true;
    if (sender.all)
        cluster->renewed_us = now_us;
    sl_table_each(&cluster->names, add_to_renewal, &sender);
    sender_flush(&sender);
}

static void lose(struct sl_table_node *node, void *arg)
{
    struct sl_cluster_name *name = sl_container_of(node, struct sl_cluster_name, node);

    (void)arg;
    if (name->standing == SL_OURS)
        name->standing = SL_UNKNOWN;
}

void sl_names_lost(struct sl_cluster *cluster)
{
    sl_table_each(&cluster->names, lose, NULL);
}

static void free_node(struct sl_table_node *node, void *arg)
{
    name_free(arg, sl_container_of(node, struct sl_cluster_name, node));
}

void sl_names_deinit(struct sl_cluster *cluster)
{
    sl_table_each(&cluster->names, free_node, cluster);
    sl_table_deinit(&cluster->names);
}
