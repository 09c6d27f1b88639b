/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rungs of a ladder. */
#include "engine/ladder.h"

#include "base/mem.h"

#include <errno.h>

struct rung {
    struct sl_list link;
    struct sl_size size;
    struct rung *from; /* NULL: the source */
    bool wanted;
    struct sl_scaler *scaler; /* NULL: not needed yet */
    bool scaled;              /* picture is of the one shown now */
    struct sl_picture picture;
};

void sl_ladder_init(struct sl_ladder *ladder)
{
    sl_list_init(&ladder->rungs);
    ladder->picture = NULL;
}

static void remove_rung(struct rung *rung)
{
    sl_list_remove(&rung->link);
    sl_scaler_destroy(rung->scaler);
    free(rung);
}

void sl_ladder_deinit(struct sl_ladder *ladder)
{
    struct rung *rung;

    sl_list_foreach(rung, &ladder->rungs, struct rung, link) remove_rung(rung);
}

/* ---- Sizes ---- */

static bool are_equal(struct sl_size a, struct sl_size b)
{
    return a.width == b.width && a.height == b.height;
}

static bool is_within(struct sl_size a, struct sl_size b)
{
    return a.width <= b.width && a.height <= b.height;
}

static int pixels(struct sl_size size)
{
    return size.width * size.height;
}

static struct rung *find(const struct sl_ladder *ladder, struct sl_size size)
{
    struct rung *rung;

    sl_list_foreach(rung, &ladder->rungs, struct rung, link)
    {
        if (are_equal(rung->size, size))
            return rung;
    }
    return NULL;
}

void sl_ladder_begin(struct sl_ladder *ladder)
{
    struct rung *rung;

    sl_list_foreach(rung, &ladder->rungs, struct rung, link) rung->wanted = false;
}

void sl_ladder_add(struct sl_ladder *ladder, struct sl_size size)
{
    struct rung *rung = find(ladder, size), *other;
    struct sl_list *before = &ladder->rungs;

    if (!rung) {
        rung = sl_new(struct rung);
        rung->size = size;
        sl_list_foreach(other, &ladder->rungs, struct rung, link)
        {
            if (before == &ladder->rungs && pixels(other->size) < pixels(size))
                before = &other->link;
        }
        sl_list_append(before, &rung->link); /* in front of it; of the head: at the end */
    }
    rung->wanted = true;
}

/* The smallest that has all that this one shows, and no pixels that were made up. */
static struct rung *next_larger(const struct sl_ladder *ladder, const struct rung *rung,
                                struct sl_size source)
{
    struct rung *other, *best = NULL;

    sl_list_foreach(other, &ladder->rungs, struct rung, link)
    {
        if (other == rung)
            break;
        if (is_within(rung->size, other->size) && is_within(other->size, source))
            best = other;
    }
    return best;
}

void sl_ladder_end(struct sl_ladder *ladder, struct sl_size source)
{
    struct rung *rung;

    sl_list_foreach(rung, &ladder->rungs, struct rung, link)
    {
        if (!rung->wanted)
            remove_rung(rung);
    }
    sl_list_foreach(rung, &ladder->rungs, struct rung, link)
    {
        rung->from = next_larger(ladder, rung, source);
    }
}

/* ---- Pictures ---- */

void sl_ladder_show(struct sl_ladder *ladder, const struct sl_picture *picture)
{
    struct rung *rung;

    ladder->picture = picture;
    sl_list_foreach(rung, &ladder->rungs, struct rung, link) rung->scaled = false;
}

static bool is_as_it_is(const struct sl_picture *picture, struct sl_size size)
{
    return picture->width == size.width && picture->height == size.height && !picture->full_range;
}

static int scale(struct rung *rung, const struct sl_picture *from)
{
    if (is_as_it_is(from, rung->size)) {
        rung->picture = *from;
        return 0;
    }
    int err =
        rung->scaler ? 0 : sl_scaler_create(rung->size.width, rung->size.height, &rung->scaler);
    return err < 0 ? err : sl_scaler_scale(rung->scaler, from, &rung->picture);
}

/* From the top down to this one. */
static int climb_down(struct sl_ladder *ladder, struct rung *rung)
{
    const struct sl_picture *from = ladder->picture;
    int err = 0;

    if (rung->scaled)
        return 0;
    if (rung->from) {
        err = climb_down(ladder, rung->from); /* as deep as there are rungs: 32 */
        from = &rung->from->picture;
    }
    if (err == 0)
        err = scale(rung, from);
    rung->scaled = err == 0;
    return err;
}

int sl_ladder_get(struct sl_ladder *ladder, struct sl_size size, struct sl_picture *out)
{
    struct rung *rung = find(ladder, size);
    int err = rung ? climb_down(ladder, rung) : -EINVAL;

    if (err == 0)
        *out = rung->picture;
    return err;
}
