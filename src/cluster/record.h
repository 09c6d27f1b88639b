/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a node lays down of itself in the registry: a small JSON object. Pure. */
#ifndef SL_CLUSTER_RECORD_H
#define SL_CLUSTER_RECORD_H

#include "cluster/cluster.h"

#include <stdbool.h>
#include <stddef.h>

struct sl_error;

enum { SL_CLUSTER_RECORD_MAX = 2048 }; /* bytes; longer ones are not even asked for */

/* 1..SL_CLUSTER_ID_MAX of [0-9A-Za-z]. */
bool sl_cluster_id_is_valid(const char *id, size_t len);
/* ws:// or wss:// and a host, 1..SL_CLUSTER_URI_MAX printable ASCII characters without blanks. */
bool sl_cluster_uri_is_valid(const char *uri);

/* node->uri must be valid; figures out of range are brought into it. Returns text; free() it. */
char *sl_cluster_record_build(const struct sl_cluster_node *node);
/*
 * What another node has laid down, or whoever else can write there.
 *
 * id, text  as read, of these lengths, need not end in NUL
 * Returns   -EBADMSG with words. out->self is false.
 */
int sl_cluster_record_parse(const char *id, size_t id_len, const char *text, size_t len,
                            struct sl_cluster_node *out, struct sl_error *error);

#endif
