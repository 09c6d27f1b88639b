/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two walks that end in an answer. */
#include "rest/bulk.h"

#include "base/mem.h"
#include "base/memstream.h"
#include "rest/walk.h"

#include <stdio.h>

static void reply_stopping(struct sl_call *call)
{
    sl_reply_error(call, 503, "the server is shutting down");
}

/* ---- Something done with each ---- */

struct task {
    const struct sl_control *control;
    struct sl_call *call;
    sl_bulk_step *step;
};

static bool run_step(void *owner, const char *id)
{
    struct task *task = owner;

    task->step(task->control, id, sl_call_body(task->call));
    return true;
}

static void end_task(void *owner, bool complete)
{
    struct task *task = owner;

    if (complete)
        sl_reply_empty(task->call);
    else
        reply_stopping(task->call);
    free(task);
}

void sl_bulk_do(const struct sl_control *control, struct sl_call *call, json_t *ids,
                sl_bulk_step *step, const char *none)
{
    static const struct sl_walk_ops ops = {run_step, end_task};

    if (json_object_size(ids) == 0) {
        sl_reply_error(call, 404, "%s", none);
        json_decref(ids);
        return;
    }
    struct task *task = sl_new(struct task);
    *task = (struct task){control, call, step};
    sl_walk_start(control->walks, ids, &ops, task);
}

/* ---- Lists ---- */

struct listing {
    const struct sl_control *control;
    struct sl_call *call;
    sl_bulk_describe *describe;
    const char *none;
    struct sl_memstream page;
    size_t count;
    bool torn;
};

static bool list_item(void *owner, const char *id)
{
    struct listing *listing = owner;

    if (!sl_call_request(listing->call))
        return false; /* nobody waits for it any more */
    json_t *item = listing->describe(listing->control, id, sl_call_body(listing->call));
    if (item) {
        (void)fputc(listing->count++ > 0 ? ',' : '[', listing->page.file);
        if (json_dumpf(item, listing->page.file, JSON_COMPACT) < 0)
            listing->torn = true;
        json_decref(item);
    }
    return true;
}

static void end_list(void *owner, bool complete)
{
    struct listing *listing = owner;

    (void)fputc(']', listing->page.file);
    bool whole = sl_memstream_close(&listing->page) && !listing->torn;
    if (!complete)
        reply_stopping(listing->call);
    else if (!whole)
        sl_reply_error(listing->call, 500, "out of memory");
    else if (listing->count == 0)
        sl_reply_error(listing->call, 404, "%s", listing->none);
    else
        sl_reply_text(listing->call, 200, SL_TYPE_JSON, listing->page.text, listing->page.len);
    free(listing->page.text);
    free(listing);
}

void sl_bulk_list(const struct sl_control *control, struct sl_call *call, json_t *ids,
                  sl_bulk_describe *describe, const char *none)
{
    static const struct sl_walk_ops ops = {list_item, end_list};
    struct listing *listing = sl_new(struct listing);

    *listing =
        (struct listing){.control = control, .call = call, .describe = describe, .none = none};
    if (!sl_memstream_open(&listing->page)) {
        sl_reply_error(call, 500, "out of memory");
        json_decref(ids);
        free(listing);
        return;
    }
    sl_walk_start(control->walks, ids, &ops, listing);
}
