/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Questions that somebody waits for: may this node have the name, and which node has it. */
#include "cluster/internal.h"

#include "base/error.h"
#include "base/log.h"
#include "cluster/record.h"

#include <assert.h>
#include <errno.h>
#include <hiredis/hiredis.h>
#include <string.h>

/* Lives until Redis has answered or is away, whatever becomes of the one who asked. */
struct sl_cluster_call {
    struct sl_list link; /* in cluster->calls while somebody waits */
    struct sl_cluster *cluster;
    struct sl_cluster_name *name; /* of a claim; NULL: a find */
    sl_cluster_on_claimed *on_claimed;
    sl_cluster_on_found *on_found;
    void *owner;
};

static struct sl_cluster_call *call_new(struct sl_cluster *cluster, void *owner)
{
    struct sl_cluster_call *call = sl_new(struct sl_cluster_call);

    call->cluster = cluster;
    call->owner = owner;
    sl_list_append(&cluster->calls, &call->link);
    return call;
}

static void call_free(struct sl_cluster_call *call)
{
    sl_list_remove(&call->link);
    *(call->name ? &call->cluster->claim_count : &call->cluster->find_count) -= 1;
    free(call);
}

/* ---- Claims ---- */

static enum sl_standing standing_of(const redisReply *reply)
{
    if (!reply || reply->type != REDIS_REPLY_ARRAY || reply->elements != 1 ||
        reply->element[0]->type != REDIS_REPLY_INTEGER)
        return SL_UNKNOWN;
    return reply->element[0]->integer == 1 ? SL_OURS : SL_OTHERS;
}

static void on_claim_reply(void *owner, const redisReply *reply)
{
    struct sl_cluster_call *call = owner;
    struct sl_cluster *cluster = call->cluster;
    struct sl_cluster_name *name = call->name;
    sl_cluster_on_claimed *on_claimed = call->on_claimed;
    void *claimed_owner = call->owner;
    enum sl_standing standing = standing_of(reply);
    int err = standing == SL_OTHERS ? -EEXIST : standing == SL_OURS ? 0 : SL_CLUSTER_UNCHECKED;

    call_free(call);
    name->claims--;
    sl_name_set_standing(name, standing);
    if (on_claimed && err >= 0)
        name->holds++;
    sl_name_settle(cluster, name);
    if (on_claimed)
        on_claimed(claimed_owner, err);
}

struct sl_cluster_call *sl_cluster_claim(struct sl_cluster *cluster, const char *text,
                                         sl_cluster_on_claimed *on_claimed, void *owner)
{
    struct sl_cluster_name *name;
    struct sl_eval eval;

    assert(sl_loop_is_current(cluster->config.loop));
    if (!sl_stream_name_is_valid(text)) {
        on_claimed(owner, -EINVAL);
        return NULL;
    }
    if (sl_cluster_can_ask(cluster) && cluster->claim_count >= SL_CLUSTER_CLAIMS_MAX) {
        on_claimed(owner, -ENOBUFS);
        return NULL;
    }
    name = sl_name_get(cluster, text);
    bool ours = name->holds > 0 && sl_name_is_ours(name);
    if (ours || !sl_cluster_can_ask(cluster)) {
        name->holds++;
        on_claimed(owner, ours ? 0 : SL_CLUSTER_UNCHECKED);
        return NULL;
    }
    struct sl_cluster_call *call = call_new(cluster, owner);
    call->name = name;
    call->on_claimed = on_claimed;
    cluster->claim_count++;
    name->claims++;
    sl_eval_init(&eval, sl_script_claim);
    sl_eval_key(&eval, cluster->names_prefix, text);
    sl_eval_arg(&eval, cluster->config.node_id);
    sl_eval_number(&eval, SL_CLUSTER_NAME_TTL_MS);
    sl_eval_arg(&eval, cluster->nodes_prefix);
    (void)sl_eval_send(&eval, cluster->link, on_claim_reply, call); /* open: it can be asked */
    return call;
}

/* ---- Finds ---- */

static bool read_node(const redisReply *reply, struct sl_cluster_node *out)
{
    struct sl_error error;

    if (!reply || reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
        reply->element[0]->type != REDIS_REPLY_STRING ||
        reply->element[1]->type != REDIS_REPLY_STRING)
        return false;
    if (sl_cluster_record_parse(reply->element[0]->str, reply->element[0]->len,
                                reply->element[1]->str, reply->element[1]->len, out, &error) == 0)
        return true;
    sl_log(SL_LOG_DEBUG, NULL, "cluster: a node's record is none: %s", error.text);
    return false;
}

static void on_find_reply(void *owner, const redisReply *reply)
{
    struct sl_cluster_call *call = owner;
    sl_cluster_on_found *on_found = call->on_found;
    void *found_owner = call->owner;
    struct sl_cluster_node node;

    call_free(call);
    if (on_found)
        on_found(found_owner, read_node(reply, &node) ? &node : NULL);
}

struct sl_cluster_call *sl_cluster_find(struct sl_cluster *cluster, const char *text,
                                        sl_cluster_on_found *on_found, void *owner)
{
    struct sl_eval eval;

    assert(sl_loop_is_current(cluster->config.loop));
    if (!sl_stream_name_is_valid(text) || !sl_cluster_can_ask(cluster) ||
        cluster->find_count >= SL_CLUSTER_FINDS_MAX) {
        on_found(owner, NULL);
        return NULL;
    }
    struct sl_cluster_call *call = call_new(cluster, owner);
    call->on_found = on_found;
    cluster->find_count++;
    sl_eval_init(&eval, sl_script_find);
    sl_eval_key(&eval, cluster->names_prefix, text);
    sl_eval_arg(&eval, cluster->config.node_id);
    sl_eval_arg(&eval, cluster->nodes_prefix);
    sl_eval_number(&eval, SL_CLUSTER_RECORD_MAX);
    (void)sl_eval_send(&eval, cluster->link, on_find_reply, call); /* open: it can be asked */
    return call;
}

/* ---- Nobody waits any more ---- */

void sl_cluster_cancel(struct sl_cluster_call *call)
{
    if (!call)
        return;
    call->on_claimed = NULL;
    call->on_found = NULL;
    sl_list_remove(&call->link);
}

void sl_calls_cancel(struct sl_cluster *cluster)
{
    struct sl_cluster_call *call;

    while ((call = sl_list_first(&cluster->calls, struct sl_cluster_call, link)))
        sl_cluster_cancel(call);
}

void sl_calls_answer(struct sl_cluster *cluster)
{
    struct sl_cluster_call *call;

    while ((call = sl_list_first(&cluster->calls, struct sl_cluster_call, link))) {
        sl_cluster_on_claimed *on_claimed = call->on_claimed;
        sl_cluster_on_found *on_found = call->on_found;
        sl_cluster_cancel(call);
        if (on_claimed) {
            call->name->holds++;
            on_claimed(call->owner, SL_CLUSTER_UNCHECKED);
        } else {
            on_found(call->owner, NULL);
        }
    }
}
