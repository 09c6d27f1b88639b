/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Work on thousands of items without holding up the loop: in slices, with everything else in
 * between. Control loop.
 */
#ifndef SL_REST_WALK_H
#define SL_REST_WALK_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct sl_loop;
struct sl_walks;

enum { SL_WALK_SLICE = 100 }; /* items: 2 to 5 ms when each is a stream to describe */

struct sl_walk_ops {
    /* One item. False: no more of them. Must start no walk. */
    bool (*step)(void *owner, const char *id);
    /* The last call, exactly one; complete: every step was made. */
    void (*end)(void *owner, bool complete);
};

struct sl_walks *sl_walks_create(struct sl_loop *loop);
/* Ends those under way, incomplete. NULL is fine. */
void sl_walks_destroy(struct sl_walks *walks);

/*
 * Calls step for every id, in order, then end: never from within. An id may name nothing any more
 * when its turn comes.
 *
 * ids  an object whose keys they are; takes the reference
 */
void sl_walk_start(struct sl_walks *walks, json_t *ids, const struct sl_walk_ops *ops, void *owner);

#endif
