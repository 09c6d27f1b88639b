/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Slices of a walk, one in a turn of the loop. */
#include "rest/walk.h"

#include "base/list.h"
#include "base/mem.h"
#include "net/net.h"

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
    struct sl_walks *walks;
    struct sl_later slice; /* the next */
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
    sl_later_cancel(&walk->slice);
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

/* Between two slices the loop looks at its sockets. */
static void run_slice(struct sl_later *later)
{
    struct walk *walk = sl_container_of(later, struct walk, slice);

    for (size_t i = 0; i < SL_WALK_SLICE && walk->next; i++) {
        const char *id = json_object_iter_key(walk->next);
        if (!walk->ops->step(walk->owner, id)) {
            walk_end(walk, false);
            return;
        }
        walk->next = json_object_iter_next(walk->ids, walk->next);
    }
    if (walk->next)
        sl_loop_later(walk->walks->loop, &walk->slice);
    else
        walk_end(walk, true);
}

void sl_walk_start(struct sl_walks *walks, json_t *ids, const struct sl_walk_ops *ops, void *owner)
{
    struct walk *walk = sl_new(struct walk);

    walk->ids = ids;
    walk->next = json_object_iter(ids);
    walk->ops = ops;
    walk->owner = owner;
    walk->walks = walks;
    walk->slice.run = run_slice;
    sl_list_append(&walks->running, &walk->link);
    sl_loop_later(walks->loop, &walk->slice);
}
