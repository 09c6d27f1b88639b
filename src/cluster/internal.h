/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the files of cluster/ share.
 *
 *   cluster.c   its life          nodes.c  beats: this node's record, the others'
 *   announce.c  streams           names.c  what this node holds, and what Redis has of it
 *   calls.c     claims and finds  eval.c   what Redis is asked
 *   link.c      the registry      wire.c   one connection to it
 */
#ifndef SL_CLUSTER_INTERNAL_H
#define SL_CLUSTER_INTERNAL_H

#include "base/list.h"
#include "base/table.h"
#include "cluster/cluster.h"
#include "cluster/eval.h"
#include "cluster/link.h"
#include "net/net.h"
#include "stream/stream.h"

enum {
    /* Under way. Apart, so that no flood of questions stands in the way of who publishes. */
    SL_CLUSTER_CLAIMS_MAX = 2000,
    SL_CLUSTER_FINDS_MAX = 8000,
    SL_CLUSTER_NAME_TTL_MS = 60000, /* of a name's key; it counts no longer than its node's */
    SL_CLUSTER_NAME_RENEWAL_MS = 20000,
};

struct sl_cluster {
    struct sl_cluster_config config;
    char *names_prefix, *nodes_prefix, *nodes_key;
    struct sl_conn_set *conns;  /* the link's, which may end in a callback; they may not */
    struct sl_redis_link *link; /* NULL: left */
    bool up;                    /* the first beat on this connection was answered */
    int64_t up_since_us;
    bool leaving;
    void (*on_left)(void *owner);
    void *on_left_owner;
    struct sl_later left;
    struct sl_timer *leave_timer;

    /* nodes.c */
    struct sl_cluster_node self;
    struct sl_cluster_node *others; /* of the last look */
    size_t other_count;
    struct sl_timer *beat_timer;
    bool beating; /* a beat is under way */
    bool warned_same_uri;

    /* names.c */
    struct sl_table names;
    int64_t renewed_us;

    /* calls.c */
    struct sl_list calls;
    size_t claim_count, find_count;

    /* announce.c */
    struct sl_streams_listener listener;
    struct sl_list announced;
};

/* Names may be laid down and let go of. */
static inline bool sl_cluster_can_ask(const struct sl_cluster *cluster)
{
    return cluster->up && !cluster->leaving;
}

/* ---- nodes.c ---- */

void sl_nodes_init(struct sl_cluster *cluster);
void sl_nodes_deinit(struct sl_cluster *cluster);
/* Logged in: takes out what we were before a crash, and beats; then names.c's turn comes. */
void sl_nodes_start(struct sl_cluster *cluster);
void sl_nodes_stop(struct sl_cluster *cluster);

/* ---- names.c ---- */

/* What Redis has of a name, as far as we know. */
enum sl_standing {
    SL_ABSENT,  /* nothing of ours */
    SL_UNKNOWN, /* it may have it as ours: asked without an answer, or asked before Redis was away
                 */
    SL_OURS,
    SL_OTHERS, /* another node's, at the last look */
};

/* A name that somebody here holds or asks for, or that Redis may have as ours. */
struct sl_cluster_name {
    struct sl_table_node node;
    enum sl_standing standing;
    size_t holds;
    unsigned claims, lays, releases; /* commands under way; answers come in their order */
    bool warned;                     /* of being another node's */
    char text[];
};

/* Redis has it as ours, and nothing under way takes it from us. */
static inline bool sl_name_is_ours(const struct sl_cluster_name *name)
{
    return name->standing == SL_OURS && name->releases == 0;
}

/* Made if need be. Whoever changes something in it then calls sl_name_settle(). */
struct sl_cluster_name *sl_name_get(struct sl_cluster *cluster, const char *text);
/* NULL if there is none. */
struct sl_cluster_name *sl_name_find(struct sl_cluster *cluster, const char *text);
/* Held whoever else has it; laid down if that can be done. */
void sl_name_hold(struct sl_cluster *cluster, const char *text);
/* What Redis said. */
void sl_name_set_standing(struct sl_cluster_name *name, enum sl_standing standing);
/* Lets go in Redis, or frees, what nobody here wants. *name may be gone then. */
void sl_name_settle(struct sl_cluster *cluster, struct sl_cluster_name *name);
/* Lays down what is held (all: also what Redis has already), and repeats what went unanswered. */
void sl_names_renew(struct sl_cluster *cluster, bool all);
/* Redis is away: nothing is certain any more. */
void sl_names_lost(struct sl_cluster *cluster);
void sl_names_let_go(struct sl_cluster *cluster);
void sl_names_deinit(struct sl_cluster *cluster);

/* ---- calls.c ---- */

/* Answers all that wait as if Redis were away. */
void sl_calls_answer(struct sl_cluster *cluster);
/* None is answered any more. */
void sl_calls_cancel(struct sl_cluster *cluster);

/* ---- announce.c ---- */

void sl_announce_start(struct sl_cluster *cluster);
void sl_announce_stop(struct sl_cluster *cluster);

#endif
