/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Slices of a walk on a timer of the loop. */
#include "rest/walk.h"

#include "base/list.h"
#include "base/mem.h"
#include "net/net.h"

/* Not 0: libuv runs such a timer again before it looks at sockets. */
enum { PAUSE_MS = 1 };

struct sl_walks {
    struct sl_loop *loop;
    struct sl_list running; /* struct walk */
};

struct walk {
    struct sl_list link;
    json_t *ids;
    void *next; /* jansson's iterator; NULL at the end */
    const struct sl_walk_ops *ops;
    void *owner;
    struct sl_timer *timer; /* NULL: the first slice is all there is */
};

struct sl_walks *sl_walks_create(struct sl_loop *loop)
{
    struct sl_walks *walks = sl_new(struct sl_walks);

    walks->loop = loop;
    sl_list_init(&walks->running);
    return walks;
}

static void walk_end(struct walk *walk, bool complete)
{
    sl_timer_destroy(walk->timer);
    sl_list_remove(&walk->link);
    walk->ops->end(walk->owner, complete);
    json_decref(walk->ids);
    free(walk);
}

void sl_walks_destroy(struct sl_walks *walks)
{
    struct walk *walk;

    if (!walks)
        return;
    sl_list_foreach(walk, &walks->running, struct walk, link) walk_end(walk, false);
    free(walks);
}

/* False: the walk has ended. */
static bool run_slice(struct walk *walk)
{
    for (size_t i = 0; i < SL_WALK_SLICE && walk->next; i++) {
        const char *id = json_object_iter_key(walk->next);
        if (!walk->ops->step(walk->owner, id)) {
            walk_end(walk, false);
            return false;
        }
        walk->next = json_object_iter_next(walk->ids, walk->next);
    }
    if (walk->next)
        return true;
    walk_end(walk, true);
    return false;
}

static void on_timer(void *owner)
{
    (void)run_slice(owner);
}

void sl_walk_start(struct sl_walks *walks, json_t *ids, const struct sl_walk_ops *ops, void *owner)
{
    struct walk *walk = sl_new(struct walk);

    walk->ids = ids;
    walk->next = json_object_iter(ids);
    walk->ops = ops;
    walk->owner = owner;
    sl_list_append(&walks->running, &walk->link);
    if (!run_slice(walk))
        return;
    walk->timer = sl_timer_create(walks->loop, on_timer, walk);
    sl_timer_start(walk->timer, PAUSE_MS, PAUSE_MS);
}
