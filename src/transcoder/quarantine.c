/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sources that brought codec processes down: a mark each time, and a quarantine for as many within
 * a minute as leave no doubt. A bounded list, oldest first: each mark has cost a process. Pure. */
#include "transcoder/internal.h"

#include "base/clock.h"

#include <string.h>

enum {
    SOURCES_MAX = 256,
    /* Two certain ends are enough (codec-process.md 6), or four that may each have had a cause of
     * their own. */
    CERTAIN = 2,
    VAGUE = 1,
    ENOUGH = 4,
};

static const int64_t mark_us = INT64_C(60) * SL_US_PER_S; /* codec-process.md 6 */
static const int64_t held_us = INT64_C(600) * SL_US_PER_S;

struct source {
    struct sl_list entry;
    bool held;
    unsigned marks, weight; /* how often, and what that says */
    int64_t until_us;       /* it is forgotten then */
    char name[];
};

static void forget(struct sl_codec_quarantine *quarantine, struct source *source)
{
    sl_list_remove(&source->entry);
    quarantine->count--;
    free(source);
}

static struct source *find(struct sl_codec_quarantine *quarantine, const char *name, int64_t now_us)
{
    struct source *source, *found = NULL;

    sl_list_foreach(source, &quarantine->sources, struct source, entry)
    {
        if (now_us >= source->until_us)
            forget(quarantine, source);
        else if (strcmp(source->name, name) == 0)
            found = source;
    }
    return found;
}

static struct source *add(struct sl_codec_quarantine *quarantine, const char *name, int64_t now_us)
{
    size_t len = strlen(name) + 1;
    struct source *source = sl_alloc(sizeof(*source) + len);

    if (quarantine->count == SOURCES_MAX)
        forget(quarantine, sl_container_of(quarantine->sources.next, struct source, entry));
    memcpy(source->name, name, len);
    source->until_us = now_us + mark_us;
    sl_list_append(&quarantine->sources, &source->entry);
    quarantine->count++;
    return source;
}

void sl_codec_quarantine_init(struct sl_codec_quarantine *quarantine)
{
    sl_list_init(&quarantine->sources);
    quarantine->count = 0;
}

void sl_codec_quarantine_deinit(struct sl_codec_quarantine *quarantine)
{
    struct source *source;

    sl_list_foreach(source, &quarantine->sources, struct source, entry) forget(quarantine, source);
}

unsigned sl_codec_quarantine_mark(struct sl_codec_quarantine *quarantine, const char *name,
                                  bool certain, int64_t now_us)
{
    struct source *source = find(quarantine, name, now_us);

    if (!source)
        source = add(quarantine, name, now_us);
    if (source->held)
        return 0; /* a process that it had been in before */
    source->marks++;
    source->weight += certain ? CERTAIN : VAGUE;
    source->held = source->weight >= ENOUGH;
    if (!source->held)
        return 0;
    source->until_us = now_us + held_us;
    return source->marks;
}

bool sl_codec_quarantine_holds(struct sl_codec_quarantine *quarantine, const char *source,
                               int64_t now_us)
{
    const struct source *known = find(quarantine, source, now_us);

    return known && known->held;
}
