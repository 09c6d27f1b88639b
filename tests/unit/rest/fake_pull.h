/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pulls without servers or media, the names of other nodes, and the nodes: what was asked for is
 * kept, the test decides on the answer. */
#ifndef SL_TESTS_UNIT_REST_FAKE_PULL_H
#define SL_TESTS_UNIT_REST_FAKE_PULL_H

#include "access/access.h"
#include "cluster/cluster.h"
#include "net/net.h"
#include "pull/pull.h"
#include "session/session.h"

enum { FAKE_PULLS_MAX = 8, FAKE_NODES_MAX = 4 };

struct sl_pull {
    bool lives;
    char id[37], uri[128], local[64], remote[64];
    enum sl_pull_kind kind;
    void (*on_end)(void *owner, const char *why);
    void *owner;
};

struct sl_pulls {
    struct sl_pull pulls[FAKE_PULLS_MAX];
    char asked[300]; /* the last start, in words */
    int err;         /* set by the test: how starts end */
};

/* Its id is the local name and a number. */
struct sl_pull *fake_pull_add(struct sl_pulls *pulls, enum sl_pull_kind kind, const char *local);

/* Whom pulls ask for their names. */
struct fake_directory {
    struct sl_directory directory;
    int err;    /* set by the test */
    bool waits; /* until fake_directory_answer(); otherwise the next turn answers */
    struct sl_later later;
    void *owner;
    sl_directory_on_answer *on_answer;
    char claimed[64];
    int held; /* claims granted and not released */
};
void fake_directory_init(struct fake_directory *fake);
void fake_directory_answer(struct fake_directory *fake);

struct sl_cluster {
    struct sl_cluster_node nodes[FAKE_NODES_MAX];
    size_t count;
};

#endif
