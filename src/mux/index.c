/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The index of a file. */
#include "mux/index.h"

#include "mux/muxer.h"

#include <stdbool.h>
#include <stdlib.h>

enum { CAPACITY_MIN = 64 };

void sl_mux_index_deinit(struct sl_mux_index *index)
{
    free(index->entries);
    *index = (struct sl_mux_index){0};
}

static void thin_out(struct sl_mux_index *index)
{
    for (size_t i = 0; i < index->count / 2; i++)
        index->entries[i] = index->entries[2 * i];
    index->count /= 2;
    index->stride *= 2;
}

static bool has_room(struct sl_mux_index *index)
{
    size_t capacity = index->capacity > 0 ? index->capacity * 2 : CAPACITY_MIN;

    if (index->count < index->capacity)
        return true;
    if (index->count >= SL_MUX_INDEX_MAX) {
        thin_out(index);
        return true;
    }
    struct sl_mux_index_entry *entries = realloc(index->entries, capacity * sizeof(*entries));
    if (!entries)
        return false;
    index->entries = entries;
    index->capacity = capacity;
    return true;
}

void sl_mux_index_note(struct sl_mux_index *index, int64_t time, uint64_t offset)
{
    if (index->stride == 0)
        index->stride = 1;
    if (index->skipped + 1 < index->stride && index->count > 0) {
        index->skipped++;
        return;
    }
    if (!has_room(index))
        return;
    index->skipped = 0;
    index->entries[index->count++] = (struct sl_mux_index_entry){time, offset};
}
