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

/*
 * One that is put to Redis lives until Redis has answered or is away, whatever becomes of the one
 * who asked. One whose answer is known at once lives until that was told.
 */
struct sl_cluster_call {
    struct sl_list link; /* in cluster->calls while somebody waits */
    struct sl_cluster *cluster;
    struct sl_cluster_name *name; /* of a claim that is put to Redis or granted */
    sl_cluster_on_claimed *on_claimed;
    sl_cluster_on_found *on_found;
    void *owner;
    bool asked;            /* Redis; otherwise: */
    struct sl_later later; /* tells the answer, */
    int err;               /* of a claim; a find has found nothing */
};

static struct sl_cluster_call *call_new(struct sl_cluster *cluster, void *owner)
{
    struct sl_cluster_call *call = sl_new(struct sl_cluster_call);

    call->cluster = cluster;
    call->owner = owner;
    sl_list_append(&cluster->calls, &call->link);
    return call;
}

/* That Redis has answered. */
static void call_free(struct sl_cluster_call *call)
{
    sl_list_remove(&call->link);
    *(call->name ? &call->cluster->claim_count : &call->cluster->find_count) -= 1;
    free(call);
}

/* ---- Answers that are known at once ---- */

static void tell(struct sl_later *later)
{
    struct sl_cluster_call *call = sl_container_of(later, struct sl_cluster_call, later);
    struct sl_cluster_call copy = *call;

    sl_list_remove(&call->link);
    free(call);
    if (copy.on_claimed)
        copy.on_claimed(copy.owner, copy.err);
    else
        copy.on_found(copy.owner, NULL);
}

static struct sl_cluster_call *tell_later(struct sl_cluster_call *call, int err)
{
    call->err = err;
    call->later.run = tell;
    sl_loop_later(call->cluster->config.loop, &call->later);
    return call;
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
    struct sl_cluster_call *call = call_new(cluster, owner);
    struct sl_eval eval;

    assert(sl_loop_is_current(cluster->config.loop));
    call->on_claimed = on_claimed;
    if (!sl_stream_name_is_valid(text))
        return tell_later(call, -EINVAL);
    if (sl_cluster_can_ask(cluster) && cluster->claim_count >= SL_CLUSTER_CLAIMS_MAX)
        return tell_later(call, -ENOBUFS);
    struct sl_cluster_name *name = call->name = sl_name_get(cluster, text);
    bool ours = name->holds > 0 && sl_name_is_ours(name);
    if (ours || !sl_cluster_can_ask(cluster)) {
        name->holds++;
        return tell_later(call, ours ? 0 : SL_CLUSTER_UNCHECKED);
    }
    call->asked = true;
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
    struct sl_cluster_call *call = call_new(cluster, owner);
    struct sl_eval eval;

    assert(sl_loop_is_current(cluster->config.loop));
    call->on_found = on_found;
    if (!sl_stream_name_is_valid(text) || !sl_cluster_can_ask(cluster) ||
        cluster->find_count >= SL_CLUSTER_FINDS_MAX)
        return tell_later(call, 0);
    call->asked = true;
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

static void cancel_known(struct sl_cluster_call *call)
{
    struct sl_cluster *cluster = call->cluster;
    struct sl_cluster_name *name = call->name;

    sl_later_cancel(&call->later);
    sl_list_remove(&call->link);
    free(call);
    if (name) {
        name->holds--;
        sl_name_settle(cluster, name);
    }
}

void sl_cluster_cancel(struct sl_cluster_call *call)
{
    if (call && !call->asked) {
        cancel_known(call);
    } else if (call) {
        call->on_claimed = NULL;
        call->on_found = NULL;
        sl_list_remove(&call->link);
    }
}

void sl_calls_cancel(struct sl_cluster *cluster)
{
    struct sl_cluster_call *call;

    while ((call = sl_list_first(&cluster->calls, struct sl_cluster_call, link)))
        sl_cluster_cancel(call);
}

/* Those that Redis was asked go on as if it could not be: their answer, should it come, is for
 * nobody. */
static void give_up(struct sl_cluster_call *call)
{
    struct sl_cluster_call *instead = call_new(call->cluster, call->owner);

    instead->on_claimed = call->on_claimed;
    instead->on_found = call->on_found;
    if (call->on_claimed) {
        instead->name = call->name;
        instead->name->holds++;
    }
    sl_cluster_cancel(call);
    (void)tell_later(instead, SL_CLUSTER_UNCHECKED);
}

void sl_calls_answer(struct sl_cluster *cluster)
{
    struct sl_cluster_call *call;

    sl_list_foreach(call, &cluster->calls, struct sl_cluster_call, link)
    {
        if (call->asked)
            give_up(call);
    }
}
