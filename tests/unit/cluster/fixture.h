/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Nodes of a cluster in one process, on one loop, and a Redis of their own. */
#ifndef TEST_CLUSTER_FIXTURE_H
#define TEST_CLUSTER_FIXTURE_H

#include "../core.h"
#include "cluster/cluster.h"
#include "redis.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct node {
    struct sl_cluster *cluster;
    const char *id, *uri;
    bool announces;
};

struct fixture {
    struct redis redis;
    struct core core;
    struct sl_counters *counters;
    struct sl_config *config;
    struct sl_timer *tick;
    int64_t last_tick_us, longest_gap_us; /* between two ticks of the loop */
    struct node a, b;                     /* a announces its streams */
    char log[256];                        /* file with what was logged */
};

/* Redis runs, and both nodes know one another. */
int set_up(void **state);
int tear_down(void **state);
void set_option(struct fixture *f, const char *key, const char *value);
/* Of cluster_registry: this Redis with these credentials ("" or "...@"). */
void set_registry(struct fixture *f, const char *credentials, const char *path);
void node_create(struct fixture *f, struct node *node);
void node_destroy(struct node *node);

/* Runs the loop until condition(arg), or fails after so long. */
void wait_within(struct fixture *f, int64_t limit_us, bool (*condition)(void *arg), void *arg);
void wait_for(struct fixture *f, bool (*condition)(void *arg), void *arg);
void wait_until_connected(struct fixture *f, struct node *node);
void wait_until_away(struct fixture *f, struct node *node);
void run_for_ms(struct fixture *f, int ms);

struct answer {
    int calls, err;
    bool found;
    char uri[SL_CLUSTER_URI_MAX + 1];
    struct sl_cluster_load load;
};
void on_claimed(void *owner, int err);
void on_found(void *owner, const struct sl_cluster_node *node);
bool is_answered(void *arg);
/* Asks and waits for the answer; claim() gives its error. */
int claim(struct fixture *f, struct node *node, const char *name);
struct answer find(struct fixture *f, struct node *node, const char *name);
/* Asks until the answer is that one. */
void wait_until_claimed(struct fixture *f, struct node *node, const char *name);
void wait_until_found(struct fixture *f, struct node *node, const char *name, const char *uri);
/* How many lines of the log have this text. */
size_t logged(struct fixture *f, const char *text);

#endif
