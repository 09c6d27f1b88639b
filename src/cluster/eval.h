/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is asked of Redis: Lua scripts, each one round trip and atomic. Redis 5 or later (or one of
 * its successors), and one of it: keys that a script touches are not all named in advance, as Redis
 * Cluster would have it.
 *
 * NAME:node:ID: a node's record, gone after cluster_node_timeout_ms unless renewed.
 *
 * NAME:name:STREAM: the id of the node that has this stream. It counts only while that node's
 * record is there, so that a dead node's names die with it; it goes by itself later.
 *
 * NAME:nodes: ids of nodes, dead ones as well until somebody looks.
 */
#ifndef SL_CLUSTER_EVAL_H
#define SL_CLUSTER_EVAL_H

#include "cluster/wire.h"

#include <stdbool.h>
#include <stddef.h>

struct sl_redis_link;

enum {
    SL_EVAL_NAMES_MAX = 100, /* in one script: Redis does nothing else meanwhile */
    SL_EVAL_ARGS_MAX = SL_REDIS_ARGS_MAX,
};

/* KEYS: of names. ARGV: id, milliseconds, prefix of nodes. Answer: for each 1, ours; 0, another
 * node's that lives. */
extern const char sl_script_claim[];
/* KEYS: of names. ARGV: id. Lets go of those that are ours; answers how many that were. */
extern const char sl_script_release[];
/* KEYS: of one name. ARGV: id, prefix of nodes, longest record. Answer: id and record of another
 * node that has it and lives; nil. */
extern const char sl_script_find[];
/* KEYS: own node, nodes. ARGV: id, record, milliseconds, prefix of nodes, longest record, ids
 * looked at, nodes told of.
 * Answer: 1 if the own record was still there, then id and record of each other node. */
extern const char sl_script_beat[];
/* KEYS: nodes. ARGV: id, URI, prefix of nodes, longest record. Takes out nodes of another id with
 * this URI: what we were before a crash. Answers how many. */
extern const char sl_script_hello[];
/* KEYS: own node, nodes. ARGV: id. Takes the node out, and its names with it. */
extern const char sl_script_leave[];

/* One call of a script in the making: keys first, then arguments; all are copied. */
struct sl_eval {
    char *args[SL_EVAL_ARGS_MAX];
    size_t count, key_count;
};

void sl_eval_init(struct sl_eval *eval, const char *script);
void sl_eval_key(struct sl_eval *eval, const char *prefix, const char *rest);
void sl_eval_arg(struct sl_eval *eval, const char *arg);
void sl_eval_number(struct sl_eval *eval, long long arg);
/* Sends, if the link is open, and frees in any case. False: not open, no answer will come. */
bool sl_eval_send(struct sl_eval *eval, struct sl_redis_link *link, sl_redis_on_reply *on_reply,
                  void *owner);

#endif
